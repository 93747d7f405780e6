"""What a compliance team asks after a decision: why it was made, and which controls last decided."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.end_to_end.conftest import Http
    from tests.servers.gateway_server import GatewayServer

POLICIES = Path(__file__).parents[2] / "policies"
NOT_DONE = 3


def test_a_recorded_refusal_is_explained(
    gateway_server: Callable[..., GatewayServer], http_client: Http
) -> None:
    """The id in the answer is enough: the recorded question is asked again, and the same reason is given."""
    gateway = gateway_server()
    denied = http_client.send(
        gateway, http_client.hello("demo-cloud-only"), token=gateway.token("heidi", "hr")
    )
    gateway.row(denied.json["decision_id"])
    gateway.stop()

    told = gateway.regent("policy", "explain", "--decision", denied.json["decision_id"], "--json")
    unknown = gateway.regent("policy", "explain", "--decision", "00" * 16)

    assert told.returncode == 0, told.stderr
    explained = json.loads(told.stdout)
    assert [reason["id"] for reason in explained["decision"]["reasons"]] == ["residency.hr_onprem"]
    assert explained["entrypoint"] == "gateway/request/decision"
    assert unknown.returncode == NOT_DONE
    assert "has no question of decision" in unknown.stderr


def test_the_matrix_shows_when_a_control_last_decided(
    gateway_server: Callable[..., GatewayServer], http_client: Http, opa: Path
) -> None:
    """A refusal stands beside the rule whose reason it was."""
    gateway = gateway_server()
    denied = http_client.send(
        gateway, http_client.hello("demo-cloud-only"), token=gateway.token("heidi", "hr")
    )
    gateway.row(denied.json["decision_id"])
    gateway.stop()

    told = gateway.regent("policy", "matrix", str(POLICIES), "--opa", str(opa))

    rows = [line for line in told.stdout.splitlines() if denied.json["decision_id"] in line]
    assert rows, told.stderr
    assert all("residency" in row for row in rows)


def test_without_a_log_it_says_so(gateway_server: Callable[..., GatewayServer], opa: Path) -> None:
    """A gateway that was never started has no decisions; the matrix can be had without."""
    gateway = gateway_server(started=False)

    missing = gateway.regent("policy", "matrix", str(POLICIES), "--opa", str(opa))
    without = gateway.regent("policy", "matrix", str(POLICIES), "--opa", str(opa), "--no-decisions")

    assert missing.returncode == NOT_DONE
    assert "there is no log in" in missing.stderr
    assert without.returncode == 0, without.stderr
