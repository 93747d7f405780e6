"""What callers see of limits and budgets: which of which level, what is left, when there is room again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway import quotas
from gateway.accounts import Concurrency, Overdrawn, Purse, Rate, Standing
from gateway.reasons import LEVELS, REASONS

if TYPE_CHECKING:
    from gateway.accounts import Allowance, Quantity
    from gateway.errors import Refused

SECOND_US = 1_000_000
NOW_US = 1_795_302_000 * SECOND_US  # 2026-11-21T23:00:00Z
RATE = Rate("burst/team:hr", 60 * SECOND_US, requests=10, tokens=1000)
PURSE = Purse("hr/user#ab12", 5_000_000, "month")


def standing(allowance: Allowance, quantity: Quantity, most: int, used: int, reset_s: int = 0) -> Standing:
    """How an allowance stands, with nothing reserved."""
    return Standing(allowance, quantity, most, used, 0, NOW_US + reset_s * SECOND_US)


def refused(stands: Standing, asked: int, retry_us: int | None) -> Refused:
    """The refusal of a call that doesn't fit, with room again after so long."""
    retry_at_us = None if retry_us is None else NOW_US + retry_us
    return quotas.refusal(Overdrawn(stands, asked, retry_at_us, NOW_US))


@pytest.mark.parametrize(
    ("key", "row", "level"),
    [
        ("hr/team:hr", "hr", "team"),
        ("all/everybody", "all", "everybody"),
        ("x/user#4acd", "x", "user"),
        ("x/team", "x", "team"),
        ("x/team:a/user:b", "x", "team"),
        ("x/teams:hr", "", "key"),
        ("x/key:hr", "", "key"),
        ("cost:eu", "", "key"),
        ("Rows/team:hr", "", "key"),
        ("x/team:hr\n", "x", "team"),
        ("", "", "key"),
    ],
)
def test_a_key_says_row_and_level(key: str, row: str, level: str) -> None:
    """Of a key of another make nothing is told."""
    assert quotas.account(key) == (row, level)


def test_every_code_that_a_refusal_can_have_is_listed() -> None:
    """Each quantity of each level, with a status and a text of its own."""
    for level in LEVELS:
        key = "x/" + level if level != "key" else "other"
        for quantity in ("requests", "tokens", "concurrent"):
            found = refused(standing(Rate(key, SECOND_US, 1, 1), quantity, 1, 1), 1, SECOND_US)
            assert (found.code, found.status) == (f"limit.{quantity}.{level}", 429)
        found = refused(standing(Purse(key, 1, "day"), "usd_micros", 1, 1), 1, SECOND_US)
        assert (found.code, found.error_type) == (f"budget.{level}", "insufficient_quota")
        assert found.code in REASONS


def test_a_limit_says_when_there_is_room_again() -> None:
    """In whole seconds, rounded up: whoever waits so long isn't refused for nothing."""
    found = refused(standing(RATE, "requests", 10, 10, 42), 1, 2_000_001)
    headers = dict(found.headers)

    assert (found.code, found.retry_after, found.param) == ("limit.requests.team", "3", "burst")
    assert found.message == "The limit of your team (`burst`) is reached: at most 10 requests in 1m0s."
    assert headers[b"x-ratelimit-remaining-requests"] == b"0"
    assert headers[b"x-ratelimit-reset-requests"] == b"42s"
    assert b"x-should-retry" not in headers


def test_a_call_that_never_fits_is_not_to_be_tried_again() -> None:
    """It asks for more than the whole limit: no time to wait, and clients are told so."""
    found = refused(standing(RATE, "tokens", 1000, 0), 1001, None)

    assert (found.code, found.retry_after) == ("limit.tokens.team", None)
    assert found.message == "This call may take 1001 tokens; your team (`burst`) may have 1000 in 1m0s."
    assert (b"x-should-retry", b"false") in found.headers


def test_what_runs_at_once_may_be_tried_again_soon() -> None:
    """Nobody knows when another call ends."""
    found = refused(standing(Concurrency("burst/user#ab", 2), "concurrent", 2, 2), 1, None)

    assert (found.code, found.retry_after) == ("limit.concurrent.user", "1")
    assert found.message == "The limit of your account (`burst`) is reached: at most 2 calls at once."


def test_a_budget_says_its_period_and_when_it_begins_anew() -> None:
    """Days away, so no client should try again by itself."""
    found = refused(standing(PURSE, "usd_micros", 5_000_000, 5_000_000, 86_400), 1, 86_400 * SECOND_US)

    assert (found.code, found.retry_after) == ("budget.user", "86400")
    assert found.message == (
        "The budget of your account (`hr`) for this month has too little left for this call. "
        "It begins anew at 2026-11-22T23:00:00Z."
    )
    assert (b"x-should-retry", b"false") in found.headers


def test_a_call_that_costs_more_than_a_whole_budget_is_told_what_to_do() -> None:
    """Nothing may be spent yet, so "too little left" would send its sender looking for who spent it."""
    found = refused(standing(PURSE, "usd_micros", 5_000_000, 0, 86_400), 5_000_001, None)

    assert (found.code, found.retry_after) == ("budget.user", None)
    assert found.message == (
        "This call may cost more than the whole budget of your account (`hr`) for this month: "
        "ask for a shorter reply, for fewer, or another model."
    )
    assert (b"x-should-retry", b"false") in found.headers


def test_no_key_of_a_policys_own_make_is_told() -> None:
    """It may name what callers shouldn't know."""
    found = refused(standing(Rate("secret-project:42", SECOND_US, 1), "requests", 1, 1), 1, 1)

    assert (found.code, found.param) == ("limit.requests.key", None)
    assert "secret" not in found.message


def test_the_headers_show_the_tightest_limit_of_each_quantity() -> None:
    """Of a burst and what is sustained, whichever leaves less."""
    minute, second = Rate("a", 60 * SECOND_US, requests=100), Rate("a", SECOND_US, requests=10, tokens=50)
    shown = quotas.rates(
        [
            standing(minute, "requests", 100, 98, 60),
            standing(second, "requests", 10, 1, 1),
            standing(second, "tokens", 50, 20, 1),
            standing(PURSE, "usd_micros", 9, 9),
        ],
        NOW_US,
    )
    assert dict(shown) == {
        b"x-ratelimit-limit-requests": b"100",
        b"x-ratelimit-remaining-requests": b"2",
        b"x-ratelimit-reset-requests": b"1m0s",
        b"x-ratelimit-limit-tokens": b"50",
        b"x-ratelimit-remaining-tokens": b"30",
        b"x-ratelimit-reset-tokens": b"1s",
    }
    assert quotas.rates([standing(PURSE, "usd_micros", 9, 9)], NOW_US) == ()


@pytest.mark.parametrize(
    ("used", "expected"), [(79, ()), (80, ("budget.warning.user",)), (120, ("budget.warning.user",))]
)
def test_a_budget_runs_low_at_its_mark(used: int, expected: tuple[str, ...]) -> None:
    """From the mark on each answer says so."""
    purse = Purse("hr/user#ab", 100, "day", warn_ppm=(800_000,))
    assert quotas.low([standing(purse, "usd_micros", 100, used)]) == expected


def test_a_soft_budget_warns_when_it_is_spent() -> None:
    """It has no other way to say so."""
    soft = Purse("hr/team:hr", 100, "day", hard=False)
    assert quotas.low([standing(soft, "usd_micros", 100, 99)]) == ()
    assert quotas.low([standing(soft, "usd_micros", 100, 100)]) == ("budget.warning.team",)


@pytest.mark.parametrize(
    ("length_us", "shown"),
    [
        (0, "0ms"),
        (1, "1ms"),
        (999_000, "999ms"),
        (SECOND_US, "1s"),
        (59_000_001, "1m0s"),
        (360 * SECOND_US, "6m0s"),
        (3_600 * SECOND_US, "1h0m0s"),
        (90_061 * SECOND_US, "25h1m1s"),
    ],
)
def test_lengths_of_time_are_written_as_openai_does(length_us: int, shown: str) -> None:
    """Rounded up to what is shown."""
    assert quotas.duration(length_us) == shown
