"""What differs between the engines for who uses, runs or audits the gateway, and that nothing else does.

`docs/operations.md` lists it for people.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from audit import frames
from bundles import bundle as bundles
from bundles import default_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.end_to_end.conftest import Answered, Http
    from tests.servers.gateway_server import GatewayServer
    from tests.servers.opa_server import OPAServer

# Another call, another gateway, another moment; commitments have nonces.
OWN = {
    "x-request-id",
    "x-regent-decision-id",
    "x-regent-receipt",
    "id",
    "created",
    "decision_id",
    "request_id",
}
OWN_IN_RECORDS = {"id", "ref", "t_us", "mono_us", "lat_us", "sref", "c", "resp_id", "input_commit"}
CALLS: list[dict[str, Any]] = [
    {"who": ("alice", "sales"), "model": "demo-small"},
    {"who": ("alice", "sales"), "model": "demo-small", "stream": True},
    {"who": ("heidi", "hr"), "model": "demo-small"},
    {"who": ("heidi", "hr"), "model": "demo-cloud-only"},
    {"who": ("alice", "sales"), "model": "demo-cloud-only", "metadata": {"labels": "hr"}},
    {"who": ("alice", "sales"), "model": "demo-small", "metadata": {"labels": "unheard-of"}},
    {"who": ("mallory", "sales", "nobody"), "model": "demo-small"},
    {"who": ("alice", None), "model": "demo-small"},
    {"who": ("alice", "sales"), "model": "absent"},
    {"who": ("alice", "sales"), "model": "demo-small", "max_tokens": 0},
]


def differing(one: Any, other: Any, own: set[str], at: str = "") -> set[str]:
    """Where two JSON documents differ, but for what is each one's own."""
    if isinstance(one, dict) and isinstance(other, dict):
        return {
            path
            for key in one.keys() | other.keys()
            if key not in own
            for path in differing(one.get(key), other.get(key), own, f"{at}.{key}" if at else key)
        }
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return {
            path for pair in zip(one, other, strict=True) for path in differing(pair[0], pair[1], own, at)
        }
    return set() if one == other else {at}


def seen(answer: Answered) -> dict[str, Any]:
    """An answer as a client sees it."""
    body: Any = [orjson.loads(event) for event in answer.events[:-1]] if answer.events else answer.json
    return {"status": answer.status, "headers": dict(answer.headers), "body": body}


def records(gateway: GatewayServer, *types: str) -> Iterator[dict[str, Any]]:
    """The records of some types in a gateway's log, oldest first."""
    for segment in sorted(gateway.audit.glob("writers/*/seg/*.log")):
        for _, body in frames.scan(segment.read_bytes()):
            record = orjson.loads(body)
            if record["typ"] in types:
                yield record


@pytest.mark.engine("opa")
def test_answers_and_records_differ_in_nothing_but_what_is_documented(
    gateway_server: Callable[..., GatewayServer], http_client: Http
) -> None:
    """Status, headers, body, revision, obligations: alike. A record's rule lines and digest: one engine's."""
    gateways = [gateway_server(policy={"engine": "embedded"}), gateway_server()]
    for call in CALLS:
        who, body = call["who"], {key: value for key, value in call.items() if key != "who"}
        one, other = (
            seen(http_client.send(each, http_client.hello(**body), token=each.token(*who)))
            for each in gateways
        )
        assert differing(one, other, OWN) == set(), call
    for gateway in gateways:
        gateway.stop()
    logs = [list(records(gateway, "decision", "outcome")) for gateway in gateways]
    found = {
        where for pair in zip(*logs, strict=True) for where in differing(pair[0], pair[1], OWN_IN_RECORDS)
    }

    assert found == {"policy.engine", "policy.bundle", "policy.rules"}
    embedded, opa = (log[0] for log in logs)
    assert embedded["policy"]["rules"]
    assert embedded["policy"]["bundle"].startswith("sha256:")
    assert (opa["policy"]["rules"], opa["policy"]["bundle"]) == ([], None)


@pytest.mark.engine("opa")
def test_the_start_records_the_bundle_or_that_it_is_elsewhere(
    gateway_server: Callable[..., GatewayServer],
) -> None:
    """Beside OPA, which bundle decides is said by each decision and by nothing else."""
    shown = []
    for options in ({"policy": {"engine": "embedded"}}, {}):
        gateway = gateway_server(**options)
        gateway.stop()
        shown += [(each["result"], each["policy"]) for each in records(gateway, "policy.load")]
    bundle = bundles.read(default_path())

    assert shown == [
        (
            "active",
            {"engine": "embedded", "bundle": f"sha256:{bundle.digest}", "revision": bundle.revision},
        ),
        ("external", {"engine": "opa", "bundle": None, "revision": None}),
    ]


@pytest.fixture
def changeable(tmp_path: Path) -> Path:
    """A copy of the shipped bundle."""
    return Path(shutil.copytree(default_path(), tmp_path / "bundle"))


def forbid_analysts(bundle: Path) -> str:
    """Take every model from the analysts; the bundle's new revision."""
    data = orjson.loads((bundle / "data.json").read_bytes())
    data["regent"]["roles"]["analyst"]["models"] = []
    (bundle / "data.json").write_bytes(orjson.dumps(data))
    return bundles.stamp(bundle).revision


@pytest.mark.engine("embedded")
def test_the_embedded_engine_takes_a_changed_bundle_when_it_starts_again(
    changeable: Path, gateway_server: Callable[..., GatewayServer], http_client: Http
) -> None:
    """Not before: what is edited under a running gateway decides nothing."""
    before = bundles.read(changeable).revision
    gateway = gateway_server(policy={"bundle": str(changeable)})
    token = gateway.token()
    after = forbid_analysts(changeable)
    while_running = http_client.send(gateway, http_client.hello(), token=token)
    gateway.stop()
    gateway.start()
    started_again = http_client.send(gateway, http_client.hello(), token=token)

    assert (200, before) == (while_running.status, while_running.headers["x-regent-policy-revision"])
    assert (403, after) == (started_again.status, started_again.headers["x-regent-policy-revision"])


@pytest.mark.engine("opa")
def test_a_bundle_that_opa_takes_decides_at_once(
    changeable: Path,
    opa_server: Callable[..., OPAServer],
    gateway_server: Callable[..., GatewayServer],
    http_client: Http,
) -> None:
    """The gateway needn't be started again: each answer and record names the revision that decided."""
    before = bundles.read(changeable).revision
    opa = opa_server(bundle=changeable, unix=True)
    gateway = gateway_server(policy={"engine": "opa", "opa": {"url": opa.url, "timeout_ms": 5000}})
    token = gateway.token()
    first = http_client.send(gateway, http_client.hello(), token=token)
    after = forbid_analysts(changeable)
    opa.stop()
    away = http_client.send(gateway, http_client.hello(), token=token)
    opa.start()
    second = http_client.send(gateway, http_client.hello(), token=token)
    opa.stop()

    assert (200, before) == (first.status, first.headers["x-regent-policy-revision"])
    assert (away.status, away.json["error"]["code"]) == (503, "engine.unavailable")
    assert (403, after) == (second.status, second.headers["x-regent-policy-revision"])
    shown = [gateway.row(each.headers["x-regent-decision-id"]).revision for each in (first, away, second)]
    assert shown == [before, None, after]
