"""What isn't hot: health, the API's description, and that nothing on its page comes from elsewhere."""

from __future__ import annotations

import re
import signal
import threading
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.end_to_end.conftest import Http
    from tests.servers.gateway_server import GatewayServer


def test_health(demo_gateway: GatewayServer, http_client: Http) -> None:
    """Liveness and readiness need no token and tell nothing else."""
    assert http_client.send(demo_gateway, method="GET", path="/healthz").json == {"status": "alive"}
    assert http_client.send(demo_gateway, method="GET", path="/readyz").json == {"status": "ready"}


def test_the_description_shows_the_hot_surfaces(demo_gateway: GatewayServer, http_client: Http) -> None:
    """Also those that the framework never serves."""
    described = http_client.send(demo_gateway, method="GET", path="/openapi.json").json["paths"]

    assert set(described) == {
        "/v1/chat/completions",
        "/v1/models",
        "/v1/models/{model}",
        "/v1/policy/bundles/regent.tar.gz",
        "/v1/audit/decisions",
        "/v1/audit/records/{id}",
        "/v1/audit/proofs/{id}",
        "/v1/audit/consistency",
        "/v1/audit/log/{path}",
        "/v1/usage",
        "/v1/usage/own",
        "/v1/budgets/standing",
        "/v1/budgets/corrections",
        "/healthz",
        "/readyz",
    }
    assert "requestBody" in described["/v1/chat/completions"]["post"]
    rows = described["/v1/audit/decisions"]["get"]
    assert {"subject", "cursor"} < {each["name"] for each in rows["parameters"]}
    assert {"200", "400", "401", "403", "503"} <= set(rows["responses"])
    for path in described:
        named = {
            each["name"]
            for each in described[path].get("get", {}).get("parameters", [])
            if each["in"] == "path"
        }
        assert named == set(re.findall(r"{(\w+)}", path))


def test_the_page_loads_nothing(demo_gateway: GatewayServer, http_client: Http) -> None:
    """No script, font or style from anywhere: whoever reads it tells nobody."""
    page = http_client.send(demo_gateway, method="GET", path="/docs").body.decode()

    assert "/v1/chat/completions" in page
    assert re.findall(r"(?:src|href)=\"(?!/openapi\.json)", page) == []
    assert "<script" not in page


@pytest.mark.engine("opa")
def test_an_opa_that_is_away_is_no_readiness(
    gateway_server: Callable[..., GatewayServer], http_client: Http
) -> None:
    """Calls are refused with the engine's own code, and the load balancer is told."""
    gateway = gateway_server(
        started=False, policy={"engine": "opa", "opa": {"url": "unix:///nonexistent/opa.sock"}}
    )
    gateway.awaited = "/healthz"
    gateway.start()
    refused = http_client.send(gateway, http_client.hello(), token=gateway.token())
    ready = http_client.send(gateway, method="GET", path="/readyz")

    assert (refused.status, refused.json["error"]["code"]) == (503, "engine.unavailable")
    assert refused.headers["retry-after"]
    assert (ready.status, ready.json) == (503, {"status": "engine.unavailable"})
    assert gateway.row(refused.json["decision_id"]).reason_code == "engine.unavailable"


def test_ctrl_c_lets_open_answers_finish(
    gateway_server: Callable[..., GatewayServer], http_client: Http
) -> None:
    """A stream that is under way comes to its end, the log is closed in order, and nothing is lost."""
    gateway = gateway_server(providers={"demo": {"adapter": "echo", "delay_ms": 100}})
    got: list[str] = []
    token = gateway.token()

    def stream() -> None:
        body = http_client.hello(stream=True)
        got.extend(http_client.send(gateway, body, token=token).events)

    thread = threading.Thread(target=stream)
    thread.start()
    threading.Event().wait(0.25)
    gateway._end(signal.SIGINT)
    thread.join()
    verified = gateway.regent("audit", "verify")

    assert got[-1] == "[DONE]"
    assert [(row.action, row.end) for row in gateway.rows()] == [("allow", "outcome")]
    assert "no close" not in verified.stdout
    assert verified.returncode == 10, verified.stdout


def test_a_taken_port_opens_no_log(
    demo_gateway: GatewayServer, gateway_server: Callable[..., GatewayServer]
) -> None:
    """Whoever can't listen has nothing to record."""
    other = gateway_server(started=False, server={"port": demo_gateway.port})
    done = other.regent("serve")

    assert done.returncode != 0
    assert "Address already in use" in done.stderr
    assert not other.audit.exists()


def test_workers_that_cannot_start_end_the_command(gateway_server: Callable[..., GatewayServer]) -> None:
    """No welcome and no endless respawning: the supervisor gives up."""
    gateway = gateway_server(started=False, server={"workers": 2}, audit={"folder": "/proc/nowhere"})
    done = gateway.regent("serve")

    assert done.returncode != 0
    assert "listening" not in done.stderr
