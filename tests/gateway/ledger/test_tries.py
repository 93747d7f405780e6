"""No number of tries spends more than there is: what may be charged is held for before it is asked for."""

from __future__ import annotations

from random import Random
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from adapters.contract import Completed, UpstreamCode, UpstreamError, Usage
from gateway.accounts import Purse, Rate
from gateway.errors import Refused
from gateway.ledger.settling import BackgroundSettling
from gateway.ports import Counting, Upstream
from gateway.steps.forward import forward
from gateway.steps.reserve import reserve, reserve_again
from gateway.steps.settle import settle
from gateway.types import Allow, Deployment, Origin, PermittedCall, Retain, Trail

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from adapters.contract import ChatRequest
    from gateway.ports import Ledger, Ports
    from tests.gateway.conftest import Builders

PROMPT, LONGEST = 10, 90
MOST = PROMPT + LONGEST
"""What one try can take, of tokens and, at a micro-dollar each, of money."""
SUM = 20 * MOST
DAY_US = 86_400_000_000


class Provider:
    """Places that charge in full whenever they may, also where they don't answer."""

    def __init__(self, chance: Any) -> None:
        self._chance = chance
        self.charged = 0

    async def chat(self, _: ChatRequest) -> Completed:
        happens = self._chance.choice(
            (UpstreamCode.TIMEOUT, UpstreamCode.MALFORMED, UpstreamCode.BROKEN, None)
        )
        if happens is not None:
            self.charged += MOST
            raise UpstreamError(happens, status=504, message="no")
        self.charged += PROMPT + 5
        return Completed(b"{}", Usage(PROMPT, 5, PROMPT + 5), None, None, None)

    async def close(self) -> None: ...


class Market:
    """A token is a micro-dollar, and prompts are counted exactly."""

    def prompt(self, body: Any, models: Iterable[str] = ()) -> Any:
        del body, models
        return SimpleNamespace(expected=PROMPT, upper=PROMPT, bound=PROMPT)

    def priced(self, _: Deployment) -> bool:
        return True

    def estimate(self, _: Sequence[Deployment], prompt: int, completion: int, *__: Any) -> int:
        return prompt + completion

    def charge(self, _: Deployment, usage: Usage, *__: Any) -> int:
        return usage.total_tokens

    def origin(self, _: str) -> str:
        return "settings"


def house(ledger: Ledger) -> Ports:
    """As much of it as counting needs."""
    market = cast("Any", Market())
    counting = Counting(ledger, BackgroundSettling(ledger, lambda _: None), market, LONGEST, lambda _: None)
    return cast("Ports", SimpleNamespace(counting=counting, tokens=market, now_us=lambda: 0))


def permitted(build: Builders, number: int, *allowances: Any) -> PermittedCall:
    """A call that three places may serve."""
    places = tuple(Deployment(name, "p", "m", name, "z", "r") for name in "abc")
    allow = Allow((), (), Origin("e", "r", "", "p"))
    call = build.call(decision_id=f"{number:032x}")
    return PermittedCall(
        call, build.principal(), places, {}, LONGEST, Retain("digest", 1), allow, allowances=allowances
    )


@pytest.mark.parametrize("seed", range(3))
async def test_no_tries_overspend(build: Builders, ledger: Ledger, seed: int) -> None:
    """Whatever fails: what places charge is never more than the ledger has, nor than the sum."""
    chance = Random(seed)  # noqa: S311 - a chance that the test can repeat
    provider, rules = Provider(chance), (Purse("k", SUM, "year"), Rate("k", DAY_US, tokens=SUM))
    here, upstream = house(ledger), Upstream(cast("Any", provider), "max_tokens", 1, 1, 1, 1)
    refused = 0
    for number in range(60):
        call = permitted(build, number, *rules)
        trail = Trail(build.raw(b"{}"), call=call.call, permitted=call, opened=True)
        try:
            trail.reservation = await reserve(call, here.counting, here.tokens)
            again = cast("Any", lambda place, trail=trail: reserve_again(trail, here, place))
            trail.reply = await forward(call, {"p": upstream}, trail.attempts, again)
        except Refused as error:
            refused += error.code.startswith(("budget.", "limit."))
        if trail.reservation is None:
            trail.opened = False
        await settle(trail, here)
        await cast("Any", here.counting).settling.close()
        money, tokens = await ledger.usage(rules)
        assert money.reserved == 0
        assert provider.charged <= money.used <= SUM
        assert money.used == tokens.used

    assert refused
    assert provider.charged > SUM - 3 * MOST
