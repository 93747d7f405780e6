"""Calls under way on a connection to Redis, and who must have heard of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from gateway.errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Callable


class Witnesses(NamedTuple):
    """How many replicas must have heard of a reservation.

    Args:
        replicas: at least so many.
        wait_ms: how long for; shorter than a call's deadline.
    """

    replicas: int
    wait_ms: int


class Call:
    """One script to run, and what becomes of it.

    Args:
        command: as it is sent: EVALSHA and its arguments.
        script: its source, for a server that has forgotten it.
        stray: hears the answer that nobody waited for; None if there is none and never will be.
        is_witnessed: whether replicas must have heard of it.
    """

    __slots__ = ("answer", "command", "due", "is_witnessed", "reply", "script", "stray")

    def __init__(
        self,
        command: bytes,
        script: str,
        stray: Callable[[bytes | None], None] | None = None,
        *,
        is_witnessed: bool = False,
    ) -> None:
        self.command = command
        self.script = script
        self.stray = stray
        self.is_witnessed = is_witnessed
        self.reply: bytes | None = None
        self.due = 0.0
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def take(self, reply: bytes) -> None:
        """Hand over the answer."""
        if not self.answer.done():
            self.answer.set_result(reply)
        elif self.stray is not None:
            self.stray(reply)

    def fail(self, error: LedgerError) -> None:
        """End it for who waits; nothing if it has ended."""
        if not self.answer.done():
            self.answer.set_exception(error)

    def lose(self, error: LedgerError) -> None:
        """No answer will come, and nobody knows whether it was carried out."""
        self.fail(error)
        if self.stray is not None:
            self.stray(self.reply)


class Witnessing:
    """The question how many replicas have what was written before it."""

    __slots__ = ("calls", "due", "needed")

    def __init__(self, calls: list[Call], needed: int) -> None:
        self.calls = calls
        self.needed = needed
        self.due = calls[0].due

    def settle(self, replicas: int) -> None:
        """Hand over the answers if enough replicas have heard of them; if not, they are undone."""
        for call in self.calls:
            if call.reply is None:
                continue
            if replicas < self.needed:
                call.fail(LedgerError("ledger.unavailable", f"{replicas} of {self.needed} replicas have it"))
            call.take(call.reply)

    def fail(self, error: LedgerError) -> None:
        """The deadline has come for all of them."""
        for call in self.calls:
            call.fail(error)

    def lose(self, error: LedgerError) -> None:
        """Nobody knows any more which replicas have them."""
        for call in self.calls:
            if call.reply is not None:
                call.lose(error)
