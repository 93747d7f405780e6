"""forward: tries the permitted deployments in order, and never one outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.contract import ChatRequest, Completed, Streaming, UpstreamCode, UpstreamError
from gateway.errors import Refused
from gateway.ports import Upstream
from gateway.steps.forward import ELSEWHERE, forward
from gateway.types import Allow, Attempt, Call, Deployment, Origin, PermittedCall, Principal, Retain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.gateway.conftest import Builders

ANSWER = Completed(body=b"{}", usage=None, model=None, response_id=None, finish_reason=None)


class Scripted:
    """An adapter that fails with a code, or answers where the code is None."""

    def __init__(self, code: UpstreamCode | None = None) -> None:
        self.code = code
        self.asked: list[ChatRequest] = []

    async def chat(self, request: ChatRequest) -> Completed | Streaming:
        self.asked.append(request)
        if self.code is not None:
            raise UpstreamError(self.code, status=503, message="no", retry_after="7")
        return ANSWER

    async def close(self) -> None: ...


def permitted(names: tuple[str, ...], call: Call, principal: Principal, **changes: object) -> PermittedCall:
    """A call that may run at `names`, each at a provider of its own."""
    fields: dict[str, object] = {"body": {"model": "m"}, "max_tokens": None, **changes}
    return PermittedCall(
        call=call,
        principal=principal,
        deployments=tuple(Deployment(name, name, "m", f"{name}-model", "z", "r") for name in names),
        retain=Retain("digest", 1),
        decision=Allow((), (), Origin("e", "r", "", "p")),
        **fields,  # type: ignore[arg-type] # the test names fields freely
    )


def upstreams(adapters: Mapping[str, Scripted]) -> dict[str, Upstream]:
    """Each adapter as a provider."""
    return {
        name: Upstream(adapter, "max_completion_tokens", 1.0, 2.0, 3.0, 4.0)
        for name, adapter in adapters.items()
    }


@pytest.mark.parametrize("code", sorted(ELSEWHERE))
async def test_a_place_that_fails_by_itself_hands_on_to_the_next(code: UpstreamCode, build: Builders) -> None:
    """The second permitted deployment serves, and both tries are told."""
    house = {"a": Scripted(code), "b": Scripted()}
    attempts: list[Attempt] = []
    reply = await forward(permitted(("a", "b"), build.call(), build.principal()), upstreams(house), attempts)

    assert reply.deployment.id == "b"
    assert [Attempt("a", str(code)), Attempt("b", "served")] == attempts
    assert house["b"].asked[0].model == "b-model"


@pytest.mark.parametrize("code", sorted(set(UpstreamCode) - ELSEWHERE))
async def test_a_failure_of_the_request_itself_is_not_repeated_elsewhere(
    code: UpstreamCode, build: Builders
) -> None:
    """A request that one provider refuses isn't shown to the next."""
    house = {"a": Scripted(code), "b": Scripted()}
    with pytest.raises(Refused) as refused:
        await forward(permitted(("a", "b"), build.call(), build.principal()), upstreams(house), [])

    assert (str(code), [], "7") == (refused.value.code, house["b"].asked, refused.value.retry_after)


def test_an_answer_that_broke_off_is_not_asked_for_again() -> None:
    """The provider may have served the call, and charged for it: asking the next could charge twice."""
    assert UpstreamCode.BROKEN not in ELSEWHERE


async def test_a_provider_gets_its_own_times(build: Builders) -> None:
    """What the settings say of a provider's patience reaches its adapter."""
    house = {"a": Scripted()}
    await forward(permitted(("a",), build.call(), build.principal()), upstreams(house), [])
    (asked,) = house["a"].asked

    times = (
        asked.connect_timeout_s,
        asked.first_byte_timeout_s,
        asked.idle_timeout_s,
        asked.answer_timeout_s,
    )
    assert times == (1.0, 2.0, 3.0, 4.0)


@given(st.lists(st.sampled_from("abcd"), min_size=1, unique=True), st.sets(st.sampled_from("abcd")))
async def test_the_permitted_set_travels(allowed: list[str], broken: set[str]) -> None:
    """Whatever fails, nobody outside the permitted set is ever asked; if all fail, the answer is an error."""
    call = Call("chat.completions", "r", "d", "", 0, "m")
    principal = Principal("a@b", "user", "i", None, None, (), (), {}, "oidc", 0, 0)
    house = {name: Scripted(UpstreamCode.UNREACHABLE if name in broken else None) for name in "abcd"}
    try:
        reply = await forward(permitted(tuple(allowed), call, principal), upstreams(house), [])
    except Refused as refused:
        assert refused.code == "upstream.unreachable"
        assert set(allowed) <= broken
    else:
        assert reply.deployment.id == next(name for name in allowed if name not in broken)
    assert not [name for name, adapter in house.items() if adapter.asked and name not in allowed]


@pytest.mark.parametrize(
    ("body", "limit", "expected"),
    [
        ({"model": "m"}, 9, {"model": "m", "max_completion_tokens": 9}),
        ({"model": "m", "max_tokens": 5}, 5, {"model": "m", "max_tokens": 5}),
        (
            {"model": "m", "max_tokens": None},
            9,
            {"model": "m", "max_tokens": None, "max_completion_tokens": 9},
        ),
        ({"model": "m"}, None, {"model": "m"}),
    ],
)
async def test_a_limit_that_only_policy_set_reaches_the_provider(
    body: dict[str, object], limit: int | None, expected: dict[str, object], build: Builders
) -> None:
    """A clamp is enforced also where the client set no limit of its own."""
    house = {"a": Scripted()}
    call = permitted(("a",), build.call(), build.principal(), body=body, max_tokens=limit)
    await forward(call, upstreams(house), [])

    assert expected == house["a"].asked[0].body
