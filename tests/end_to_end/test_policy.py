"""What the shipped policies promise, seen by an application."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.end_to_end.conftest import Http, Sections, Upstream
    from tests.servers.gateway_server import GatewayServer


def test_access_by_role_and_residency_by_label(
    gateway_server: Callable[..., GatewayServer], http_client: Http
) -> None:
    """The table of who gets what, and where it runs."""
    gateway = gateway_server()
    hello = http_client.hello
    table = [
        ("alice", "sales", ("analyst",), hello(), {}, 200, "echo-cloud"),
        ("heidi", "hr", ("analyst",), hello(), {}, 200, "echo-onprem"),
        ("heidi", "hr", ("analyst",), hello("demo-cloud-only"), {}, 403, "residency.hr_onprem"),
        ("alice", "sales", ("analyst",), hello(metadata={"labels": "HR"}), {}, 200, "echo-onprem"),
        ("alice", "sales", ("analyst",), hello(), {"x-regent-labels": "hr"}, 200, "echo-onprem"),
        (
            "alice",
            "sales",
            ("analyst",),
            hello("demo-cloud-only"),
            {"x-regent-labels": "hr"},
            403,
            "residency.hr_onprem",
        ),
        ("mallory", "sales", ("nobody",), hello(), {}, 403, None),
        ("heidi", "hr", ("analyst",), hello("demo-cloud-only", metadata={"labels": "public"}), {}, 403, None),
        ("alice", "sales", ("analyst",), hello("gpt-4.1"), {}, 403, None),
    ]
    for user, team, roles, body, headers, status, expected in table:
        answer = http_client.send(gateway, body, token=gateway.token(user, team, *roles), headers=headers)
        assert (user, status) == (user, answer.status), answer.body
        if status == 403 and expected:
            assert expected == answer.json["error"]["code"]
        if status == 200:
            assert expected == _served_by(gateway, answer.headers["x-regent-decision-id"])


def _served_by(gateway: GatewayServer, decision_id: str) -> str:
    return str(gateway.row(decision_id).deployment)


async def test_hr_data_stays_on_prem_when_the_on_prem_model_is_down(
    gateway_server: Callable[..., GatewayServer],
    upstream: Upstream,
    upstream_settings: Sections,
    http_client: Http,
) -> None:
    """The answer is an error, not the cloud: the fallback never leaves the permitted set."""

    async def down(_: web.Request) -> web.StreamResponse:
        return web.json_response({"error": {"message": "maintenance"}}, status=503)

    upstream.handler = down
    gateway = gateway_server(**upstream_settings())
    token = gateway.token("heidi", "hr", "developer")
    answer = await asyncio.to_thread(http_client.send, gateway, http_client.hello("hr-model"), token=token)

    assert (answer.status, answer.json["error"]["code"]) == (503, "upstream.unavailable")
    assert len(upstream.seen) == 1


async def test_the_clamp_reaches_the_provider(
    gateway_server: Callable[..., GatewayServer],
    upstream: Upstream,
    upstream_settings: Sections,
    http_client: Http,
) -> None:
    """An analyst's limit is lowered, or set where the client set none; labels stay behind."""
    gateway = gateway_server(
        **{
            **upstream_settings(),
            "deployments": [
                {
                    "id": "up",
                    "serves": "demo-up",
                    "model": "upstream-1",
                    "provider": "upstream",
                    "zone": "onprem",
                    "region": "eu",
                }
            ],
        }
    )
    for more in ({}, {"max_tokens": 100_000}, {"max_tokens": 7}):
        body = http_client.hello(
            "demo-up", metadata={"labels": "hr", "ticket": "7"}, unknown_field=[1], **more
        )
        answer = await asyncio.to_thread(http_client.send, gateway, body, token=gateway.token())
        assert answer.status == 200, answer.body

    assert [(body.get("max_tokens"), body.get("max_completion_tokens")) for body in upstream.seen] == [
        (None, 4096),
        (4096, None),
        (7, None),
    ]
    assert upstream.seen[0]["metadata"] == {"ticket": "7"}
    assert upstream.seen[0]["unknown_field"] == [1]
    assert upstream.seen[0]["model"] == "upstream-1"
