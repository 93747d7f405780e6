"""One request, one cost: the ledger's count, the command's report, the API's and the log say the same."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from audit.record import outcome
from audit.usage.report import report
from audit.usage.wanted import Wanted
from gateway.accounts import Amount, Purse
from gateway.evidence import usage
from gateway.expiry import Expiry
from tests.gateway.evidence.conftest import decision_record, set_up
from tests.gateway.ledger.places import LEASE_US, held

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from gateway.accounts import Reservation
    from gateway.ports import Ledger
    from tests.gateway.conftest import Builders
    from tests.gateway.evidence.conftest import Scene
    from tests.gateway.ledger.places import Place

BOOKS = Purse("books/team:books", 10**9, "year")
HELD = Amount(1, 100, 1000)
USED = Amount(1, 30, 340)


class Books:
    """A log and a ledger that two processes share."""

    def __init__(self, scene: Scene, place: Place, frozen: Ledger, other: Ledger) -> None:
        self.scene, self.place, self.frozen, self.other = scene, place, frozen, other

    async def begin(self) -> Reservation:
        """A call of the process that will be frozen: reserved by its decision's name, and on record."""
        decision = decision_record("slow")
        call = held(await self.frozen.reserve([BOOKS], HELD, decision.id))
        await self.scene.log.append(decision)
        return call

    async def freeze(self) -> None:
        """Longer than its lease: the other one puts on record what it held."""
        await self.place.advance(LEASE_US + 1)
        while await Expiry(self.other, self.scene.log).look():
            pass

    async def end(self, call: Reservation, used: Amount = USED) -> bool:
        """It goes on, settles and records; tells whether that was late."""
        settled = await self.frozen.settle(call, used)
        end: dict[str, Any] = {"deployment": "onprem", "provider": "vllm", "region": "x", "resp_model": "m"}
        end |= {"resp_id": "i", "finish": "stop", "in_tok": 10, "out_tok": 20, "estimated": False}
        tokens: dict[str, Any] = {
            "usage_in": 10,
            "usage_out": used.tokens - 10,
            "cost_micro": used.usd_micros,
        }
        await self.scene.log.append(outcome(ref=call.id[:32], total_us=1, upstream_us=1, **tokens, **end))
        return settled.late

    async def spent(self) -> int:
        """What the ledger has."""
        (standing,) = await self.other.usage([BOOKS])
        assert standing.reserved == 0
        return standing.used

    async def reported(self) -> int:
        """What the command and the API report, which are the same to the last figure."""
        with report(self.scene.folder, Wanted()) as found:
            lines = [(line.expired, line.sums.cost_micro, line.sums.tokens_in) for line in found.lines()]
        shown = (await self.scene.ask(usage.serve, "usage.read", "", "period=all")).json
        assert [
            (line["line"] == "expired", line["cost_micro"], line["tokens_in"]) for line in shown["data"]
        ] == lines
        bill = (await self.scene.ask(usage.serve, "usage.read", "", "format=focus")).body.decode()
        assert ("Adjustment" in bill) is any(expired for expired, *_ in lines)
        return sum(cost for _, cost, _ in lines)


@asynccontextmanager
async def books(build: Builders, folder: Path, place: Place) -> AsyncIterator[Books]:
    """An own log, with two requests that cost nothing."""
    async with set_up(build, folder) as scene:
        yield Books(scene, place, await place.opened(), await place.opened())


@pytest.mark.parametrize("merged", ["never", "before", "between", "after"])
async def test_who_settles_late_counts_once(
    build: Builders, tmp_path: Path, place: Place, merged: str
) -> None:
    """What had expired is in no report once its request has ended, wherever its records stand."""
    async with books(build, tmp_path / "audit", place) as kept:
        call = await kept.begin()
        if merged == "before":
            kept.scene.merge()
        await kept.freeze()
        assert (await kept.spent(), await kept.reported()) == (HELD.usd_micros, HELD.usd_micros)
        if merged == "between":
            kept.scene.merge()
        assert await kept.end(call)
        if merged == "after":
            kept.scene.merge()

        assert (await kept.spent(), await kept.reported()) == (USED.usd_micros, USED.usd_micros)


async def test_whose_end_came_before_the_record_of_its_expiry_counts_once(
    build: Builders, tmp_path: Path, place: Place
) -> None:
    """The other process looks only now and then: it may find what was settled long since."""
    async with books(build, tmp_path / "audit", place) as kept:
        call = await kept.begin()
        await place.advance(LEASE_US + 1)
        assert await kept.other.expired()
        late = await kept.end(call)
        await kept.freeze()

        assert late
        assert (await kept.spent(), await kept.reported()) == (USED.usd_micros, USED.usd_micros)


async def test_who_never_comes_back_counts_in_full(build: Builders, tmp_path: Path, place: Place) -> None:
    """Beside those that ended in time, and those that were late."""
    async with books(build, tmp_path / "audit", place) as kept:
        assert not await kept.end(await kept.begin())
        gone, slow = await kept.begin(), await kept.begin()
        await kept.freeze()
        kept.scene.merge()
        assert await kept.end(slow)

        assert gone.id != slow.id
        whole = 2 * USED.usd_micros + HELD.usd_micros
        assert (await kept.spent(), await kept.reported()) == (whole, whole)


async def test_a_second_hold_of_a_request_counts_with_it(
    build: Builders, tmp_path: Path, place: Place
) -> None:
    """Its name begins with the decision's: what expired of either isn't counted beside the request."""
    async with books(build, tmp_path / "audit", place) as kept:
        call = await kept.begin()
        again = held(await kept.frozen.reserve([BOOKS], HELD._replace(requests=0), call.id + "01"))
        await kept.freeze()
        assert (await kept.spent(), await kept.reported()) == (2 * HELD.usd_micros, 2 * HELD.usd_micros)
        settled = await kept.frozen.settle(again, Amount(0, 0, 40))
        assert settled.late
        call_settled = await kept.frozen.settle(call, Amount(1, 30, 300))
        assert call_settled.late
        assert await kept.end(call) is False

        assert (await kept.spent(), await kept.reported()) == (USED.usd_micros, USED.usd_micros)
