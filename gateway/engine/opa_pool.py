"""The connections to one OPA server, who gets one, and how long a call may take in all; knows no policies.

The connection used last is used first, so a quiet gateway lets the others rest. A call that finds all
of them busy waits in line, and its deadline runs meanwhile.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Protocol

from gateway.engine.opa_connection import Connection, Exchange
from gateway.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_CONNECTIONS = 64


class Dial(Protocol):
    """**Protocol:** opens one connection."""

    async def __call__(self, make: Callable[[], Connection], /) -> tuple[asyncio.BaseTransport, Connection]:
        """Connect, shake hands, and bind the connection that `make` returns.

        Raises:
            OSError: nobody answers, or not with the right certificate.
        """
        ...


class Deadlines:
    """One timer for all calls: with one timeout they expire in the order in which they began.

    A timer for each call would be made and cancelled thousands of times a second for nothing. A call that
    has ended is forgotten when those before it have, so at the latest when their time is over.

    Args:
        timeout_s: seconds from the beginning of a call to its end, whatever it waits for.
    """

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._running: deque[tuple[float, Exchange]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, exchange: Exchange, loop: asyncio.AbstractEventLoop) -> None:
        """End `exchange` with `engine.timeout` unless it has ended by then."""
        running = self._running
        while running and running[0][1].answer.done():
            running.popleft()
        running.append((loop.time() + self._timeout_s, exchange))
        if self._timer is None:
            self._arm(loop)

    def close(self) -> None:
        """End every call that is under way."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._running:
            self._running.popleft()[1].fail("engine.unavailable", "the engine is closed")

    def _arm(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = loop.call_at(self._running[0][0], self._expire, loop) if self._running else None

    def _expire(self, loop: asyncio.AbstractEventLoop) -> None:
        running, now = self._running, loop.time()
        while running and (running[0][1].answer.done() or running[0][0] <= now):
            running.popleft()[1].fail("engine.timeout", f"no answer within {self._timeout_s * 1000:.0f} ms")
        self._arm(loop)


class Pool:
    """At most `MAX_CONNECTIONS` connections and the calls that wait for one.

    Args:
        dial: opens a connection with the protocol that the given factory makes.
        timeout_s: seconds that one call may take in all; dialling alone may not take longer either.
    """

    def __init__(self, dial: Dial, timeout_s: float) -> None:
        self._dial = dial
        self._timeout_s = timeout_s
        self._deadlines = Deadlines(timeout_s)
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()
        self._dialling: set[asyncio.Task[None]] = set()
        self._waiting: deque[Exchange] = deque()
        self._closed = False
        self._drained = asyncio.Event()

    async def exchange(self, request: bytes) -> tuple[int, bytes]:
        """Send `request` and wait for HTTP status and body.

        Raises:
            EngineError: `engine.unavailable`, `engine.timeout` or `engine.error`.
        """
        if self._closed:
            raise EngineError("engine.unavailable", "the engine is closed")
        loop = asyncio.get_running_loop()
        exchange = Exchange(request, loop.create_future())
        self._deadlines.watch(exchange, loop)
        self._place(exchange)
        try:
            return await exchange.answer
        except BaseException:
            exchange.abandon()
            raise

    async def close(self) -> None:
        """Close every connection; calls under way end with `engine.unavailable`."""
        self._closed = True
        self._deadlines.close()
        for task in tuple(self._dialling):
            task.cancel()
        await asyncio.gather(*self._dialling, return_exceptions=True)
        for connection in tuple(self._open):
            connection.abort()
        if self._open:  # the event loop reports an aborted connection some turns later
            self._drained.clear()
            await self._drained.wait()

    # What a connection reports.

    def freed(self, connection: Connection) -> None:
        """Give the connection to who waits longest, else let it rest."""
        if (exchange := self._next()) is not None:
            connection.send(exchange)
        else:
            self._idle.append(connection)

    def lost(self, connection: Connection, unserved: Exchange | None) -> None:
        """Forget the connection; its place goes to the call that it left unserved, else to who waits.

        OPA may close an idle connection in the moment in which a request is written: that call, and
        only that one, is sent again, once and on a connection of its own.
        """
        self._open.discard(connection)
        if not self._open:
            self._drained.set()
        if connection in self._idle:
            self._idle.remove(connection)
        if unserved is None:
            self._refill()
        else:
            self._start(unserved)

    # Who gets what.

    def _place(self, exchange: Exchange) -> None:
        if self._idle:
            self._idle.pop().send(exchange)
        elif self._has_room():
            self._start(exchange)
        else:
            self._waiting.append(exchange)

    def _has_room(self) -> bool:
        return len(self._open) + len(self._dialling) < MAX_CONNECTIONS

    def _next(self) -> Exchange | None:
        while self._waiting:
            exchange = self._waiting.popleft()
            if not exchange.answer.done():
                return exchange
        return None

    def _refill(self) -> None:
        """A place became free: without this, who waits would wait for a connection that never comes."""
        if self._has_room() and (exchange := self._next()) is not None:
            self._start(exchange)

    def _start(self, exchange: Exchange) -> None:
        task = asyncio.get_running_loop().create_task(self._connect(exchange))
        self._dialling.add(task)
        task.add_done_callback(self._dialled)

    def _dialled(self, task: asyncio.Task[None]) -> None:
        self._dialling.discard(task)
        self._refill()

    async def _connect(self, exchange: Exchange) -> None:
        try:
            async with asyncio.timeout(self._timeout_s):
                _, connection = await self._dial(lambda: Connection(self))
        except (OSError, UnicodeError) as error:  # refusals, silence, names without address, TLS failures
            exchange.fail("engine.unavailable", f"OPA cannot be reached: {error!s:.200}")
            return
        if not connection.is_open:
            exchange.fail("engine.unavailable", "OPA closed the connection at once")
            return
        self._open.add(connection)
        if exchange.answer.done():
            self.freed(connection)
        else:
            connection.send(exchange)
