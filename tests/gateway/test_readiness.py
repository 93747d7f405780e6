"""Readiness: a load balancer is told what needs somebody to look, and nothing that ends by itself."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from gateway import readiness
from gateway.errors import LedgerError
from gateway.ledger.sqlite import SqliteLedger
from gateway.ports import Ruling

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gateway.ports import Ports

ALLOW = {"allow": True, "reasons": [], "obligations": [], "advice": []}


class Engine:
    """A policy that decides."""

    name = "double"

    async def ask(self, entrypoint: str, document: Mapping[str, object]) -> Ruling:
        del entrypoint, document
        return Ruling(ALLOW, "r-1")


def house(ledger: object) -> Ports:
    """As much of it as is looked at."""
    policies = SimpleNamespace(current=Engine)
    counting, log = SimpleNamespace(ledger=ledger), SimpleNamespace(available=True)
    return cast("Ports", SimpleNamespace(log=log, vouched=lambda: True, policies=policies, counting=counting))


class Failing:
    """A ledger that fails with a code."""

    def __init__(self, code: str) -> None:
        self._code = code

    async def usage(self, _: Any) -> None:
        raise LedgerError(self._code, "no")


@pytest.mark.parametrize(
    ("code", "expected"),
    [("lost", "ledger.lost"), ("unavailable", None), ("busy", None), ("full", None)],
)
async def test_a_ledger_that_is_lost_is_no_readiness(code: str, expected: str | None) -> None:
    """One that is only away comes back, and unlimited calls are served meanwhile."""
    assert await readiness.trouble(house(Failing(f"ledger.{code}"))) == expected


async def test_a_file_that_is_gone_is_no_readiness(tmp_path: Path) -> None:
    """Until it is accepted; asking leaves nothing behind."""
    ledger = SqliteLedger.open(tmp_path / "ledger.db")
    assert await readiness.trouble(house(ledger)) is None
    (tmp_path / "ledger.db").rename(tmp_path / "aside.db")
    ledger._file._looked_s = 0.0
    assert await readiness.trouble(house(ledger)) == "ledger.lost"
    ledger.renew()
    assert await readiness.trouble(house(ledger)) is None
    await ledger.close()
