"""What a ledger means, whatever keeps it: every test here runs over each backend."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from gateway.accounts import (
    NOTHING,
    Amount,
    Concurrency,
    Correction,
    Expired,
    Purse,
    Rate,
    Reservation,
    Settled,
    Standing,
)
from gateway.errors import LedgerError
from gateway.ledger.periods import span
from tests.gateway.ledger.places import LEASE_US, NOON_US, held, refused

if TYPE_CHECKING:
    from gateway.accounts import Allowance
    from gateway.ports import Ledger
    from tests.gateway.ledger.places import Place

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
MOST = 2**53 - 1
ONE = Amount(requests=1)
MONTH_END_US = span("month", "UTC", NOON_US).end_us
RESET = Correction("reset")
CARRY_OVER = Correction("carry_over")


def money(usd_micros: int) -> Amount:
    """One call of that cost."""
    return Amount(1, 0, usd_micros)


async def taken(ledger: Ledger, *allowances: Allowance) -> list[int]:
    """Used and reserved together, of each quantity."""
    return [each.used + each.reserved for each in await ledger.usage(allowances)]


# ── rates ───────────────────────────────────────────────────────────────────────────────────────


async def test_a_rate_lets_its_number_through_and_no_more(ledger: Ledger) -> None:
    """The one after the last is refused, and the refusal says what, how much, and when to come again."""
    rate = Rate("user:a", MINUTE_US, requests=3)
    end_us = NOON_US + SECOND_US + MINUTE_US
    for number in range(3):
        found = held(await ledger.reserve([rate], ONE))
        assert found.standings == (Standing(rate, "requests", 3, number + 1, 0, end_us),)
        assert found.allowances == (rate,)
        assert (found.amount, found.at_us, found.local) == (ONE, NOON_US, False)
    overdrawn = refused(await ledger.reserve([rate], ONE))
    assert overdrawn.standing == Standing(rate, "requests", 3, 3, 0, end_us)
    assert (overdrawn.asked, overdrawn.retry_at_us, overdrawn.now_us) == (1, end_us, NOON_US)


async def test_reservations_have_names_of_their_own(ledger: Ledger) -> None:
    """128 random bits in hex."""
    rate = Rate("a", MINUTE_US, requests=9)
    names = {held(await ledger.reserve([rate], ONE)).id for _ in range(9)}
    assert len(names) == 9
    assert all(len(bytes.fromhex(each)) == 16 for each in names)


async def test_a_window_is_free_again_a_slice_after_it_has_passed(place: Place, ledger: Ledger) -> None:
    """Never earlier than the window, and at most a sixtieth of it later."""
    rate = Rate("a", MINUTE_US, requests=1)
    await place.advance(400_000)
    held(await ledger.reserve([rate], ONE))
    await place.advance(MINUTE_US)
    assert refused(await ledger.reserve([rate], ONE)).retry_at_us == place.now_us + 600_000
    await place.advance(599_999)
    refused(await ledger.reserve([rate], ONE))
    await place.advance(1)
    held(await ledger.reserve([rate], ONE))


async def test_no_burst_follows_a_burst_across_the_end_of_a_window(place: Place, ledger: Ledger) -> None:
    """No stretch of the window's length sees more than the number, wherever it begins."""
    rate = Rate("a", MINUTE_US, requests=10)
    passed: list[int] = []
    for _ in range(200):
        found = [await ledger.reserve([rate], ONE) for _ in range(3)]
        passed += [place.now_us for each in found if isinstance(each, Reservation)]
        await place.advance(700_001)
    assert len(passed) > 20
    assert all(late - early > MINUTE_US for early, late in zip(passed, passed[10:], strict=False))


async def test_what_a_refusal_promises_comes_true(place: Place, ledger: Ledger) -> None:
    """The same amount fits at the moment named, and not a microsecond before."""
    rate = Rate("a", MINUTE_US, tokens=100)
    for tokens in (30, 50, 20):
        held(await ledger.reserve([rate], Amount(1, tokens)))
        await place.advance(7 * SECOND_US)
    retry_at_us = refused(await ledger.reserve([rate], Amount(1, 60))).retry_at_us
    assert retry_at_us == NOON_US + 8 * SECOND_US + MINUTE_US  # when 30 and 50 have left
    await place.advance(retry_at_us - place.now_us - 1)
    assert refused(await ledger.reserve([rate], Amount(1, 60))).standing.used == 70
    await place.advance(1)
    held(await ledger.reserve([rate], Amount(1, 60)))


async def test_what_never_fits_is_told_so(ledger: Ledger) -> None:
    """More than the whole: no moment is named."""
    overdrawn = refused(await ledger.reserve([Rate("a", MINUTE_US, tokens=100)], Amount(1, 101)))
    assert (overdrawn.retry_at_us, overdrawn.asked, overdrawn.standing.quantity) == (None, 101, "tokens")
    assert overdrawn.standing.resets_at_us == NOON_US


async def test_windows_too_short_for_sixty_slices_count(place: Place, ledger: Ledger) -> None:
    """A slice has at least a microsecond."""
    rate = Rate("a", 7, requests=1)
    held(await ledger.reserve([rate], ONE))
    await place.advance(7)
    refused(await ledger.reserve([rate], ONE))
    await place.advance(1)
    held(await ledger.reserve([rate], ONE))


async def test_settling_puts_fact_for_estimate_in_its_slice(place: Place, ledger: Ledger) -> None:
    """What wasn't needed is free at once; what is left leaves with the reservation, not the settlement."""
    rate = Rate("a", MINUTE_US, tokens=100)
    call = held(await ledger.reserve([rate], Amount(1, 90)))
    await place.advance(30 * SECOND_US)
    assert await ledger.settle(call, Amount(1, 40)) == Settled()
    assert await ledger.usage([rate]) == (
        Standing(rate, "tokens", 100, 40, 0, NOON_US + SECOND_US + MINUTE_US),
    )
    held(await ledger.reserve([rate], Amount(1, 60)))
    await place.advance(31 * SECOND_US)
    assert await taken(ledger, rate) == [60]


async def test_more_than_was_reserved_counts_in_full(ledger: Ledger) -> None:
    """The call has happened, so the counter goes over; the next one is refused."""
    rate = Rate("a", MINUTE_US, tokens=100)
    call = held(await ledger.reserve([rate], Amount(1, 10)))
    await ledger.settle(call, Amount(1, 250))
    overdrawn = refused(await ledger.reserve([rate], Amount(1, 1)))
    assert (overdrawn.standing.used, overdrawn.standing.remaining) == (250, 0)


async def test_a_settlement_after_the_window_changes_nothing(place: Place, ledger: Ledger) -> None:
    """Its slice isn't counted any more."""
    rate = Rate("a", MINUTE_US, tokens=100)
    call = held(await ledger.reserve([rate], Amount(1, 10)))
    await place.advance(2 * MINUTE_US)
    other = held(await ledger.reserve([rate], Amount(1, 30)))
    await ledger.settle(call, Amount(1, 99))
    await ledger.settle(other, Amount(1, 20))
    assert await taken(ledger, rate) == [20]


async def test_nothing_of_a_released_call_counts(ledger: Ledger) -> None:
    """Not its tokens, not its money, not the call itself."""
    all_of_them = (Rate("a", MINUTE_US, 1, 10), Concurrency("a", 1), Purse("a", 10, "day"))
    for _ in range(3):
        call = held(await ledger.reserve(all_of_them, Amount(1, 10, 10)))
        refused(await ledger.reserve(all_of_them, Amount(1, 10, 10)))
        await ledger.release(call)
        assert await taken(ledger, *all_of_them) == [0, 0, 0, 0]


@pytest.mark.parametrize("first", ["settle", "release"])
async def test_a_reservation_ends_once(ledger: Ledger, first: str) -> None:
    """Neither a second settlement nor a release after it does anything."""
    all_of_them = (Rate("a", MINUTE_US, 9, 90), Concurrency("a", 9), Purse("a", 90, "day"))
    other = held(await ledger.reserve(all_of_them, Amount(1, 10, 10)))
    call = held(await ledger.reserve(all_of_them, Amount(1, 10, 10)))
    await (ledger.settle(call, Amount(1, 7, 7)) if first == "settle" else ledger.release(call))
    before = await ledger.usage(all_of_them)
    assert await ledger.settle(call, Amount(1, 50, 50)) == Settled()
    await ledger.release(call)
    assert await ledger.usage(all_of_them) == before
    await ledger.release(other)


async def test_who_asks_for_nothing_is_not_refused(ledger: Ledger) -> None:
    """A call without tokens passes where all tokens are gone; one that is no request where requests are."""
    tokens, requests, purse = Rate("a", MINUTE_US, tokens=0), Rate("b", MINUTE_US, 0), Purse("c", 0, "day")
    held(await ledger.reserve([tokens], Amount(1, 0)))
    held(await ledger.reserve([requests], Amount(0, 5)))
    held(await ledger.reserve([purse], Amount(1, 5, 0)))
    refused(await ledger.reserve([tokens], Amount(1, 1)))
    refused(await ledger.reserve([requests], Amount(1, 0)))
    refused(await ledger.reserve([purse], Amount(1, 0, 1)))


async def test_what_is_not_limited_is_counted_all_the_same(ledger: Ledger) -> None:
    """A policy that limits tokens from now on finds those of the window that came before."""
    held(await ledger.reserve([Rate("a", MINUTE_US, requests=5)], Amount(1, 70)))
    refused(await ledger.reserve([Rate("a", MINUTE_US, tokens=100)], Amount(1, 31)))
    held(await ledger.reserve([Rate("a", MINUTE_US, tokens=100)], Amount(1, 30)))
    assert await taken(ledger, Rate("a", MINUTE_US, 5, 100)) == [2, 100]


async def test_a_burst_and_what_is_sustained_hold_together(place: Place, ledger: Ledger) -> None:
    """Windows of two lengths on one key, each with its own count."""
    burst, sustained = Rate("a", SECOND_US, requests=2), Rate("a", MINUTE_US, requests=3)
    for _ in range(2):
        held(await ledger.reserve([burst, sustained], ONE))
    assert refused(await ledger.reserve([burst, sustained], ONE)).standing.allowance == burst
    await place.advance(2 * SECOND_US)
    held(await ledger.reserve([burst, sustained], ONE))
    assert refused(await ledger.reserve([burst, sustained], ONE)).standing.allowance == sustained


async def test_several_of_one_counter_are_the_stricter(ledger: Ledger) -> None:
    """They take one place and not two."""
    found = held(await ledger.reserve([Rate("a", MINUTE_US, 9), Rate("a", MINUTE_US, 2, 5)], Amount(1, 3)))
    assert found.allowances == (Rate("a", MINUTE_US, 2, 5),)
    assert [(each.quantity, each.used) for each in found.standings] == [("requests", 1), ("tokens", 3)]


# ── clocks ──────────────────────────────────────────────────────────────────────────────────────


async def test_a_clock_that_goes_back_frees_nothing_and_blocks_for_one_window(
    place: Place, ledger: Ledger
) -> None:
    """What was counted in what is now the future counts as of now."""
    rate = Rate("a", MINUTE_US, requests=2)
    held(await ledger.reserve([rate], ONE))
    await place.jump(-HOUR_US)
    held(await ledger.reserve([rate], ONE))
    overdrawn = refused(await ledger.reserve([rate], ONE))
    assert overdrawn.retry_at_us == place.now_us + SECOND_US + MINUTE_US
    await place.advance(MINUTE_US + SECOND_US)
    held(await ledger.reserve([rate], ONE))


async def test_a_call_across_a_clock_that_goes_back_is_settled(place: Place, ledger: Ledger) -> None:
    """The estimate is where it was put until somebody has moved it; a refund never takes another's use."""
    rate, purse = Rate("a", MINUTE_US, tokens=100), Purse("a", 100, window_us=MINUTE_US)
    call = held(await ledger.reserve([rate, purse], Amount(1, 90, 90)))
    await place.jump(-HOUR_US)
    await ledger.settle(call, Amount(1, 40, 40))
    assert await taken(ledger, rate, purse) == [40, 40]
    call = held(await ledger.reserve([rate, purse], Amount(1, 60, 60)))
    await place.jump(-HOUR_US)
    refused(await ledger.reserve([rate], Amount(1, 1)))
    held(await ledger.reserve([rate], Amount(1, 0)))  # this one has moved the slices
    await ledger.settle(call, Amount(1, 0, 0))
    assert await taken(ledger, rate) == [100]
    await place.advance(MINUTE_US + SECOND_US)
    assert await taken(ledger, rate, purse) == [0, 0]


async def test_a_clock_that_goes_back_into_last_month_spends_that_months_purse(
    place: Place, ledger: Ledger
) -> None:
    """The ledger's present says the period; nothing spent there is forgotten."""
    purse = Purse("a", 100, "month")
    await ledger.settle(held(await ledger.reserve([purse], money(80))), money(80))
    await place.jump(MONTH_END_US - NOON_US)
    await ledger.settle(held(await ledger.reserve([purse], money(70))), money(70))
    await place.jump(-1)
    assert refused(await ledger.reserve([purse], money(21))).retry_at_us == MONTH_END_US
    await place.jump(1)
    assert await taken(ledger, purse) == [70]


# ── calls at once ───────────────────────────────────────────────────────────────────────────────


async def test_calls_at_once_are_counted_until_they_end(place: Place, ledger: Ledger) -> None:
    """However long they take; when a place is free can't be known."""
    limit = Concurrency("a", 2)
    calls = [held(await ledger.reserve([limit], NOTHING)) for _ in range(2)]
    assert calls[1].standings == (Standing(limit, "concurrent", 2, 0, 2, 0),)
    await place.advance(LEASE_US - 1)
    overdrawn = refused(await ledger.reserve([limit], NOTHING))
    assert (overdrawn.asked, overdrawn.retry_at_us) == (1, None)
    await ledger.settle(calls[0], NOTHING)
    held(await ledger.reserve([limit], NOTHING))
    refused(await ledger.reserve([limit], NOTHING))
    await ledger.release(calls[1])
    held(await ledger.reserve([limit], NOTHING))


# ── purses of a calendar period ─────────────────────────────────────────────────────────────────


async def test_a_purse_counts_what_is_in_flight(ledger: Ledger) -> None:
    """Spent, reserved and asked together fit, or nothing is reserved."""
    purse = Purse("team:a", 100, "month")
    call = held(await ledger.reserve([purse], money(60)))
    assert call.standings == (Standing(purse, "usd_micros", 100, 0, 60, MONTH_END_US),)
    overdrawn = refused(await ledger.reserve([purse], money(41)))
    assert overdrawn.standing == Standing(purse, "usd_micros", 100, 0, 60, MONTH_END_US)
    assert (overdrawn.asked, overdrawn.retry_at_us) == (41, MONTH_END_US)
    held(await ledger.reserve([purse], money(40)))
    await ledger.settle(call, money(10))
    assert await ledger.usage([purse]) == (Standing(purse, "usd_micros", 100, 10, 40, MONTH_END_US),)


async def test_a_purse_that_nobody_used_says_when_its_period_ends(ledger: Ledger) -> None:
    """So that an administrator reads the same of all."""
    purse = Purse("team:a", 100, "month")
    assert await ledger.usage([purse]) == (Standing(purse, "usd_micros", 100, 0, 0, MONTH_END_US),)


async def test_more_than_the_purse_never_fits(ledger: Ledger) -> None:
    """No later period helps, also where a top-up of this one would."""
    purse = Purse("a", 100, "month")
    await ledger.correct(purse, Correction("top_up", 50))
    held(await ledger.reserve([purse], money(40)))
    assert refused(await ledger.reserve([purse], money(111))).retry_at_us is None
    held(await ledger.reserve([purse], money(110)))


async def test_what_cost_more_than_reserved_is_spent_beyond_the_sum(ledger: Ledger) -> None:
    """The money is gone; the next call is refused."""
    purse = Purse("a", 100, "month")
    await ledger.settle(held(await ledger.reserve([purse], money(90))), money(130))
    assert refused(await ledger.reserve([purse], money(1))).standing.used == 130


async def test_a_new_period_begins_with_nothing(place: Place, ledger: Ledger) -> None:
    """Also with nothing of what is in flight: that settles where it was made."""
    purse = Purse("a", 100, "day", time_zone="Europe/Berlin")
    early = held(await ledger.reserve([purse], money(70)))
    await place.advance(span("day", "Europe/Berlin", NOON_US).end_us - NOON_US)
    late = held(await ledger.reserve([purse], money(100)))
    assert late.standings[0].resets_at_us == span("day", "Europe/Berlin", place.now_us).end_us
    await ledger.settle(early, money(90))
    assert await taken(ledger, purse) == [100]
    await place.jump(-1)
    assert await taken(ledger, purse) == [90]


async def test_purses_of_two_zones_are_two(ledger: Ledger) -> None:
    """Their periods differ, so their counts do."""
    berlin, utc = Purse("a", 100, "day", time_zone="Europe/Berlin"), Purse("a", 100, "day")
    held(await ledger.reserve([berlin], money(70)))
    assert await taken(ledger, berlin, utc) == [70, 0]


async def test_a_soft_purse_warns_and_never_refuses(ledger: Ledger) -> None:
    """At its marks and when all is gone."""
    purse = Purse("a", 100, "month", warn_ppm=(800_000,), hard=False)
    first = held(await ledger.reserve([purse], money(79)))
    assert first.warnings == ()
    (told,) = held(await ledger.reserve([purse], money(1))).warnings
    assert (told.purse, told.at_ppm, told.taken_usd_micros) == (purse, 800_000, 80)
    assert (told.most_usd_micros, told.resets_at_us) == (100, MONTH_END_US)
    (told,) = held(await ledger.reserve([purse], money(500))).warnings
    assert (told.at_ppm, told.taken_usd_micros) == (1_000_000, 580)
    assert held(await ledger.reserve([purse], money(500))).warnings == ()


async def test_a_hard_purse_warns_only_at_its_marks(ledger: Ledger) -> None:
    """Each once, by whoever first reaches it; several at once, the lowest first."""
    purse = Purse("a", 1000, "month", warn_ppm=(333_333, 500_000))
    assert held(await ledger.reserve([purse], money(333))).warnings == ()
    found = held(await ledger.reserve([purse], money(667))).warnings
    assert [each.at_ppm for each in found] == [333_333, 500_000]


async def test_a_mark_is_told_by_the_settlement_that_reaches_it(place: Place, ledger: Ledger) -> None:
    """And never again in the period, also if the standing has fallen below it meanwhile."""
    purse = Purse("a", 100, "day", warn_ppm=(500_000,))
    call = held(await ledger.reserve([purse], money(10)))
    (told,) = (await ledger.settle(call, money(60))).warnings
    assert (told.at_ppm, told.taken_usd_micros) == (500_000, 60)
    fresh = Purse("b", 100, "day", warn_ppm=(500_000,))
    call = held(await ledger.reserve([fresh], money(60)))
    assert len(call.warnings) == 1
    await ledger.release(call)
    assert held(await ledger.reserve([fresh], money(70))).warnings == ()
    await place.advance(DAY_US)
    assert len(held(await ledger.reserve([fresh], money(60))).warnings) == 1


async def test_what_is_given_back_uses_up_no_warning(ledger: Ledger) -> None:
    """A mark that only holds had passed is told again once as much is spent; no call tells it in between."""
    purse = Purse("a", 100_000, "month", warn_ppm=(500_000, 900_000))

    async def called(most: int, fact: int) -> list[tuple[int, int]]:
        call = held(await ledger.reserve([purse], money(most)))
        settled = await ledger.settle(call, money(fact))
        return [(each.at_ppm, each.taken_usd_micros) for each in (*call.warnings, *settled.warnings)]

    assert await called(60_111, 1_010) == [(500_000, 60_111)]
    assert await called(60_111, 1_010) == []
    assert await called(95_000, 1_010) == [(900_000, 97_020)]
    assert await called(96_000, 46_969) == []
    assert await called(2, 1) == [(500_000, 50_000)]
    assert await called(45_000, 36_000) == []
    assert await called(5_000, 4_000) == [(900_000, 90_000)]
    assert await called(5_000, 1_000) == []


async def test_a_mark_that_is_reached_all_along_is_told_once(ledger: Ledger) -> None:
    """What is held tells of it, and nobody hears of it again when that is spent."""
    purse = Purse("a", 100, "month", warn_ppm=(500_000,))
    calls = [held(await ledger.reserve([purse], money(30))) for _ in range(3)]
    assert [len(each.warnings) for each in calls] == [0, 1, 0]
    assert [(await ledger.settle(each, money(27))).warnings for each in calls] == [()] * 3


async def test_a_reset_lets_a_fallen_mark_be_told_of_what_is_held(ledger: Ledger) -> None:
    """As in a new period."""
    purse = Purse("a", 100, "month", warn_ppm=(500_000,))
    for _ in range(2):
        call = held(await ledger.reserve([purse], money(60)))
        assert len(call.warnings) == 1
        await ledger.settle(call, money(1))
        assert held(await ledger.reserve([purse], money(9))).warnings == ()
        await ledger.correct(purse, RESET)


async def test_a_refused_call_is_told_no_mark(ledger: Ledger) -> None:
    """The warning is kept for one that reaches it."""
    purse = Purse("a", 100, "month", warn_ppm=(500_000,))
    refused(await ledger.reserve([purse, Rate("a", MINUTE_US, 0)], money(60)))
    assert len(held(await ledger.reserve([purse], money(60))).warnings) == 1


# ── rolling purses ──────────────────────────────────────────────────────────────────────────────


async def test_a_rolling_purse_is_free_again_as_its_window_passes(place: Place, ledger: Ledger) -> None:
    """What is spent leaves with the slice of its reservation; what is in flight stays."""
    purse = Purse("a", 100, window_us=MINUTE_US)
    call = held(await ledger.reserve([purse], money(60)))
    assert call.standings == (Standing(purse, "usd_micros", 100, 0, 60, NOON_US),)
    assert refused(await ledger.reserve([purse], money(41))).retry_at_us is None
    await place.advance(20 * SECOND_US)
    await ledger.settle(call, money(50))
    held(await ledger.reserve([purse], money(30)))
    end_us = NOON_US + SECOND_US + MINUTE_US
    assert await ledger.usage([purse]) == (Standing(purse, "usd_micros", 100, 50, 30, end_us),)
    assert refused(await ledger.reserve([purse], money(21))).retry_at_us == end_us
    assert refused(await ledger.reserve([purse], money(71))).retry_at_us is None
    assert refused(await ledger.reserve([purse], money(101))).retry_at_us is None
    await place.advance(end_us - place.now_us)
    assert await ledger.usage([purse]) == (Standing(purse, "usd_micros", 100, 0, 30, place.now_us),)


async def test_a_rolling_purse_does_not_flap(place: Place, ledger: Ledger) -> None:
    """Calls that come and go around a mark tell it once; after a whole window at its next crossing."""
    purse = Purse("a", 100, window_us=MINUTE_US, warn_ppm=(500_000,))
    told = 0
    for _ in range(10):
        call = held(await ledger.reserve([purse], money(60)))
        told += len(call.warnings)
        await ledger.settle(call, money(0))
        await place.advance(5 * SECOND_US)
    assert told == 1
    await place.advance(10 * SECOND_US - 1)
    assert held(await ledger.reserve([purse], money(60))).warnings == ()


async def test_a_rolling_purse_tells_a_mark_again_once_it_was_met_below(place: Place, ledger: Ledger) -> None:
    """Not while it stays above, however long that is."""
    purse = Purse("a", 100, window_us=MINUTE_US, warn_ppm=(500_000,))
    call = held(await ledger.reserve([purse], money(60)))
    assert len(call.warnings) == 1
    for _ in range(4):
        await place.advance(20 * SECOND_US)
        assert held(await ledger.reserve([purse], money(1))).warnings == ()
    assert (await ledger.settle(call, money(40))).warnings == ()
    again = held(await ledger.reserve([purse], money(60)))
    assert [each.at_ppm for each in again.warnings] == [500_000]
    await ledger.release(again)
    assert held(await ledger.reserve([purse], money(60))).warnings == ()


async def test_a_rolling_purse_goes_by_a_clock_that_went_back(place: Place, ledger: Ledger) -> None:
    """It tells at the latest a window after that."""
    purse = Purse("a", 100, window_us=MINUTE_US, warn_ppm=(500_000,))
    await ledger.release(held(await ledger.reserve([purse], money(60))))
    await place.jump(-HOUR_US)
    await ledger.release(held(await ledger.reserve([purse], money(60))))
    await place.jump(MINUTE_US)
    assert len(held(await ledger.reserve([purse], money(60))).warnings) == 1


@pytest.mark.parametrize(
    ("zone", "begins", "hours"),
    [
        ("Europe/Berlin", "2027-03-27T23:00:00+00:00", 23),
        ("Europe/Berlin", "2027-10-30T22:00:00+00:00", 25),
        ("Australia/Lord_Howe", "2027-04-03T13:00:00+00:00", 24.5),
        ("Australia/Lord_Howe", "2027-10-02T13:30:00+00:00", 23.5),
    ],
)
async def test_a_day_on_which_clocks_change_is_one_period(
    place: Place, ledger: Ledger, zone: str, begins: str, hours: float
) -> None:
    """From its first moment to its last, also the hour, or half of it, that comes twice or never."""
    purse = Purse("a", 100, "day", time_zone=zone)
    begin_us = int(datetime.fromisoformat(begins).timestamp()) * SECOND_US
    end_us = begin_us + int(hours * HOUR_US)
    await place.advance(begin_us - 1 - place.now_us)
    await ledger.settle(held(await ledger.reserve([purse], money(70))), money(70))
    assert refused(await ledger.reserve([purse], money(70))).retry_at_us == begin_us
    await place.advance(1)
    await ledger.settle(held(await ledger.reserve([purse], money(60))), money(60))
    for moment_us in (begin_us + HOUR_US, begin_us + 3 * HOUR_US, end_us - 1):
        await place.advance(moment_us - place.now_us)
        over = refused(await ledger.reserve([purse], money(60)))
        assert (over.standing.used, over.retry_at_us) == (60, end_us)
    carried = await ledger.correct(purse, CARRY_OVER)
    assert carried.most == 130
    await place.advance(1)
    assert held(await ledger.reserve([purse], money(100))).standings[0].resets_at_us > end_us


# ── which refusal ───────────────────────────────────────────────────────────────────────────────


async def test_all_is_reserved_or_nothing(ledger: Ledger) -> None:
    """A level that refuses leaves the others as they were."""
    open_ones = (Rate("user", MINUTE_US, 5, 50), Concurrency("user", 5), Purse("user", 50, "day"))
    shut = Rate("team", MINUTE_US, requests=0)
    before = await ledger.usage(open_ones)
    refused(await ledger.reserve([*open_ones, shut], Amount(1, 5, 5)))
    assert await ledger.usage(open_ones) == before


async def test_the_allowance_that_refuses_for_longest_is_named(ledger: Ledger) -> None:
    """A caller who waits for it finds the others free as well."""
    short, long = Rate("a", SECOND_US, 1), Rate("b", HOUR_US, 1)
    purse, at_once = Purse("c", 10, "month"), Concurrency("d", 1)
    held(await ledger.reserve([short, long, purse, at_once], money(10)))
    assert refused(await ledger.reserve([short, long], ONE)).standing.allowance == long
    assert refused(await ledger.reserve([long, purse], money(1))).standing.allowance == purse
    assert refused(await ledger.reserve([purse, at_once, long], money(1))).standing.allowance == at_once


async def test_of_equal_refusals_the_first_is_named(ledger: Ledger) -> None:
    """In the order of the allowances; of one rate requests before tokens."""
    one, other = Rate("a", MINUTE_US, 1, 1), Rate("b", MINUTE_US, 1, 1)
    held(await ledger.reserve([one, other], Amount(1, 1)))
    found = refused(await ledger.reserve([other, one], Amount(1, 1))).standing
    assert (found.allowance, found.quantity) == (other, "requests")
    found = refused(await ledger.reserve([one, other], Amount(0, 1))).standing
    assert (found.allowance, found.quantity) == (one, "tokens")
    at_once, never = Concurrency("c", 0), Rate("d", MINUTE_US, 0)
    assert refused(await ledger.reserve([at_once, never], ONE)).standing.allowance == at_once
    assert refused(await ledger.reserve([never, at_once], ONE)).standing.allowance == never


async def test_standings_come_in_the_order_of_the_allowances(ledger: Ledger) -> None:
    """Two for a rate that limits both; usage says the same afterwards."""
    asked = (Purse("a", 9, "day"), Rate("a", MINUTE_US, 9, 9), Concurrency("a", 9), Rate("b", MINUTE_US, 9))
    found = held(await ledger.reserve(asked, Amount(1, 2, 3)))
    quantities = ["usd_micros", "requests", "tokens", "concurrent", "requests"]
    assert [each.quantity for each in found.standings] == quantities
    assert await ledger.usage(asked) == found.standings


async def test_usage_changes_nothing_and_answers_for_each(ledger: Ledger) -> None:
    """Also for one named twice, and for one that nobody has used."""
    rate, purse = Rate("a", MINUTE_US, 5), Purse("a", 5, window_us=MINUTE_US)
    once = (Standing(rate, "requests", 5, 0, 0, NOON_US), Standing(purse, "usd_micros", 5, 0, 0, NOON_US))
    assert await ledger.usage([rate, purse, rate]) == (*once, once[0])
    assert await ledger.usage([rate, purse, rate]) == (*once, once[0])
    assert await ledger.usage([]) == ()


# ── corrections ─────────────────────────────────────────────────────────────────────────────────


async def test_a_reset_forgets_what_was_spent_and_nothing_in_flight(ledger: Ledger) -> None:
    """Of either kind of purse."""
    for purse in (Purse("a", 100, "month"), Purse("a", 100, window_us=MINUTE_US)):
        await ledger.settle(held(await ledger.reserve([purse], money(60))), money(60))
        call = held(await ledger.reserve([purse], money(30)))
        found = await ledger.correct(purse, RESET)
        assert (found.used, found.reserved, found.most) == (0, 30, 100)
        await ledger.settle(call, money(20))
        assert await taken(ledger, purse) == [20]


@pytest.mark.parametrize("kind", ["reset", "top_up", "carry_over"])
async def test_a_known_purse_is_one_that_somebody_uses(place: Place, ledger: Ledger, kind: Any) -> None:
    """In this period or the one before; what is told of another changes nothing and makes none."""
    change = Correction(kind, 5 if kind == "top_up" else 0, known=True)
    for purse in (Purse("a", 100, "day"), Purse("b", 100, window_us=DAY_US)):
        if purse.period is None and kind == "carry_over":
            continue
        await ledger.usage([purse])
        for _ in range(2):
            with pytest.raises(LedgerError) as unknown:
                await ledger.correct(purse, change)
            assert unknown.value.code == "budget.unknown_account"
        held(await ledger.reserve([purse], money(10)))
        assert (await ledger.correct(purse, change)).reserved == 10
    await place.advance(DAY_US)
    await ledger.correct(Purse("a", 100, "day"), change)
    with pytest.raises(LedgerError):
        await ledger.correct(Purse("A", 100, "day"), change)


async def test_a_question_makes_no_account(ledger: Ledger) -> None:
    """Also one that is asked in the same turn."""
    purse = Purse("a", 100, "day")
    _, found = await asyncio.gather(
        ledger.usage([purse]), ledger.correct(purse, Correction("reset", known=True)), return_exceptions=True
    )
    assert isinstance(found, LedgerError)
    assert (await ledger.correct(purse, Correction("top_up", 5))).most == 105
    assert (await ledger.correct(purse, Correction("reset", known=True))).most == 105


async def test_a_top_up_holds_for_its_period(place: Place, ledger: Ledger) -> None:
    """It may be taken back."""
    purse = Purse("a", 100, "month")
    assert (await ledger.correct(purse, Correction("top_up", 50))).most == 150
    assert held(await ledger.reserve([purse], money(150))).standings[0].most == 150
    assert (await ledger.correct(purse, Correction("top_up", -30))).most == 120
    assert (await ledger.correct(purse, Correction("top_up", -120))).most == 0
    assert (await ledger.correct(purse, Correction("top_up", 7))).most == 7
    await place.advance(MONTH_END_US - NOON_US)
    assert (await ledger.usage([purse]))[0].most == 100


async def test_a_rolling_purse_keeps_its_top_up(place: Place, ledger: Ledger) -> None:
    """It has no end at which it would lapse, so it stays until it is taken back."""
    purse = Purse("a", 100, window_us=MINUTE_US)
    found = await ledger.correct(purse, Correction("top_up", 50))
    assert found == Standing(purse, "usd_micros", 150, 0, 0, NOON_US)
    await place.advance(3 * MINUTE_US)
    held(await ledger.reserve([purse], money(150)))


async def test_a_purse_whose_policy_now_says_less_is_worth_less(ledger: Ledger) -> None:
    """The sum is what the allowance says today, and the top-up."""
    await ledger.correct(Purse("a", 100, "month"), Correction("top_up", -80))
    assert (await ledger.usage([Purse("a", 50, "month")]))[0].most == 0
    assert (await ledger.usage([Purse("a", 90, "month")]))[0].most == 10
    assert (await ledger.correct(Purse("a", 50, "month"), Correction("top_up", 35))).most == 5


@pytest.mark.parametrize("kind", ["period", "rolling"])
async def test_a_correction_is_made_in_full_or_not_at_all(ledger: Ledger, kind: str) -> None:
    """Whatever sum is said with it; and what is kept of others doesn't depend on it."""

    def purse(said: int) -> Purse:
        return Purse("a", said, "month") if kind == "period" else Purse("a", said, window_us=MINUTE_US)

    async def unfit(said: int, usd_micros: int) -> bool:
        with pytest.raises(LedgerError) as caught:
            await ledger.correct(purse(said), Correction("top_up", usd_micros))
        return caught.value.code == "budget.correction_unfit"

    assert await unfit(100_000, -150_000)
    with pytest.raises(LedgerError):
        await ledger.standing(purse(100_000))
    assert (await ledger.correct(purse(100_000), Correction("top_up", -90_000))).most == 10_000
    assert await unfit(10_000, 1)
    assert await unfit(100_000, -10_001)
    assert await unfit(100_000, MOST)
    assert (await ledger.standing(purse(100_000))).most == 10_000
    await ledger.correct(purse(200_000), RESET)
    assert (await ledger.correct(purse(200_000), Correction("top_up", 1))).most == 110_001
    assert (await ledger.standing(purse(100_000))).most == 10_001


async def test_a_sum_that_a_correction_says_is_not_carried_over(place: Place, ledger: Ledger) -> None:
    """What is left is of the sum under which calls were held."""
    purse, wrong = Purse("a", 100, "month"), Purse("a", 9_000, "month")
    await ledger.settle(held(await ledger.reserve([purse], money(30))), money(30))
    await ledger.correct(wrong, Correction("top_up", 20))
    await place.advance(MONTH_END_US - NOON_US)
    assert (await ledger.correct(purse, CARRY_OVER)).most == 190


async def test_what_does_not_fit_is_not_carried_over(place: Place, ledger: Ledger) -> None:
    """And may be later."""
    purse = Purse("a", 100, "month")
    held(await ledger.reserve([purse], NOTHING))
    await place.advance(MONTH_END_US - NOON_US)
    await ledger.correct(purse, Correction("top_up", MOST - 100))
    with pytest.raises(LedgerError, match="correction_unfit"):
        await ledger.correct(purse, CARRY_OVER)
    await ledger.correct(purse, Correction("top_up", 100 - MOST))
    assert (await ledger.correct(purse, CARRY_OVER)).most == 200


async def test_only_what_is_counted_stands(place: Place, ledger: Ledger) -> None:
    """A key that nobody uses is misspelt; one of the period before isn't."""
    for purse in (Purse("a", 100, "day"), Purse("b", 100, window_us=DAY_US)):
        for _ in range(2):
            with pytest.raises(LedgerError) as unknown:
                await ledger.standing(purse)
            assert unknown.value.code == "budget.unknown_account"
        held(await ledger.reserve([purse], money(10)))
        assert (await ledger.standing(purse)).reserved == 10
    await place.advance(DAY_US)
    assert (await ledger.standing(Purse("a", 100, "day"))).reserved == 0
    with pytest.raises(LedgerError):
        await ledger.standing(Purse("A", 100, "day"))


async def test_marks_above_the_new_standing_may_be_told_again(ledger: Ledger) -> None:
    """After a reset and after a top-up."""
    purse = Purse("a", 100, "month", warn_ppm=(500_000, 800_000))
    call = held(await ledger.reserve([purse], money(60)))
    assert [each.at_ppm for each in call.warnings] == [500_000]
    await ledger.correct(purse, Correction("top_up", 20))  # 60 of 120: still at the mark
    assert held(await ledger.reserve([purse], money(1))).warnings == ()
    await ledger.correct(purse, Correction("top_up", 20))  # 61 of 140
    (told,) = held(await ledger.reserve([purse], money(9))).warnings
    assert (told.at_ppm, told.taken_usd_micros, told.most_usd_micros) == (500_000, 70, 140)
    await ledger.settle(call, money(60))
    await ledger.correct(purse, RESET)
    assert len(held(await ledger.reserve([purse], money(60))).warnings) == 1


async def test_what_a_period_left_is_carried_over_once(place: Place, ledger: Ledger) -> None:
    """Its last known sum and its top-ups, less what was spent."""
    purse = Purse("a", 100, "month")
    await ledger.correct(purse, Correction("top_up", 20))
    await ledger.settle(held(await ledger.reserve([purse], money(30))), money(30))
    await place.advance(MONTH_END_US - NOON_US)
    now = Purse("a", 1000, "month")
    assert (await ledger.correct(now, CARRY_OVER)).most == 1090
    assert (await ledger.correct(now, CARRY_OVER)).most == 1090
    await place.advance(span("month", "UTC", MONTH_END_US).end_us - MONTH_END_US)
    assert (await ledger.correct(now, CARRY_OVER)).most == 2090


async def test_nothing_is_carried_over_from_what_was_overspent_or_never_there(
    place: Place, ledger: Ledger
) -> None:
    """At least nothing; and of a purse that nobody used no sum is known."""
    purse = Purse("a", 100, "day")
    assert (await ledger.correct(purse, CARRY_OVER)).most == 100
    await ledger.settle(held(await ledger.reserve([purse], money(30))), money(300))
    await place.advance(DAY_US)
    assert (await ledger.correct(purse, CARRY_OVER)).most == 100
    await place.advance(3 * DAY_US)
    assert (await ledger.correct(purse, CARRY_OVER)).most == 100


async def test_a_rolling_purse_has_nothing_to_carry_over(ledger: Ledger) -> None:
    """There is no period before it."""
    with pytest.raises(ValueError, match="carry"):
        await ledger.correct(Purse("a", 100, window_us=MINUTE_US), CARRY_OVER)


# ── holders ─────────────────────────────────────────────────────────────────────────────────────


async def test_what_a_crashed_process_held_is_freed_counted_and_listed(place: Place, ledger: Ledger) -> None:
    """Places are free; tokens and money stay counted, since nobody can say that they weren't used."""
    gone = await place.opened()
    rate, at_once = Rate("a", 100 * LEASE_US, 5, 50), Concurrency("a", 1)
    month, rolling = Purse("a", 50, "month"), Purse("b", 50, window_us=100 * LEASE_US)
    call = held(await gone.reserve([rate, at_once, month, rolling], Amount(1, 20, 30)))
    await place.kill(gone)
    await place.advance(LEASE_US - 1)
    refused(await ledger.reserve([at_once], NOTHING))
    assert await ledger.expired() == ()
    await place.advance(1)
    held(await ledger.reserve([at_once], NOTHING))
    found = await ledger.usage([rate, month, rolling])
    assert [(each.used, each.reserved) for each in found] == [(1, 0), (20, 0), (30, 0), (30, 0)]
    listed = (Expired(call.id, Amount(1, 20, 30), ("a", "b"), NOON_US),)
    assert await ledger.expired() == listed
    assert await ledger.expired() == listed
    await ledger.acknowledge([call.id, "0" * 32])
    assert await ledger.expired() == ()


async def test_a_living_process_keeps_what_it_holds(place: Place, ledger: Ledger) -> None:
    """Each reservation renews its lease, and so a call may take longer than one."""
    at_once = Concurrency("a", 1)
    call = held(await ledger.reserve([at_once], NOTHING))
    other = await place.opened()
    for _ in range(4):
        await place.advance(LEASE_US // 2)
        held(await ledger.reserve([Concurrency("b", 99)], NOTHING))
        refused(await other.reserve([at_once], NOTHING))
    assert await ledger.settle(call, NOTHING) == Settled()
    assert await other.expired() == ()


async def test_a_settlement_that_comes_late_corrects_what_was_counted(place: Place, ledger: Ledger) -> None:
    """A frozen process settles after others have given it up: by the difference, and only once."""
    frozen = await place.opened()
    rate, at_once = Rate("a", 100 * LEASE_US, 5, 50), Concurrency("a", 1)
    month, rolling = Purse("a", 50, "month", warn_ppm=(900_000,)), Purse("b", 50, window_us=100 * LEASE_US)
    all_of_them = (rate, at_once, month, rolling)
    call = held(await frozen.reserve(all_of_them, Amount(1, 20, 30)))
    await place.advance(LEASE_US)
    other = held(await ledger.reserve([at_once], NOTHING))
    settled = await frozen.settle(call, Amount(1, 15, 45))
    assert settled.late
    assert [each.taken_usd_micros for each in settled.warnings] == [45]
    assert await taken(ledger, *all_of_them) == [1, 15, 1, 45, 45]
    assert await frozen.settle(call, Amount(1, 1, 1)) == Settled()
    await frozen.release(call)
    assert await taken(ledger, *all_of_them) == [1, 15, 1, 45, 45]
    assert [each.reservation for each in await ledger.expired()] == [call.id]
    await ledger.settle(other, NOTHING)


async def test_a_release_that_comes_late_takes_back_what_was_counted(place: Place, ledger: Ledger) -> None:
    """The call never left the house after all."""
    frozen = await place.opened()
    all_of_them = (Rate("a", 100 * LEASE_US, 5, 50), Concurrency("a", 1), Purse("a", 50, "month"))
    call = held(await frozen.reserve(all_of_them, Amount(1, 20, 30)))
    await place.advance(LEASE_US)
    assert len(await ledger.expired()) == 1
    await frozen.release(call)
    assert await taken(ledger, *all_of_them) == [0, 0, 0, 0]


async def test_an_acknowledged_reservation_is_settled_late_for_a_day(place: Place, ledger: Ledger) -> None:
    """Afterwards the estimate stands."""
    purse = Purse("a", 500, "year")
    frozen = await place.opened()
    calls = [held(await frozen.reserve([purse], money(30))) for _ in range(2)]
    await place.advance(LEASE_US)
    assert {each.reservation for each in await ledger.expired()} == {each.id for each in calls}
    await ledger.acknowledge([each.id for each in calls])
    await place.advance(DAY_US - 1)
    assert (await frozen.settle(calls[0], money(10))).late
    await place.advance(2)
    assert not (await frozen.settle(calls[1], money(10))).late
    assert await taken(ledger, purse) == [40]


async def test_a_process_that_was_given_up_goes_on(place: Place, ledger: Ledger) -> None:
    """What it reserves from then on is its own again."""
    frozen = await place.opened()
    at_once = Concurrency("a", 1)
    held(await frozen.reserve([at_once], NOTHING))
    await place.advance(LEASE_US)
    assert len(await ledger.expired()) == 1
    call = held(await frozen.reserve([at_once], NOTHING))
    refused(await ledger.reserve([at_once], NOTHING))
    assert await frozen.settle(call, NOTHING) == Settled()
    assert len(await ledger.expired()) == 1


async def test_what_is_held_when_a_ledger_closes_expires(place: Place, ledger: Ledger) -> None:
    """At once: nobody is left who would settle it."""
    closing = await place.opened()
    at_once = Concurrency("a", 1)
    call = held(await closing.reserve([at_once], NOTHING))
    await closing.close()
    held(await ledger.reserve([at_once], NOTHING))
    assert [each.reservation for each in await ledger.expired()] == [call.id]


async def test_many_expired_reservations_hold_nobody_up(place: Place, ledger: Ledger) -> None:
    """However many there are, and whichever of them holds the place that is asked for."""
    gone = await place.opened()
    crowd, mine = Concurrency("crowd", 1000), [Concurrency(f"user:{each}", 1) for each in range(250)]
    for each in mine:
        held(await gone.reserve([crowd, each], NOTHING))
    await place.kill(gone)
    await place.advance(LEASE_US)
    for each in (mine[249], mine[0], mine[125]):
        held(await ledger.reserve([each], NOTHING))
    seen: set[str] = set()
    while found := await ledger.expired(most=40):
        assert len(found) <= 40
        seen |= {each.reservation for each in found}
        await ledger.acknowledge([each.reservation for each in found])
    assert len(seen) == 250
    assert await taken(ledger, crowd) == [0]


# ── text and numbers ────────────────────────────────────────────────────────────────────────────

HOSTILE = (
    "", " ", "a", "A", "a\0", "a\0b", "a/b", "a:b", "{a}", "a}", "{a", "a|60000000", "rate|60000000|a", "é",
    "e\u0301", "\U0001f511", "\u202e", "\ud800", "%s", "'; DROP TABLE counter; --", "*", "[a-z]", "\n",
    "x" * 256, "\U0001f511" * 256,
)  # fmt: skip


async def test_no_key_means_another(ledger: Ledger) -> None:
    """Keys are text that anybody may have chosen: none breaks out of its name or into another's."""
    every: list[Allowance] = []
    for key in HOSTILE:
        every += [Rate(key, MINUTE_US, 1), Rate(key, HOUR_US, 1), Concurrency(key, 1)]
        every += [Purse(key, 1, "day"), Purse(key, 1, "month"), Purse(key, 1, window_us=MINUTE_US)]
    for number, allowance in enumerate(every):
        held(await ledger.reserve([allowance], Amount(1, 1, 1)))
        assert sum(await taken(ledger, *every)) == number + 1
    for allowance in every:
        assert refused(await ledger.reserve([allowance], Amount(1, 1, 1))).standing.allowance == allowance


@pytest.mark.parametrize(
    "allowance",
    [Rate("a", MINUTE_US, tokens=MOST), Purse("a", MOST, "day"), Purse("a", MOST, window_us=MINUTE_US)],
    ids=["rate", "calendar", "rolling"],
)
async def test_the_largest_numbers_are_exact_and_sums_stop_there(
    place: Place, ledger: Ledger, allowance: Allowance
) -> None:
    """Nothing wraps, nothing is rounded, and nothing goes below nothing."""
    first = held(await ledger.reserve([allowance], Amount(1, MOST - 1, MOST - 1)))
    held(await ledger.reserve([allowance], Amount(1, 1, 1)))
    refused(await ledger.reserve([allowance], Amount(1, 1, 1)))
    assert await taken(ledger, allowance) == [MOST]
    await ledger.settle(first, Amount(1, MOST - 2, MOST - 2))
    assert await taken(ledger, allowance) == [MOST - 1]
    await place.advance(SECOND_US)
    last = held(await ledger.reserve([allowance], Amount(1, 1, 1)))
    await ledger.settle(last, Amount(1, MOST, MOST))
    found = (await ledger.usage([allowance]))[0]
    assert min(found.used, MOST) == found.used
    refused(await ledger.reserve([allowance], Amount(1, 1, 1)))


async def test_a_top_up_goes_up_to_the_largest_number(ledger: Ledger) -> None:
    """A sum never wraps, and is never silently less than was said."""
    purse = Purse("a", MOST - 5, "day")
    assert (await ledger.correct(purse, Correction("top_up", 5))).most == MOST
    for more in (1, MOST):
        with pytest.raises(LedgerError, match="correction_unfit"):
            await ledger.correct(purse, Correction("top_up", more))
    assert (await ledger.standing(purse)).most == MOST


@pytest.mark.parametrize("amount", [Amount(-1), Amount(1, -1), Amount(1, 0, -1), Amount(MOST + 1)], ids=str)
async def test_an_amount_that_is_none_is_an_error(ledger: Ledger, amount: Amount) -> None:
    """Nobody gains by taking less than nothing."""
    rate = Rate("a", MINUTE_US, 9, 9)
    with pytest.raises(ValueError, match="amount"):
        await ledger.reserve([rate], amount)
    call = held(await ledger.reserve([rate], ONE))
    with pytest.raises(ValueError, match="amount"):
        await ledger.settle(call, amount)
    assert await taken(ledger, rate) == [1, 0]


# ── processes ───────────────────────────────────────────────────────────────────────────────────


async def test_processes_share_what_they_count(place: Place, ledger: Ledger) -> None:
    """What one has taken the other finds gone, and what one has freed the other finds free."""
    other = await place.opened()
    all_of_them = (Rate("a", MINUTE_US, 2), Concurrency("a", 2), Purse("a", 20, "month"))
    mine = held(await ledger.reserve(all_of_them, money(10)))
    theirs = held(await other.reserve(all_of_them, money(10)))
    assert refused(await ledger.reserve(all_of_them, money(10))) == refused(
        await other.reserve(all_of_them, money(10))
    )
    await ledger.release(mine)
    held(await other.reserve(all_of_them, money(10)))
    await other.settle(theirs, money(3))
    assert await ledger.usage(all_of_them) == await other.usage(all_of_them)
    assert await taken(ledger, *all_of_them) == [2, 1, 13]


async def test_counts_outlive_the_process(place: Place, ledger: Ledger) -> None:
    """A restart frees nothing that was used."""
    rate, purse = Rate("a", HOUR_US, 5, 50), Purse("a", 50, "month")
    await ledger.settle(held(await ledger.reserve([rate, purse], Amount(1, 20, 30))), Amount(1, 10, 20))
    await ledger.close()
    again = await place.opened()
    assert await taken(again, rate, purse) == [1, 10, 20]


async def test_a_ledger_closes_once(ledger: Ledger) -> None:
    """A second time is nothing."""
    await ledger.close()
    await ledger.close()


@pytest.mark.parametrize("name", ["", "ab", "x" * 32, "AB" * 16, "ab" * 40, "a" * 33, "ab" * 16 + "\r\n"])
async def test_a_reservation_has_a_name_of_hex(ledger: Ledger, name: str) -> None:
    """Whatever else could break out of a command."""
    rate = Rate("k", MINUTE_US, 1)
    with pytest.raises(ValueError, match="hex"):
        await ledger.reserve([rate], ONE, name)

    assert held(await ledger.reserve([rate], ONE, "ab" * 17)).id == "ab" * 17
