"""reserve and settle: the most is held first; what was taken is what counts, however the call ends."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from adapters.contract import Completed, UpstreamCode, UpstreamError, Usage
from gateway.accounts import Amount, Concurrency, Overdrawn, Purse, Rate, Reservation, Standing
from gateway.errors import LedgerError, Refused
from gateway.ports import Counting
from gateway.steps.enforce import enforce
from gateway.steps.reserve import reserve, reserve_again
from gateway.steps.settle import settle
from gateway.types import Allow, Attempt, Budget, Candidates, Charge, Clamp, Limit, Reply, Route, Trail

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable, Sequence

    from gateway.accounts import Allowance
    from gateway.ports import Ports, Tokens
    from gateway.types import Call, Deployment, Obligation, PermittedCall
    from tests.gateway.conftest import Builders

PROMPT, UPPER, BOUND = 100, 150, 400
TOLD = 40
RATE = Limit("k", 60, tokens=10**6)
BUDGET = Budget("k", 10**9, hard=True, period="day")


class Counter:
    """Ledger, settling, prices and tokens, all of which say what the test wants and keep what they are told.

    A token costs 2 micro-dollars; the deployment `dear` three times as much; `unpriced` has no price.
    """

    def __init__(self, found: Overdrawn | LedgerError | None = None) -> None:
        self.found = found
        self.reserved: list[Amount] = []
        self.settled: list[Amount | None] = []
        self.warned: list[Any] = []
        self.took_us: list[int] = []

    async def reserve(
        self, allowances: Sequence[Allowance], amount: Amount, name: str | None = None
    ) -> Reservation | Overdrawn:
        self.reserved.append(amount)
        if isinstance(self.found, LedgerError):
            raise self.found
        return self.found or Reservation(name or "ab" * 16, tuple(allowances), amount, 0, ())

    def begin(self, _: Reservation, actual: Amount | None) -> Awaitable[None]:
        self.settled.append(actual)
        done = asyncio.get_running_loop().create_future()
        if actual is not None:
            done.set_result(None)
        return done

    def priced(self, deployment: Deployment) -> bool:
        return deployment.id != "unpriced"

    def estimate(
        self, deployments: Iterable[Deployment], prompt_tokens: int, completion_tokens: int, *_: Any
    ) -> int | None:
        return max(self._each(each) for each in deployments) * (prompt_tokens + completion_tokens)

    def charge(self, deployment: Deployment, usage: Usage, upstream_us: int, *_: Any) -> int | None:
        self.took_us.append(upstream_us)
        return self._each(deployment) * usage.total_tokens if self.priced(deployment) else None

    def origin(self, deployment: str) -> str | None:
        return None if deployment == "unpriced" else "settings"

    def prompt(self, body: Any, models: Iterable[str] = ()) -> Any:
        del body, models
        return SimpleNamespace(expected=PROMPT, upper=UPPER, bound=BOUND)

    def reply(self, body: bytes, model: str) -> int:
        del body, model
        return TOLD

    def _each(self, deployment: Deployment) -> int:
        return 6 if deployment.id == "dear" else 2

    @property
    def counting(self) -> Counting:
        return Counting(cast("Any", self), cast("Any", self), cast("Any", self), 1000, self.warned.extend)


def permitted(
    build: Builders, *obligations: Obligation, names: tuple[str, ...] = ("echo-cloud",), **call: Any
) -> PermittedCall:
    """A call under obligations, that these deployments may serve."""
    places = tuple(build.deployment(name) for name in names)
    asked: Call = build.call(**call)
    allow: Allow = build.allow(Route(names), *obligations)
    return enforce(
        asked, build.principal(), Candidates(places, ()), build.allow(Route(names)), allow, Counter().counting
    )


@pytest.mark.parametrize(
    ("obligations", "call", "expected"),
    [
        ([Limit("k", 60, requests=5)], {}, Amount(1)),
        ([Limit("k", concurrent=5)], {}, Amount(1)),
        ([RATE], {}, Amount(1, UPPER + 1000)),
        ([RATE], {"max_tokens": 7}, Amount(1, UPPER + 7)),
        ([RATE, Clamp(50)], {"max_tokens": 70}, Amount(1, UPPER + 50)),
        ([RATE], {"max_tokens": 7, "choices": 3}, Amount(1, UPPER + 21)),
        ([BUDGET], {"max_tokens": 50}, Amount(1, UPPER + 50, 2 * (BOUND + 50))),
    ],
    ids=str,
)
async def test_the_most_that_a_call_can_take_is_held(
    build: Builders, obligations: list[Obligation], call: dict[str, Any], expected: Amount
) -> None:
    """Only what is counted is estimated; every choice may be as long as the longest."""
    counter = Counter()
    held = await reserve(permitted(build, *obligations, **call), counter.counting, cast("Tokens", counter))

    assert held is not None
    assert counter.reserved == [expected]


@pytest.mark.parametrize("own", [None, 7])
def test_no_other_name_of_a_limit_is_more_than_what_is_held(build: Builders, own: int | None) -> None:
    """Upstreams differ in which of several they obey; whatever goes on is at most what was reserved."""
    limits = {"max_completion_tokens": 2_000, "max_new_tokens": 2_000, "options": {"num_predict": 2_000}}
    body = {**limits, **({} if own is None else {"max_tokens": own})}
    call = permitted(build, BUDGET, max_tokens=own, body=body)

    most = call.max_tokens
    assert most == (own or 1_000)
    assert call.body["max_completion_tokens"] == call.body["max_new_tokens"] == most
    assert call.body["options"] == {"num_predict": most}
    assert permitted(build, Limit("k", 60, requests=5), max_tokens=own, body=body).body == body


async def test_the_dearest_deployment_sets_the_estimate(build: Builders) -> None:
    """A fallback may be what serves; what has no price isn't among those that do."""
    counter = Counter()
    call = permitted(build, BUDGET, names=("echo-cloud", "dear", "unpriced"), max_tokens=50)
    await reserve(call, counter.counting, cast("Tokens", counter))

    assert [each.id for each in call.deployments] == ["echo-cloud", "dear"]
    assert counter.reserved == [Amount(1, UPPER + 50, 6 * (BOUND + 50))]


async def test_what_is_free_by_the_policys_word_costs_nothing(build: Builders) -> None:
    """And stays permitted."""
    counter = Counter()
    free = Budget("k", 10**9, hard=True, period="day", unpriced="free")
    call = permitted(build, free, names=("unpriced",), max_tokens=50)
    await reserve(call, counter.counting, cast("Tokens", counter))

    assert counter.reserved == [Amount(1, UPPER + 50, 0)]


def test_a_budget_without_a_price_refuses(build: Builders) -> None:
    """An unknown price isn't one of nothing."""
    with pytest.raises(Refused) as refused:
        permitted(build, BUDGET, names=("unpriced",))

    assert refused.value.code == "budget.unpriced"


async def test_nothing_is_asked_where_nothing_is_limited(build: Builders) -> None:
    """Calls without limits and budgets don't depend on the ledger."""
    counter = Counter(LedgerError("ledger.unavailable", "down"))
    assert await reserve(permitted(build), counter.counting, cast("Tokens", counter)) is None


@pytest.mark.parametrize("code", ["ledger.unavailable", "ledger.busy", "ledger.full", "ledger.lost"])
async def test_a_ledger_that_fails_refuses(build: Builders, code: str) -> None:
    """With its own reason, and nothing of its detail for the caller."""
    counter = Counter(LedgerError(code, "redis://secret@host"))
    with pytest.raises(Refused) as refused:
        await reserve(permitted(build, RATE), counter.counting, cast("Tokens", counter))

    assert (refused.value.code, refused.value.status) == (code, 503)
    assert "secret" not in refused.value.message


async def test_what_does_not_fit_is_refused(build: Builders) -> None:
    """By the allowance that refuses."""
    standing = Standing(Rate("x/team:hr", 60_000_000, 1), "requests", 1, 1, 0, 9)
    counter = Counter(Overdrawn(standing, 1, 9, 1))
    with pytest.raises(Refused) as refused:
        await reserve(permitted(build, RATE), counter.counting, cast("Tokens", counter))

    assert refused.value.code == "limit.requests.team"


def trail_of(build: Builders, call: PermittedCall, *allowances: Allowance) -> Trail:
    """A call that has left the house, with something held for it."""
    trail = Trail(build.raw(b"{}"), call=call.call, permitted=call, opened=True)
    trail.reservation = Reservation("ab" * 16, allowances or call.allowances, Amount(1), 0, ())
    return trail


def house(counter: Counter) -> Ports:
    """As much of the house as settling needs."""
    return cast("Ports", SimpleNamespace(counting=counter.counting, tokens=counter, now_us=lambda: 77))


def answered(place: Deployment, usage: Usage | None) -> Reply:
    """A whole answer."""
    return Reply(place, Completed(b"{}", usage, None, None, None), 5)


async def test_the_providers_count_is_what_is_charged(build: Builders) -> None:
    """Prompt and completion together; the same numbers are recorded and settled."""
    counter, call = Counter(), permitted(build, BUDGET)
    trail = trail_of(build, call)
    trail.reply = answered(call.deployments[0], Usage(10, 5, 15, cached_tokens=4, reasoning_tokens=2))
    await settle(trail, house(counter))
    await settle(trail, house(counter))

    assert trail.charge == Charge(10, 5, 4, 2, usd_micros=30, prices="settings")
    assert counter.settled == [Amount(1, 15, 30)]


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (Usage(10, 5, 315, reasoning_tokens=300), (10, 305, 0, 300)),  # xAI
        (Usage(10, 5, 315), (10, 305, 0, 0)),
        (Usage(10, 5, 15, reasoning_tokens=300), (10, 305, 0, 300)),
        (Usage(10, 5, 12), (10, 5, 0, 0)),  # a total that is less than its parts gives nothing back
        (Usage(10, 5, 15, cached_tokens=50_000), (10, 5, 10, 0)),
    ],
    ids=str,
)
async def test_thoughts_beside_the_completion_are_charged(
    build: Builders, usage: Usage, expected: tuple[int, ...]
) -> None:
    """Some providers have them in the total alone; and no part of a charge is more than its whole."""
    counter, call = Counter(), permitted(build, BUDGET)
    trail = trail_of(build, call)
    trail.reply = answered(call.deployments[0], usage)
    await settle(trail, house(counter))

    charge = trail.charge
    assert charge is not None
    found = (charge.prompt_tokens, charge.completion_tokens, charge.cached_tokens, charge.reasoning_tokens)
    assert found == expected
    assert counter.settled[0] is not None
    assert counter.settled[0].tokens == expected[0] + expected[1]


async def test_a_provider_that_says_nothing_is_estimated(build: Builders) -> None:
    """From the prompt and from what was told; the record says that it is an estimate."""
    counter, call = Counter(), permitted(build, BUDGET)
    trail = trail_of(build, call)
    trail.reply = answered(call.deployments[0], None)
    await settle(trail, house(counter))

    assert trail.charge == Charge(
        PROMPT, TOLD, estimated=True, usd_micros=2 * (PROMPT + TOLD), prices="settings"
    )
    assert counter.settled == [Amount(1, PROMPT + TOLD, 2 * (PROMPT + TOLD))]


async def test_a_stream_that_broke_off_is_charged_as_far_as_it_went(build: Builders) -> None:
    """What its caller was sent, and the prompt; a machine is paid for until the end."""
    counter, call = Counter(), permitted(build, BUDGET)
    trail = trail_of(build, call)
    trail.reply = Reply(call.deployments[0], cast("Any", SimpleNamespace(usage=None)), 5)
    trail.delivery.sent = cast("Any", SimpleNamespace(tokens=7))
    trail.replied_us = 70
    await settle(trail, house(counter), cut=True)

    assert counter.settled == [Amount(1, PROMPT + 7, 2 * (PROMPT + 7))]
    assert counter.took_us == [5 + 7]


@pytest.mark.parametrize(
    ("reported", "reason", "cut", "expected"),
    [
        (Usage(10, 0, 10), None, True, PROMPT + 7),
        (Usage(10, 7, 17), None, True, 17),
        (Usage(10, 6, 16), "stop", True, 16),
        (Usage(10, 0, 10), None, False, 10),
    ],
    ids=str,
)
async def test_a_report_from_before_the_end_makes_no_stream_free(
    build: Builders, reported: Usage, reason: str | None, *, cut: bool, expected: int
) -> None:
    """Some report in every chunk, or in the first one: who leaves then pays for what was sent all the same.

    What was reported with the end is the provider's last word, and stays so.
    """
    counter, call = Counter(), permitted(build, BUDGET)
    trail = trail_of(build, call)
    stream = cast("Any", SimpleNamespace(usage=reported, finish_reason=reason))
    trail.reply = Reply(call.deployments[0], stream, 5)
    trail.delivery.sent = cast("Any", SimpleNamespace(tokens=7))
    await settle(trail, house(counter), cut=cut)

    assert counter.settled == [Amount(1, expected, 2 * expected)]
    assert trail.charge is not None
    assert trail.charge.estimated is (expected == PROMPT + 7)


async def test_a_report_from_before_a_break_makes_no_stream_free(build: Builders) -> None:
    """As when the client leaves."""
    counter, call = Counter(), permitted(build, BUDGET)
    trail = trail_of(build, call)
    stream = cast("Any", SimpleNamespace(usage=Usage(10, 0, 10), finish_reason=None))
    trail.reply = Reply(call.deployments[0], stream, 5)
    trail.delivery.sent = cast("Any", SimpleNamespace(tokens=7))
    trail.delivery.error = UpstreamError(UpstreamCode.STREAM_BROKEN, status=502, message="x")
    await settle(trail, house(counter))

    assert counter.settled == [Amount(1, PROMPT + 7, 2 * (PROMPT + 7))]


MOST, DEAREST = UPPER + 1000, BOUND + 1000


@pytest.mark.parametrize(
    ("attempts", "cut", "stream", "tokens", "cost"),
    [
        ([UpstreamCode.UNREACHABLE, UpstreamCode.UNREACHABLE], False, False, 0, 0),
        ([UpstreamCode.UNREACHABLE, UpstreamCode.REJECTED], False, False, 0, 0),
        ([UpstreamCode.UNREACHABLE, UpstreamCode.TIMEOUT], False, False, MOST, 6 * DEAREST),
        ([UpstreamCode.UNREACHABLE, UpstreamCode.TIMEOUT], False, True, PROMPT, 6 * PROMPT),
        ([UpstreamCode.TIMEOUT, UpstreamCode.REJECTED], False, True, PROMPT, 2 * PROMPT),
        ([UpstreamCode.BROKEN], False, False, MOST, 2 * DEAREST),
        ([], True, False, MOST, 2 * DEAREST),
        ([], True, True, PROMPT, 2 * PROMPT),
        ([UpstreamCode.UNREACHABLE], True, True, PROMPT, 6 * PROMPT),
    ],
    ids=str,
)
async def test_nobody_answered(
    build: Builders, attempts: list[UpstreamCode], *, cut: bool, stream: bool, tokens: int, cost: int
) -> None:
    """The request counts, and where somebody may have served it, what that can have taken, at their price.

    Of a whole reply that is all that was held for it; of a stream, which nobody began to read, the prompt.
    """
    counter = Counter()
    call = permitted(build, BUDGET, names=("echo-cloud", "dear"), stream=stream)
    trail = trail_of(build, call)
    trail.attempts = [
        Attempt(place.id, code) for place, code in zip(call.deployments, attempts, strict=False)
    ]
    await settle(trail, house(counter), cut=cut)

    assert counter.settled == [Amount(1, tokens, cost)]
    assert trail.charge is not None
    assert trail.charge.estimated is bool(tokens)


async def lost_once(build: Builders, counter: Counter, *obligations: Obligation) -> Trail:
    """A call whose first place didn't answer in time, on its way to the second."""
    call = permitted(build, *obligations, names=("echo-cloud", "dear"), max_tokens=50)
    trail = trail_of(build, call)
    trail.reservation = await reserve(call, counter.counting, cast("Tokens", counter))
    trail.attempts = [Attempt("echo-cloud", UpstreamCode.TIMEOUT)]
    await reserve_again(trail, house(counter), call.deployments[0])
    return trail


async def test_each_try_that_may_be_charged_has_a_hold_of_its_own(build: Builders) -> None:
    """The second is for who may still serve; the request counts once, and the charge is that of both."""
    counter = Counter()
    trail = await lost_once(build, counter, BUDGET, Limit("k", concurrent=1))
    call = trail.permitted
    assert call is not None
    assert counter.reserved == [
        Amount(1, UPPER + 50, 6 * (BOUND + 50)),
        Amount(0, UPPER + 50, 6 * (BOUND + 50)),
    ]
    assert trail.reservation is not None
    assert trail.reservation.id == call.call.decision_id + "01"
    assert [type(each) for each in trail.reservation.allowances] == [Purse]
    trail.reply = answered(call.deployments[1], Usage(10, 5, 15))
    trail.attempts.append(Attempt("dear", "served"))
    await settle(trail, house(counter))

    lost = Charge(UPPER, 50, estimated=True, usd_micros=2 * (BOUND + 50), prices="settings")
    assert trail.attempts[0].charge == lost
    assert trail.charge == replace(
        lost, prompt_tokens=UPPER + 10, completion_tokens=55, usd_micros=2 * (BOUND + 50) + 6 * 15
    )
    assert sorted(counter.settled, key=str) == [
        Amount(0, 15, 90),
        Amount(1, UPPER + 50, 2 * (BOUND + 50)),
    ]


async def test_what_counts_no_tokens_needs_no_second_hold(build: Builders) -> None:
    """A request is one, and is one call at once, however many places it is tried at."""
    counter = Counter()
    trail = await lost_once(build, counter, Limit("k", 60, requests=5), Limit("k", concurrent=1))
    await settle(trail, house(counter))

    assert len(counter.reserved) == 1
    assert [each.requests for each in counter.settled if each] == [1]


async def test_what_does_not_fit_twice_is_not_tried_twice(build: Builders) -> None:
    """The refusal is the budget's; the first try is paid for from its own hold, and nothing else is."""
    counter = Counter()
    trail = await lost_once(build, counter, BUDGET)
    trail.reservation, trail.lost = trail.lost[0].reservation, []
    counter.found = Overdrawn(Standing(Purse("x/team:hr", 9, "day"), "usd_micros", 9, 9, 0, 9), 1, 9, 1)
    place = build.deployment("echo-cloud")
    with pytest.raises(Refused) as refused:
        await reserve_again(trail, house(counter), place)
    await settle(trail, house(counter), cut=True)

    assert refused.value.code == "budget.team"
    assert counter.settled == [Amount(1, UPPER + 50, 2 * (BOUND + 50))]


async def test_what_never_left_the_house_is_released(build: Builders) -> None:
    """A log that takes no record costs no caller anything."""
    counter = Counter()
    trail = trail_of(build, permitted(build, BUDGET))
    trail.opened = False
    await settle(trail, house(counter))

    assert counter.settled == [None]


async def test_room_for_the_next_call_is_there_before_the_answer_is(build: Builders) -> None:
    """Whoever may make one call at a time may make the next when this one has ended: so it waits for that."""
    counter, call = Counter(), permitted(build, Limit("k", concurrent=1))
    released = trail_of(build, call, Concurrency("k", 1))
    released.opened = False  # the double never ends a release
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(settle(released, house(counter)), 0.01)

    unhurried = trail_of(build, call, Purse("k", 1, "day"))
    unhurried.opened = False
    await asyncio.wait_for(settle(unhurried, house(counter)), 5)
