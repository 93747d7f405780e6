"""One connection to Redis, on which many calls are under way at once; knows bytes, not allowances.

Calls of one turn of the event loop leave in one write, and nobody waits for another's answer. Redis answers
in order, so an answer belongs to the oldest call without one. A call ends at its deadline, but its place in
the order stays: when its answer comes after all, or the connection ends, its `stray` hears what became of it,
so that what nobody waits for any more is undone.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Protocol

from typing_extensions import override

from gateway.errors import LedgerError
from gateway.ledger.redis_call import Witnessing
from gateway.ledger.redis_resp import ERROR, NUMBER, bulk, next_answer, resp

if TYPE_CHECKING:
    from gateway.ledger.redis_call import Call, Witnesses

MAX_WAITING = 20_000
GIVEN_UP_AFTER_S = 5.0
"""How long a server may owe an answer before the connection is taken for dead."""

# The server has done nothing: it isn't the one to ask, doesn't let us, or can't.
_ELSEWHERE = ("READONLY", "MOVED", "ASK", "CLUSTERDOWN", "MASTERDOWN", "LOADING", "NOAUTH", "TRYAGAIN")
_UNTOUCHED = (*_ELSEWHERE, "OOM", "BUSY", "MISCONF", "NOREPLICAS", "NOPERM")
_CODES = {"OOM": "ledger.full", "BUSY": "ledger.busy"}


class Owner(Protocol):
    """**Protocol:** who is told that a line is of no more use."""

    def dropped(self, line: Line) -> None:
        """Another must be dialled for the next call."""
        ...


class Line(asyncio.Protocol):
    """A connection that is let in.

    Args:
        owner: hears of its end.
        transport: of the connection.
        deadline_s: how long a call may take.
        witnesses: who else must know of a witnessed call.
        keep: what must live as long as the transport.
    """

    def __init__(
        self,
        owner: Owner,
        transport: asyncio.Transport,
        deadline_s: float,
        witnesses: Witnesses | None,
        keep: object,
    ) -> None:
        self._owner = owner
        self._transport = transport
        self._deadline_s = deadline_s
        self._witnesses = witnesses
        self._keep = keep
        self._loop = asyncio.get_running_loop()
        self._batch: list[Call] = []
        self._waiting: deque[Call | Witnessing] = deque()
        self._rest = b""
        self._clock: asyncio.TimerHandle | None = None
        self._is_retired = False
        transport.set_protocol(self)

    @property
    def is_open(self) -> bool:
        """Whether calls can be sent."""
        return not (self._is_retired or self._transport.is_closing())

    def send(self, call: Call) -> None:
        """Send a call at the end of this turn of the loop.

        Raises:
            LedgerError: `ledger.busy`: too many wait already.
        """
        if len(self._waiting) >= MAX_WAITING:
            raise LedgerError("ledger.busy", f"{MAX_WAITING} calls wait for the server")
        call.due = self._loop.time() + self._deadline_s
        self._batch.append(call)
        if len(self._batch) == 1:
            self._loop.call_soon(self._flush)

    def close(self) -> None:
        """End the connection; what is under way is lost."""
        self._transport.abort()

    def retire(self) -> None:
        """Take no more calls, and end the connection when the last answer is there."""
        self._is_retired = True
        self._owner.dropped(self)
        if not self._waiting:
            self._transport.close()

    # What the event loop calls.

    @override
    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        at = 0
        try:
            while (found := next_answer(data, at)) is not None:
                kind, first, last = found
                at = last + 2
                self._deliver(kind, data[first:last])
        except ValueError:
            # Nobody knows any more which answer is whose.
            self._transport.abort()
            return
        self._rest = data[at:]
        if self._is_retired and not self._waiting:
            self._transport.close()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self._clock is not None:
            self._clock.cancel()
        self._owner.dropped(self)
        unsent, self._batch = self._batch, []
        for call in unsent:
            call.fail(LedgerError("ledger.unavailable", "the connection ended before the call was sent"))
        under_way, self._waiting = self._waiting, deque()
        for each in under_way:
            each.lose(LedgerError("ledger.unavailable", "the connection ended before the answer"))

    # How calls travel.

    def _flush(self) -> None:
        batch, self._batch = self._batch, []
        if not batch:
            return
        parts = [call.command for call in batch]
        self._waiting.extend(batch)
        if self._witnesses is not None and (witnessed := [each for each in batch if each.is_witnessed]):
            self._waiting.append(Witnessing(witnessed, self._witnesses.replicas))
            parts.append(resp(b"WAIT", b"%d" % self._witnesses.replicas, b"%d" % self._witnesses.wait_ms))
        self._transport.write(b"".join(parts))
        if self._clock is None:
            self._clock = self._loop.call_at(batch[0].due, self._look_at_deadlines)

    def _deliver(self, kind: int, text: bytes) -> None:
        if not self._waiting:
            raise ValueError("an answer that nobody asked for")
        each = self._waiting.popleft()
        if isinstance(each, Witnessing):
            each.settle(int(text) if kind == NUMBER else 0)
        elif kind == ERROR:
            self._refused(each, text.decode("utf-8", "replace"))
        elif each.is_witnessed and self._witnesses is not None:
            each.reply = text
        else:
            each.take(text)

    def _refused(self, call: Call, text: str) -> None:
        word = text.split(" ", 1)[0]
        if word == "NOSCRIPT":
            self._repeat_with_source(call)
            return
        error = LedgerError(_CODES.get(word, "ledger.unavailable"), text[:200])
        if word in _UNTOUCHED:
            call.fail(error)
        else:
            call.lose(error)
        if word in _ELSEWHERE and not self._is_retired:
            self.retire()

    def _repeat_with_source(self, call: Call) -> None:
        """The server has forgotten the script, so it has done nothing yet."""
        count, _, rest = call.command.split(b"\r\n", 2)
        _, _, _, arguments = rest.split(b"\r\n", 3)
        call.command = b"%b\r\n%b%b%b" % (count, bulk(b"EVAL"), bulk(call.script.encode()), arguments)
        self._batch.append(call)
        if len(self._batch) == 1:
            self._loop.call_soon(self._flush)

    def _look_at_deadlines(self) -> None:
        """One timer for all: answers come in order, so the oldest is due first."""
        self._clock = None
        now = self._loop.time()
        for each in self._waiting:
            if each.due > now:
                self._clock = self._loop.call_at(each.due, self._look_at_deadlines)
                break
            each.fail(LedgerError("ledger.busy", f"no answer within {self._deadline_s} s"))
        else:
            if self._waiting:
                self._clock = self._loop.call_later(self._deadline_s, self._look_at_deadlines)
        if self._waiting and self._waiting[0].due + GIVEN_UP_AFTER_S < now:
            self._transport.abort()
