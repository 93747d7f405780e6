"""Obligations merge to the stricter and never widen what may happen."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import obligations as kinds
from gateway.accounts import Concurrency, Purse, Rate
from gateway.errors import Refused
from gateway.obligations.terms import Terms
from gateway.types import Budget, Clamp, Deployment, Limit, Retain, Route

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.types import Obligation

CLOUD, ONPREM = (
    Deployment(id=name, provider="p", serves="m", model="m", zone=name, region="r")
    for name in ("cloud", "onprem")
)
NAMES = st.lists(st.sampled_from(["cloud", "onprem", "elsewhere"]), unique=True).map(tuple)
LIMITS = st.integers(1, 10_000)
WARMTHS = st.floats(0, 2) | st.integers(0, 2)


def terms(**body: object) -> Terms:
    """Terms before any obligation."""
    return Terms(candidates=(CLOUD, ONPREM), body=body)


def applied(sheet: Terms, obligations: Iterable[Obligation]) -> Terms:
    """The sheet once every obligation has written on it."""
    kinds.enforce(sheet, obligations)
    return sheet


@given(st.lists(NAMES, min_size=1))
def test_routes_intersect(routes: list[tuple[str, ...]]) -> None:
    """Only a candidate that every route names is permitted, in the first route's order; none refuses."""
    expected = tuple(
        name for name in routes[0] if name != "elsewhere" and all(name in route for route in routes)
    )
    try:
        after = applied(terms(), [Route(route) for route in routes])
    except Refused as refused:
        assert (refused.code, expected) == ("obligation.no_route", ())
    else:
        assert expected == tuple(deployment.id for deployment in after.permitted)
        assert expected


@given(st.lists(LIMITS, min_size=1), st.none() | LIMITS, st.none() | LIMITS)
def test_clamps_take_the_minimum(ceilings: list[int], old: int | None, new: int | None) -> None:
    """No limit in the body, nor the one that holds, exceeds the smallest clamp; none is ever raised."""
    before = terms(max_tokens=old, max_completion_tokens=new)
    after = applied(before, [Clamp(ceiling) for ceiling in ceilings])

    for field, value in (("max_tokens", old), ("max_completion_tokens", new)):
        assert (None if value is None else min(value, *ceilings)) == after.body[field]
    assert min(ceilings) == after.max_tokens


def test_a_clamp_never_raises_what_the_client_asked_for() -> None:
    """The limit that holds is the smaller of the client's and the policy's."""
    before = Terms(candidates=(), body={"max_tokens": 5}, max_tokens=5)

    after = applied(before, [Clamp(100)])

    assert (after.max_tokens, after.body) == (5, {"max_tokens": 5})


def test_a_clamp_holds_for_a_limit_by_any_name() -> None:
    """Another server's name for the limit is no way around the policy, and is not the client's own limit."""
    after = applied(terms(max_new_tokens=50, options={"num_predict": 70, "top_k": 4}), [Clamp(9)])

    assert (after.body, after.max_tokens) == (
        {"max_new_tokens": 9, "options": {"num_predict": 9, "top_k": 4}},
        9,
    )


@given(st.lists(WARMTHS, min_size=1), st.none() | WARMTHS, st.none() | WARMTHS)
def test_temperatures_take_the_minimum(
    limits: list[float], asked: float | None, nested: float | None
) -> None:
    """None is above the smallest clamp or raised, and what isn't named counts as 1."""
    least = min(limits)
    after = applied(
        terms(temperature=asked, options={"temperature": nested}),
        [Clamp(temperature=each) for each in limits],
    )

    expected = (None if least >= 1 else least) if asked is None else min(asked, least)
    assert expected == after.body["temperature"]
    assert after.body["options"] == {"temperature": None if nested is None else min(nested, least)}
    assert after.max_tokens is None


def test_a_temperature_that_nobody_named_is_written_in() -> None:
    """A limit under the default would else hold only for those who name a temperature."""
    assert applied(terms(), [Clamp(temperature=0.5)]).body == {"temperature": 0.5}
    assert applied(terms(), [Clamp(temperature=1)]).body == {}


def test_tokens_and_temperature_are_clamped_apart() -> None:
    """One clamp for each is as good as one for both."""
    body = {"max_tokens": 50, "temperature": 2}
    for clamps in ([Clamp(9), Clamp(temperature=0.5)], [Clamp(9, 0.5)], [Clamp(99, 0.5), Clamp(9, 1)]):
        after = applied(Terms(candidates=(), body=body, max_tokens=50), clamps)
        assert (after.body, after.max_tokens) == ({"max_tokens": 9, "temperature": 0.5}, 9)


def test_a_clamp_of_temperature_sets_no_limit_of_tokens() -> None:
    """What a clamp doesn't say stays as the client asked for it."""
    after = applied(Terms(candidates=(), body={"max_tokens": 50}, max_tokens=50), [Clamp(temperature=1.5)])

    assert (after.body, after.max_tokens) == ({"max_tokens": 50}, 50)


@given(st.lists(st.builds(Retain, st.sampled_from(["none", "digest", "sealed"]), LIMITS), min_size=1))
def test_retention_takes_the_more_private(retentions: list[Retain]) -> None:
    """One `none` keeps nothing, one `digest` seals nothing, and the fewest days count."""
    after = applied(terms(), retentions)

    asked = {retention.payload for retention in retentions}
    expected = "none" if "none" in asked else "digest" if "digest" in asked else "sealed"
    assert (after.retain.payload, after.retain.days) == (expected, min(each.days for each in retentions))


def test_an_obligation_that_nobody_enforces_denies() -> None:
    """An unknown kind was a condition of the permission, so it is never skipped."""
    with pytest.raises(Refused) as refused:
        applied(terms(), [cast("Obligation", object())])

    assert refused.value.code == "obligation.unknown"


def test_nothing_is_permitted_without_a_route() -> None:
    """Terms start with an empty permitted set, so a decision that names no place permits none."""
    assert applied(terms(), [Clamp(5)]).permitted == ()


@given(
    st.permutations([Route(("cloud",)), Route(("cloud", "onprem")), Clamp(9), Clamp(3), Retain("digest", 7)])
)
def test_the_order_of_obligations_makes_no_difference(shuffled: list[Obligation]) -> None:
    """Policies answer with sets, so any order must mean the same."""
    after = applied(terms(max_tokens=50), shuffled)

    assert (
        after.permitted,
        after.body,
        after.max_tokens,
        after.retain.days,
    ) == ((CLOUD,), {"max_tokens": 3}, 3, 7)


def test_limits_and_budgets_are_noted_for_the_ledger() -> None:
    """A window and what may run at once are two counters; marks keep the decimal that was written."""
    sheet = applied(
        terms(),
        [
            Limit("k", 60, requests=5, tokens=7, concurrent=2, share=0.5),
            Budget("k", 500, hard=True, period="day", time_zone="Europe/Berlin", warn_at=(0.8, 0.07)),
            Budget("r", 500, hard=False, window_s=60),
        ],
    )
    assert sheet.allowances == (
        Rate("k", 60_000_000, 5, 7, 0.5),
        Concurrency("k", 2, 0.5),
        Purse("k", 500, "day", time_zone="Europe/Berlin", warn_ppm=(70_000, 800_000)),
        Purse("r", 500, window_us=60_000_000, hard=False),
    )
    assert sheet.priced


def test_a_budget_may_say_that_what_has_no_price_is_free() -> None:
    """But of several budgets one that says nothing is enough to refuse."""
    free = Budget("k", 500, hard=True, period="day", unpriced="free")
    assert not applied(terms(), [free]).priced
    assert applied(terms(), [free, Budget("r", 500, hard=True, period="day")]).priced


@pytest.mark.parametrize("zone", ["Middle/Earth", "../../etc/passwd", "Europe"])
def test_a_zone_that_is_none_refuses(zone: str) -> None:
    """Without its midnight nobody knows when a budget begins."""
    with pytest.raises(Refused) as refused:
        applied(terms(), [Budget("k", 500, hard=True, period="day", time_zone=zone)])

    assert refused.value.code == "obligation.unknown"


def test_what_is_allowed_can_be_asked_without_a_call() -> None:
    """Only limits and budgets count, merged, and a route that leads nowhere is no matter."""
    found = kinds.allowances([Route(("elsewhere",)), Limit("k", concurrent=5), Limit("k", concurrent=2)])
    assert found == (Concurrency("k", 2),)
