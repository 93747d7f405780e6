"""What a replica may give out by itself while the others are out of reach: its share, where all share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.accounts import (
    Allowance,
    Amount,
    Concurrency,
    Correction,
    Expired,
    Overdrawn,
    Purse,
    Rate,
    Reservation,
    Settled,
    Standing,
)
from gateway.errors import LedgerError
from gateway.ledger.sharing import SharingLedger
from gateway.ledger.sqlite import SqliteLedger
from tests.gateway.ledger.places import held, refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

HOUR_US = 3_600_000_000
CALL = Amount(1, 1, 1)


class Far:
    """A ledger of all replicas that answers or fails as the test says; what it was asked it writes down."""

    def __init__(self) -> None:
        self.code: str | None = None
        self.asked: list[str] = []

    async def reserve(
        self, allowances: Sequence[Allowance], amount: Amount, name: str | None = None
    ) -> Reservation | Overdrawn:
        self._answer("reserve")
        return Reservation(name or "0" * 32, tuple(allowances), amount, 1, ())

    async def settle(self, reservation: Reservation, actual: Amount) -> Settled:
        self._answer("settle")
        return Settled()

    async def release(self, reservation: Reservation) -> None:
        self._answer("release")

    async def usage(self, allowances: Sequence[Allowance]) -> tuple[Standing, ...]:
        self._answer("usage")
        return ()

    async def standing(self, purse: Purse) -> Standing:
        self._answer("standing")
        return Standing(purse, "usd_micros", 1, 0, 0, 0)

    async def correct(self, purse: Purse, correction: Correction) -> Standing:
        self._answer("correct")
        return Standing(purse, "usd_micros", 1, 0, 0, 0)

    async def expired(self, most: int = 100) -> tuple[Expired, ...]:
        self._answer("expired")
        return ()

    async def acknowledge(self, reservations: Sequence[str]) -> None:
        self._answer("acknowledge")

    async def close(self) -> None:
        self._answer("close")

    def _answer(self, call: str) -> None:
        self.asked.append(call)
        if self.code is not None:
            raise LedgerError(self.code, "as the test says")


@pytest.fixture
def far() -> Far:
    """The one that all replicas share."""
    return Far()


@pytest.fixture
async def sharing(far: Far, tmp_path: Path) -> AsyncIterator[SharingLedger]:
    """Both together."""
    ledger = SharingLedger(far, SqliteLedger.open(tmp_path / "ledger.db"))
    yield ledger
    far.code = None
    await ledger.close()


async def test_what_can_be_reached_is_asked(far: Far, sharing: SharingLedger) -> None:
    """The share is of no account then."""
    call = held(await sharing.reserve([Rate("a", HOUR_US, 1, share=0.1)], CALL))
    assert not call.local
    await sharing.settle(call, CALL)
    await sharing.release(call)
    assert far.asked == ["reserve", "settle", "release"]


@pytest.mark.parametrize("code", ["ledger.unavailable", "ledger.busy"])
@pytest.mark.parametrize(
    "whole",
    [
        Rate("a", HOUR_US, 7, share=0.29),
        Rate("a", HOUR_US, tokens=7, share=0.29),
        Concurrency("a", 7, share=0.29),
        Purse("a", 7, "year", share=0.29),
        Purse("a", 7, window_us=HOUR_US, share=0.29),
    ],
    ids=["requests", "tokens", "concurrent", "calendar", "rolling"],
)
async def test_a_share_is_given_out_and_no_more(
    far: Far, sharing: SharingLedger, whole: Allowance, code: str
) -> None:
    """Of seven at 0.29 two, counted and settled here, and said to be so."""
    far.code = code
    calls = [held(await sharing.reserve([whole], CALL)) for _ in range(2)]
    assert all(call.local for call in calls)
    assert refused(await sharing.reserve([whole], CALL)).standing.most == 2
    await sharing.release(calls[0])
    far.code = None
    await sharing.settle(calls[1], CALL)
    assert set(far.asked) == {"reserve"}


@pytest.mark.parametrize("most", [1000, 10**15])
async def test_a_part_is_exact(far: Far, sharing: SharingLedger, most: int) -> None:
    """0.29 of a thousand is 290, whatever 0.29 is in binary."""
    far.code = "ledger.unavailable"
    call = held(await sharing.reserve([Purse("a", most, "year", share=0.29)], CALL))
    assert call.standings[0].most == most // 100 * 29


async def test_a_share_of_less_than_one_lets_nobody_through(far: Far, sharing: SharingLedger) -> None:
    """Rounded down: ten replicas with a tenth of nine each must not come to ten."""
    far.code = "ledger.unavailable"
    for each in (
        Rate("a", HOUR_US, 9, share=0.1),
        Concurrency("a", 9, share=0.1),
        Purse("a", 9, "day", share=0.1),
    ):
        refused(await sharing.reserve([each], CALL))


async def test_one_that_is_not_shared_ends_the_call(far: Far, sharing: SharingLedger) -> None:
    """Also where the same counter is shared by another allowance."""
    far.code = "ledger.unavailable"
    shared = Rate("a", HOUR_US, 9, share=0.5)
    for other in (Concurrency("b", 9), Rate("a", HOUR_US, 8)):
        with pytest.raises(LedgerError, match=r"ledger\.unavailable"):
            await sharing.reserve([shared, other], CALL)


@pytest.mark.parametrize("code", ["ledger.lost", "ledger.full"])
async def test_what_has_forgotten_is_not_stood_in_for(far: Far, sharing: SharingLedger, code: str) -> None:
    """That doesn't end by itself: somebody must look."""
    far.code = code
    with pytest.raises(LedgerError, match=code):
        await sharing.reserve([Rate("a", HOUR_US, 9, share=0.5)], CALL)


async def test_out_of_reach_a_policy_sees_how_the_share_stands(far: Far, sharing: SharingLedger) -> None:
    """A rule that reads usage holds for what may be given out, instead of refusing all of it."""
    far.code = "ledger.unavailable"
    purse = Purse("a", 9, "year", share=0.5)
    held(await sharing.reserve([purse], CALL))
    (standing,) = await sharing.usage([purse])
    assert (standing.most, standing.reserved) == (4, 1)
    with pytest.raises(LedgerError, match=r"ledger\.unavailable"):
        await sharing.usage([purse, Concurrency("b", 9)])


async def test_a_share_says_nothing_about_the_whole(far: Far, sharing: SharingLedger) -> None:
    """Corrections and what has expired are of all replicas or fail."""
    far.code = "ledger.unavailable"
    purse = Purse("a", 9, "year", share=0.5)
    held(await sharing.reserve([purse], CALL))
    for call in (sharing.correct(purse, Correction("reset")), sharing.expired()):
        with pytest.raises(LedgerError):
            await call
