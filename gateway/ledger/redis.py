"""The ledger in Redis 7 or Valkey, for many replicas: one script to reserve and one to settle.

The server's clock says the time. Its marker says that it has forgotten nothing: with one that was emptied,
or restarted without its data, every call is `ledger.lost` until the gateway starts anew or somebody accepts
it (`renew`). A call without an answer in time counts as refused; what it may have reserved is given back once
the server answers again.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import time
from functools import partial
from operator import methodcaller
from typing import TYPE_CHECKING, NamedTuple

import structlog

from gateway.accounts import NOTHING, Reservation, Settled, reservation_name
from gateway.errors import LedgerError
from gateway.ledger import redis_answers as answers
from gateway.ledger.merging import merged
from gateway.ledger.redis_call import Call
from gateway.ledger.redis_commands import BARRED_MS, Commands
from gateway.ledger.redis_link import AGAIN_AFTER_S, Link
from gateway.ledger.redis_plan import Plan
from gateway.ledger.redis_resp import resp
from gateway.ledger.redis_scripts import read_scripts
from gateway.ledger.redis_shared import Shared

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway.accounts import Allowance, Amount, Correction, Expired, Overdrawn, Purse, Standing
    from gateway.ledger.redis_call import Witnesses
    from gateway.ledger.redis_scripts import Script, Scripts
    from gateway.ledger.redis_target import Target

MAX_PLANS = 4096
_MOST = 2**53 - 1
_TRIES = 3
_CHUNK = 100
_NAME = re.compile(r"[a-z0-9_-]{1,64}")
_LOG = structlog.get_logger("regent")


class Terms(NamedTuple):
    """How a process and its server deal with each other.

    Args:
        name: of the ledger on the server: lower-case letters, digits, `_` and `-`. Another name is another
            ledger.
        deadline_s: how long a call may take.
        lease_us: how long a process that says nothing is taken for alive, microseconds.
        witnesses: how many replicas must know of a reservation; None if the primary's word is enough.
    """

    name: str = "regent"
    deadline_s: float = 0.25
    lease_us: int = 60_000_000
    witnesses: Witnesses | None = None


class RedisLedger:
    """One process's view of a ledger in Redis.

    It reaches for the server with its first call, and then keeps its lease alive in a task of its own.

    Args:
        target: where the server is.
        terms: how to deal with it.
        scripts: what it runs; those of this version if None.

    Raises:
        ValueError: terms that can't be kept.
    """

    def __init__(self, target: Target, terms: Terms | None = None, scripts: Scripts | None = None) -> None:
        terms = terms or Terms()
        if not _NAME.fullmatch(terms.name):
            raise ValueError("a ledger's name is 1 to 64 lower-case letters, digits, _ and -")
        if terms.witnesses is not None and terms.witnesses.wait_ms >= terms.deadline_s * 1000:
            raise ValueError("replicas must answer before the deadline of the call")
        self._terms = terms
        # One hash tag: in a Cluster all keys of a ledger are on one node, and one script can have them all.
        self._prefix = f"{{regent:{terms.name}}}:"
        self._scripts = scripts or read_scripts()
        key = self._prefix + "marker"
        self._link = Link(target, key, self._scripts, terms.deadline_s, terms.witnesses)
        self._begun = Shared(self._begin, AGAIN_AFTER_S)
        self._rejoined = Shared(self._join_again, AGAIN_AFTER_S)
        self._accepted = Shared(self._follow, AGAIN_AFTER_S)
        self._commands: Commands | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._plans: dict[tuple[Allowance, ...], Plan] = {}
        self._ahead_us = 0
        self._seen_us = 0
        self._is_closed = False

    async def begin(self) -> None:
        """Reach the server, so that whoever starts a gateway hears at once if it isn't there.

        Raises:
            LedgerError: as every other call.
        """
        await self._ready()

    async def renew(self) -> None:
        """Accept in this process that the server has forgotten what it counted: what there is counts.

        A gateway that starts anew takes that decision by starting; `accept` takes it for all.
        """
        self._commands, self._seen_us = None, 0
        await self._ready()

    async def accept(self) -> None:
        """Accept for all gateways, those that run as well, what the server has now: that counts from here on.

        An operator's decision, after it has forgotten or gone back.

        Raises:
            LedgerError: the server doesn't answer.
        """
        script, marker = self._scripts.renew, secrets.token_hex(16).encode()
        await self._link.ask(self._marking(script, marker))

    async def reserve(
        self, allowances: Sequence[Allowance], amount: Amount, name: str | None = None
    ) -> Reservation | Overdrawn:
        """See `gateway.ports.Ledger`."""
        _demand(amount)
        plan = self._plan(tuple(allowances))

        def command(commands: Commands, name: bytes) -> bytes:
            return commands.reserve(plan, name, amount, self._present_us())

        held = reservation_name(name)
        found = await self._reserved(plan, held.encode(), command)
        if found[answers.STATUS] == answers.OVERDRAWN:
            return answers.overdrawn(plan, found)
        end = answers.after_standings(plan)
        standings = answers.standings(plan, found[:end])
        warnings = answers.warnings(plan, found, end)
        return Reservation(held, plan.allowances, amount, found[answers.NOW], standings, warnings)

    async def settle(self, reservation: Reservation, actual: Amount) -> Settled:
        """See `gateway.ports.Ledger`. What can't be settled now is settled when the server answers."""
        _demand(actual)
        found = await self._end(reservation, actual)
        plan = self._plan(reservation.allowances)
        return Settled(answers.warnings(plan, found, 3), late=bool(found[2]))

    async def release(self, reservation: Reservation) -> None:
        """See `gateway.ports.Ledger`. What can't be released now is released when the server answers."""
        await self._end(reservation, NOTHING)

    async def usage(self, allowances: Sequence[Allowance]) -> tuple[Standing, ...]:
        """See `gateway.ports.Ledger`."""
        if not allowances:
            return ()
        plan = Plan(allowances)
        found = await self._asked(
            self._scripts.usage, lambda commands: commands.usage(plan, self._present_us())
        )
        return answers.standings(plan, found)

    async def standing(self, purse: Purse) -> Standing:
        """See `gateway.ports.Ledger`."""
        plan = Plan([purse])
        found = await self._asked(
            self._scripts.usage, lambda commands: commands.usage(plan, self._present_us(), known=True)
        )
        return answers.stood(plan, found)

    async def correct(self, purse: Purse, correction: Correction) -> Standing:
        """See `gateway.ports.Ledger`.

        Raises:
            ValueError: a rolling purse is to carry something over, or the amount is no amount.
        """
        if purse.period is None and correction.kind == "carry_over":
            raise ValueError("a rolling purse has no period before it to carry over from")
        if abs(correction.usd_micros) > _MOST:
            raise ValueError("the amount is larger than any sum")
        plan = Plan([purse])
        found = await self._asked(
            self._scripts.correct, lambda commands: commands.correct(plan, correction, self._present_us())
        )
        return answers.stood(plan, found)

    async def expired(self, most: int = 100) -> tuple[Expired, ...]:
        """See `gateway.ports.Ledger`."""
        commands = await self._ready()
        reply = await self._link.ask(Call(commands.expired(most), self._scripts.expired.source))
        self._refuse_lost(answers.numbers(b" ".join(reply.split(b" ", 2)[:2])))
        return answers.expired(reply)

    async def acknowledge(self, reservations: Sequence[str]) -> None:
        """See `gateway.ports.Ledger`."""
        names = [each.encode() for each in reservations]
        for at in range(0, len(names), _CHUNK):
            command = methodcaller("acknowledge", names[at : at + _CHUNK])
            await self._asked(self._scripts.acknowledge, command)

    async def close(self) -> None:
        """See `gateway.ports.Ledger`."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._commands is not None:
            await self._link.paid(self._terms.deadline_s)
            with contextlib.suppress(LedgerError):
                await self._link.ask(Call(self._commands.lease(b"leave"), self._scripts.lease.source))
        self.abandon()

    def abandon(self) -> None:
        """Let go at once and say nothing: what is held expires with the lease."""
        self._is_closed = True
        for attempt in (self._begun, self._rejoined, self._accepted):
            attempt.cancel()
        if self._keeping is not None:
            self._keeping.cancel()
        self._link.close()

    # How a call is made.

    async def _reserved(
        self, plan: Plan, name: bytes, command: Callable[[Commands, bytes], bytes]
    ) -> list[int]:
        is_witnessed = self._terms.witnesses is not None
        script = self._scripts.reserve
        for _ in range(_TRIES):
            commands = self._commands or await self._ready()
            stray = partial(self._undo, commands, plan, name)
            call = Call(command(commands, name), script.source, stray, is_witnessed=is_witnessed)
            found = answers.numbers(await self._link.ask(call))
            if await self._is_answer(found, commands):
                return found
        raise LedgerError(
            "ledger.unavailable", "the server's clock, or this process's lease, doesn't hold still"
        )

    async def _asked(self, script: Script, command: Callable[[Commands], bytes]) -> list[int]:
        for _ in range(_TRIES):
            commands = self._commands or await self._ready()
            found = answers.numbers(await self._link.ask(Call(command(commands), script.source)))
            if await self._is_answer(found, commands):
                return found
        raise LedgerError("ledger.unavailable", "the server's clock doesn't hold still")

    async def _end(self, reservation: Reservation, actual: Amount) -> list[int]:
        plan, name = self._plan(reservation.allowances), reservation.id.encode()
        commands = self._commands or await self._ready()
        command, source = commands.settle(plan, name, actual), self._scripts.settle.source
        try:
            found = answers.numbers(await self._link.ask(Call(command, source)))
        except (LedgerError, asyncio.CancelledError):
            # Twice is as good as once.
            self._link.owe(command, source)
            raise
        self._refuse_lost(found)
        return found

    def _undo(self, commands: Commands, plan: Plan, name: bytes, reply: bytes | None) -> None:
        """Give back what nobody waits for any more, if it was reserved, or may have been or still be."""
        if reply is None or answers.numbers(reply)[answers.STATUS] == answers.DONE:
            barred_ms = BARRED_MS if reply is None else 0
            source = self._scripts.settle.source
            self._link.owe(commands.settle(plan, name, NOTHING, barred_ms), source)

    async def _is_answer(self, found: list[int], commands: Commands) -> bool:
        """Whether it is one; if not, it says what to do before asking again, and that is done here."""
        status, now_us = found[answers.STATUS], found[answers.NOW]
        if status in answers.FINAL:
            return True
        if status == answers.LOST and await self._has_been_accepted(commands):
            return False
        self._refuse_lost(found)
        if status == answers.LAPSED and self._commands is commands:
            await self._rejoined.result(self._terms.deadline_s)
        self._ahead_us = now_us - time.time_ns() // 1000
        return False

    def _refuse_lost(self, found: list[int]) -> None:
        if found[answers.STATUS] == answers.LOST:
            raise LedgerError("ledger.lost", "the server has forgotten what it counted, or isn't the same")

    # How a process stays known.

    async def _ready(self) -> Commands:
        return self._commands or await self._begun.result(self._terms.deadline_s)

    async def _begin(self) -> Commands:
        candidate = secrets.token_hex(16).encode()
        marker = await self._link.ask(self._marking(self._scripts.begin, candidate))
        if marker == candidate:
            _LOG.warning("ledger.begins", ledger=self._terms.name)
        commands = await self._joined(marker)
        if self._keeping is None and not self._is_closed:
            self._keeping = asyncio.create_task(self._keep())
        return commands

    def _marking(self, script: Script, *arguments: bytes) -> Call:
        keys = [(self._prefix + name).encode() for name in ("marker", "accepted")]
        return Call(resp(b"EVALSHA", script.sha, b"2", *keys, *arguments), script.source)

    async def _has_been_accepted(self, commands: Commands) -> bool:
        """Whether an operator has accepted what there is; then this process goes on from that."""
        if self._commands is not commands:
            return True
        return await self._accepted.result(self._terms.deadline_s)

    async def _follow(self) -> bool:
        marker = await self._link.ask(self._marking(self._scripts.accepted))
        if not marker or (self._commands is not None and marker == self._commands.marker):
            return False
        _LOG.warning("ledger.begins", ledger=self._terms.name)
        self._seen_us = 0
        await self._joined(marker)
        return True

    async def _join_again(self) -> Commands:
        """A holder whose lease has lapsed is never heard again, so this process takes another name."""
        return await self._joined((await self._ready()).marker)

    async def _joined(self, marker: bytes) -> Commands:
        terms = self._terms
        commands = Commands(self._prefix, marker, secrets.token_hex(8), terms.lease_us, self._scripts)
        # What a crash may take of the server's memory is less than a lease.
        known_us = max(0, self._seen_us - terms.lease_us)
        call = Call(commands.lease(b"join", known_us), self._scripts.lease.source)
        found = answers.numbers(await self._link.ask(call))
        self._refuse_lost(found)
        self._commands, self._seen_us = commands, max(self._seen_us, found[answers.NOW])
        return commands

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self._terms.lease_us / 3_000_000)
            with contextlib.suppress(LedgerError):
                found = await self._asked(self._scripts.lease, methodcaller("lease", b"renew"))
                self._seen_us = max(self._seen_us, found[answers.NOW])

    # What is remembered.

    def _plan(self, allowances: tuple[Allowance, ...]) -> Plan:
        plan = self._plans.get(allowances)
        if plan is None:
            if len(self._plans) >= MAX_PLANS:
                self._plans.clear()
            plan = self._plans[allowances] = Plan(merged(allowances))
            self._plans.setdefault(plan.allowances, plan)
        return plan

    def _present_us(self) -> int:
        return time.time_ns() // 1000 + self._ahead_us


def _demand(amount: Amount) -> None:
    if not all(0 <= each <= _MOST for each in amount):
        raise ValueError("an amount is three integers from 0 to 2^53 - 1")
