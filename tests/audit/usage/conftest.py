"""A log of a few requests of two people in two months, for reports."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from audit.index.indexer import Index
from audit.log import AuditLog
from audit.ports import Ports
from audit.record import Record, aborted, decision, ledger_expired, outcome
from tests.audit.index.merging import merge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

ORIGIN = "regent.example/audit"


def at(text: str) -> int:
    """A point in time, microseconds UTC."""
    return int(datetime.fromisoformat(text).astimezone(UTC).timestamp()) * 1_000_000


class Book:
    """A log whose clock is set by hand.

    Attributes:
        folder: where it is.
        log: it, open.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._now_us = at("2026-10-31T20:00:00Z")
        self.log = self.open()

    def open(self) -> AuditLog:
        """Open it, as a gateway that starts."""
        self.log = AuditLog.open(self.folder, ORIGIN, ports=Ports(wall_us=lambda: self._now_us))
        return self.log

    def set_clock(self, text: str) -> None:
        """Set the clock."""
        self._now_us = at(text)

    async def begin(self, person: str | None = "alice@acme", **changes: Any) -> Record:
        """Log an allowed request that goes on."""
        values: dict[str, Any] = {
            "request_id": f"req-{person}", "action": "allow", "reason_code": "allowed", "tenant": "acme",
            "team": "hr", "actor_kind": "user", "auth": "oidc", "op": "chat.completions",
            "req_model": "gpt-4o", "stream": False, "engine": "embedded", "bundle": None, "revision": "r1",
            "path": "p", "sref": await self.log.sref(person) if person else None,
        }  # fmt: skip
        made = decision(**(values | changes))
        await self.log.append(made)
        return made

    async def end(self, ref: str, **changes: Any) -> None:
        """Log the answer to a request."""
        values: dict[str, Any] = {
            "deployment": "azure-eu", "provider": "azure", "region": "westeurope", "resp_id": "i",
            "resp_model": "gpt-4o-2026", "finish": "stop", "in_tok": 10, "out_tok": 20, "usage_in": 10,
            "usage_out": 20, "estimated": False, "total_us": 1, "upstream_us": 1, "cost_micro": 1_000,
            "prices": "list-1",
        }  # fmt: skip
        await self.log.append(outcome(ref=ref, **(values | changes)))

    async def abort(self, ref: str, **changes: Any) -> None:
        """Log a request that broke off."""
        await self.log.append(aborted(ref=ref, reason_code="client.gone", total_us=1, **changes))

    async def call(
        self, person: str | None = "alice@acme", *, cost: int | None = 1_000, **changes: Any
    ) -> None:
        """Log a request that was answered."""
        made = await self.begin(person, **changes)
        await self.end(made.id, cost_micro=cost)

    async def expire(
        self, keys: list[str], tokens: int, cost_micro: int, reservation: str = "e" * 32
    ) -> None:
        """Log a reservation that nobody settled."""
        held = {"tokens": tokens, "usd_micros": cost_micro, "requests": 1}
        await self.log.append(ledger_expired(reservation=reservation, keys=keys, reserved_us=1, **held))

    def merge(self) -> None:
        """Merge and index what is logged."""
        merge(self.folder)
        with Index(self.folder) as index:
            index.catch_up()


@pytest.fixture
async def book(tmp_path: Path) -> AsyncIterator[Book]:
    """An empty log."""
    found = Book(tmp_path / "audit")
    yield found
    await found.log.aclose()


@pytest.fixture
async def filled(book: Book) -> Book:
    """Five requests: of two months by UTC, of one in Berlin; one without a price, one that broke off."""
    await book.call(cost_center="cc-1", tags=["batch", "search"], keys=["team:hr", "org:acme"])
    book.set_clock("2026-10-31T23:30:00Z")  # half past midnight in Berlin
    await book.call("bob@acme", tags=["chat"], cost_center="cc-2", team="sales", keys=["org:acme"])
    book.set_clock("2026-11-20T09:00:00Z")
    await book.call(cost=None, req_model="llama", keys=["team:hr", "org:acme"])
    await book.call(cost=5_000_000)
    made = await book.begin("bob@acme", team="sales")
    await book.abort(
        made.id, deployment="onprem", usage_in=7, usage_out=1, cost_micro=0, cached=2, reasoning=1
    )
    return book
