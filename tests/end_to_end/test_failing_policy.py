"""Policies that fail: whatever the engine makes of one, the call is refused with a reason and recorded."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bundles import build as building
from gateway.reasons import REASONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.end_to_end.conftest import Http
    from tests.servers.engines import Deciding
    from tests.servers.gateway_server import GatewayServer

ROOT = Path(__file__).parents[2]
ADMISSION = """
package gateway.admission

# METADATA
# entrypoint: true
decision := {"allow": true, "reasons": [], "obligations": [], "advice": []}
"""
# Each model is another way to fail; the first is none.
REQUEST = """
package gateway.request

model := input.resource.id

obeyed(obligations) := {"allow": true, "reasons": [], "obligations": obligations, "advice": []}

place := input.resource.properties.deployments[0].id

route := {"kind": "route", "deployments": [place], "strategy": "ordered"}

retain := {"kind": "retain", "payload": "digest", "days": 1}

# METADATA
# entrypoint: true
decision := obeyed([route, retain]) if model in {"sound", "conflict"}

decision := obeyed([retain]) if model == "conflict"

decision := obeyed([route, {"kind": "retain", "payload": "digest", "days": 1 / (count(model) - 7)}]) if {
	model == "builtin"
}

decision := obeyed([route, retain]) if {
	model == "endless"
	some a in numbers.range(1, 3000)
	some b in numbers.range(1, 3000)
	some c in numbers.range(1, 3000)
	a + b == c * 3000
	c > 2999
}

decision := obeyed([route, retain]) if {
	model == "deep"
	opened := concat("", ["[" | some _ in numbers.range(1, 20000)])
	closed := concat("", ["]" | some _ in numbers.range(1, 20000)])
	count(json.unmarshal(concat("", [opened, closed]))) == 1
}

decision := {"allow": "yes"} if model == "malformed"

decision := {"allow": false, "reasons": [], "obligations": [], "advice": []} if model == "unexplained"

decision := obeyed([route, retain, {"kind": "pray"}]) if model == "unknown"

decision := obeyed([retain]) if model == "unrouted"
"""
# What becomes of a call to each model: status and code, by engine where they differ.
OUTCOMES: dict[str, tuple[int, str | dict[str, str]]] = {
    "sound": (200, "allowed"),
    "undefined": (503, "engine.undefined"),
    "conflict": (503, "engine.error"),
    "builtin": (503, "engine.error"),
    "endless": (503, {"embedded": "engine.budget_exceeded", "opa": "engine.timeout"}),
    "deep": (503, {"embedded": "engine.budget_exceeded", "opa": "engine.error"}),
    "malformed": (503, "decision.malformed"),
    "unexplained": (403, "decision.unexplained"),
    "unknown": (403, "obligation.unknown"),
    "unrouted": (403, "obligation.no_route"),
}
DEPLOYMENTS = [
    {"id": f"for-{model}", "serves": model, "provider": "demo", "zone": "cloud", "region": "eu"}
    for model in OUTCOMES
]


@pytest.fixture(scope="session")
def failing_bundle(opa: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle, built as `regent bundle build` does."""
    sources = tmp_path_factory.mktemp("failing")
    catalogue = REQUEST.replace("package gateway.request", "package gateway.catalogue")
    for package, text in (("admission", ADMISSION), ("request", REQUEST), ("catalogue", catalogue)):
        (sources / "gateway" / package).mkdir(parents=True)
        (sources / "gateway" / package / f"{package}.rego").write_text(text)
    (sources / ".manifest").write_text('{"roots": ["gateway"], "rego_version": 1}')
    shutil.copy(ROOT / "policies" / "capabilities.json", sources)
    folder = sources / "bundle"
    building.write(building.build(sources, opa), folder)
    return folder


def test_a_policy_that_fails_denies_with_its_reason(
    policy_engine: str,
    failing_bundle: Path,
    deciding: Deciding,
    gateway_server: Callable[..., GatewayServer],
    http_client: Http,
) -> None:
    """Each failure has its code, in the answer and in the record; none of them outlasts its own call."""
    gateway = gateway_server(policy=deciding(failing_bundle, timeout_ms=1000), deployments=DEPLOYMENTS)
    token = gateway.token()
    for model, (status, code) in OUTCOMES.items():
        expected = code if isinstance(code, str) else code[policy_engine]
        began = time.monotonic()
        answer = http_client.send(gateway, http_client.hello(model), token=token)
        took_s = time.monotonic() - began
        sound = http_client.send(gateway, http_client.hello("sound"), token=token)

        row = gateway.row(answer.headers["x-regent-decision-id"])
        action = "allow" if status == 200 else "deny"
        assert (model, status, action, expected) == (model, answer.status, row.action, row.reason_code)
        if status != 200:
            assert (expected, "retry-after" in answer.headers) == (
                answer.json["error"]["code"],
                REASONS[expected].retry_after_s is not None,
            )
        assert took_s < 3
        assert sound.status == 200


def test_a_catalogue_shows_no_model_whose_policy_fails(
    failing_bundle: Path,
    deciding: Deciding,
    gateway_server: Callable[..., GatewayServer],
    http_client: Http,
) -> None:
    """A question that can't be answered is a no, here too."""
    gateway = gateway_server(policy=deciding(failing_bundle, timeout_ms=1000), deployments=DEPLOYMENTS)
    shown = http_client.send(gateway, method="GET", path="/v1/models", token=gateway.token())

    assert [model["id"] for model in shown.json["data"]] == ["sound"]
