"""The official OpenAI SDK, pointed at the gateway with nothing but a base URL and a token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import openai
import pytest
from openai.types.chat import ChatCompletion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.servers.gateway_server import GatewayServer


@pytest.fixture
def client(demo_gateway: GatewayServer) -> Iterator[openai.OpenAI]:
    """The SDK as alice, an analyst in sales."""
    with openai.OpenAI(
        base_url=f"{demo_gateway.url}/v1", api_key=demo_gateway.token(), max_retries=0
    ) as made:
        yield made


def test_a_chat_completion(client: openai.OpenAI) -> None:
    """A whole answer parses into the SDK's own type, with usage and the request's id."""
    answer = client.chat.completions.create(
        model="demo-small", messages=[{"role": "user", "content": "Hello Regent"}]
    )

    assert isinstance(answer, ChatCompletion)
    assert answer.choices[0].message.content == "echo: Hello Regent"
    assert answer.usage is not None
    assert answer.usage.total_tokens > 0
    assert str(answer._request_id).startswith("req_")


def test_a_streamed_chat_completion(client: openai.OpenAI) -> None:
    """The pieces add up to the same answer; without being asked for, no usage is shown."""
    chunks = list(
        client.chat.completions.create(
            model="demo-small", messages=[{"role": "user", "content": "Hello Regent"}], stream=True
        )
    )

    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "echo: Hello Regent"
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert not [chunk for chunk in chunks if chunk.usage]


def test_a_stream_that_the_sdk_read_to_its_end_is_an_outcome(
    gateway_server: Callable[..., GatewayServer],
) -> None:
    """The SDK leaves as soon as it has read [DONE]; the answer was delivered all the same."""
    gateway = gateway_server(providers={"demo": {"adapter": "echo", "delay_ms": 5}})
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=gateway.token()) as client:
        for _ in range(5):
            list(
                client.chat.completions.create(
                    model="demo-small", messages=[{"role": "user", "content": "Hello"}], stream=True
                )
            )
    gateway.stop()

    assert [row.end for row in gateway.rows()] == ["outcome"] * 5


def test_a_stream_shows_usage_to_who_asks(client: openai.OpenAI) -> None:
    """Exactly one usage chunk, the last."""
    chunks = list(
        client.chat.completions.create(
            model="demo-small",
            messages=[{"role": "user", "content": "Hello Regent"}],
            stream=True,
            stream_options={"include_usage": True},
        )
    )

    assert [False] * (len(chunks) - 1) + [True] == [chunk.usage is not None for chunk in chunks]


def test_the_models_are_those_that_the_caller_may_use(demo_gateway: GatewayServer) -> None:
    """Somebody in HR doesn't see a model that runs in the cloud only... unless its data has no label."""
    seen = {}
    for user, team in (("alice", "sales"), ("heidi", "hr")):
        with openai.OpenAI(
            base_url=f"{demo_gateway.url}/v1", api_key=demo_gateway.token(user, team)
        ) as client:
            seen[user] = [model.id for model in client.models.list()]

    assert seen == {"alice": ["demo-cloud-only", "demo-small"], "heidi": ["demo-small"]}


def test_one_model_can_be_shown(client: openai.OpenAI) -> None:
    """A model that may not be used looks like one that doesn't exist."""
    assert client.models.retrieve("demo-small").id == "demo-small"
    with pytest.raises(openai.NotFoundError) as refused:
        client.models.retrieve("demo-none")

    assert refused.value.code == "model.unknown"


def test_a_refusal_is_the_sdks_own_error(demo_gateway: GatewayServer) -> None:
    """Code, type and the policy's text arrive where the SDK's users look for them."""
    with (
        openai.OpenAI(base_url=f"{demo_gateway.url}/v1", api_key=demo_gateway.token("heidi", "hr")) as client,
        pytest.raises(openai.PermissionDeniedError) as refused,
    ):
        client.chat.completions.create(
            model="demo-cloud-only", messages=[{"role": "user", "content": "Hello"}]
        )

    assert (refused.value.code, refused.value.type) == ("residency.hr_onprem", "permission_error")
    assert "on-prem" in refused.value.message


def test_a_wrong_key_is_an_authentication_error(demo_gateway: GatewayServer) -> None:
    """A stranger learns that he is one, and nothing else."""
    with (
        openai.OpenAI(base_url=f"{demo_gateway.url}/v1", api_key="sk-nonsense") as client,
        pytest.raises(openai.AuthenticationError) as refused,
    ):
        client.models.list()

    assert refused.value.code == "identity.malformed"
