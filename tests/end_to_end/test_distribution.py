"""Gateways and OPA servers that have their bundle from a gateway: who may, how soon, and what is recorded."""

from __future__ import annotations

import asyncio
import http.client
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import orjson
import pytest
import yaml

from bundles.archive import pack
from gateway import distribution

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bundles.bundle import Bundle
    from tests.end_to_end.conftest import Answered, Http
    from tests.servers.gateway_server import GatewayServer
    from tests.servers.opa_server import OPAServer
    from tests.servers.policy_bundles import PolicyStore

    Variant = Callable[..., Bundle]

pytestmark = pytest.mark.engine("embedded")
PROMPTLY_S = 15
"""Who asks by a clock would ask each minute."""
READER = ("opa-1", None, "regent-auditor")


@pytest.fixture
def central(gateway_server: Callable[..., GatewayServer], policy_store: PolicyStore) -> GatewayServer:
    """A gateway that follows a store and hands its active bundle on; to be started."""
    return gateway_server(
        started=False,
        policy={"engine": "embedded", "store": str(policy_store.folder), "trust": {"approvals": 0}},
    )


def fetch(gateway: GatewayServer, http_client: Http, token: str, **more: Any) -> Answered:
    """Ask for the bundle."""
    return http_client.send(
        gateway, method=more.pop("method", "GET"), path=distribution.PATH, token=token, **more
    )


def test_the_protocol_over_the_wire(
    central: GatewayServer, policy_store: PolicyStore, bundle_variant: Variant, http_client: Http
) -> None:
    """200 with the very bytes, 304 for who has them, HEAD without a body; 403 and 401 for others."""
    bundle = bundle_variant(1)
    policy_store.put(bundle)
    central.start()
    token = central.token(*READER)
    whole = fetch(central, http_client, token)
    etag = whole.headers["etag"]
    head = fetch(central, http_client, token, method="HEAD")
    same = fetch(central, http_client, token, headers={"if-none-match": etag})
    denied = fetch(central, http_client, central.token("alice", "sales", "analyst"))
    stranger = fetch(central, http_client, "x.y.z")

    assert (whole.status, whole.body, etag) == (200, pack(bundle.files), f'"{bundle.revision}"')
    assert whole.headers["content-type"] == "application/vnd.openpolicyagent.bundles"
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(len(whole.body)))
    assert (same.status, same.body, same.headers["etag"]) == (304, b"", etag)
    assert (denied.status, denied.json["error"]["code"]) == (403, "access.not_granted")
    assert stranger.status == 401
    central.stop()
    accesses = [each for each in central.records("decision") if each["gen_ai"]["op"] == "bundle.read"]
    assert [each["decision"]["action"] for each in accesses] == ["allow", "allow", "allow", "deny"]


def test_a_held_question_does_not_hold_the_stop(
    central: GatewayServer, policy_store: PolicyStore, bundle_variant: Variant
) -> None:
    """Who waits is answered that nothing has changed, and the gateway ends at once."""
    revision = policy_store.put(bundle_variant(1))
    central.start()
    with closing(http.client.HTTPConnection("127.0.0.1", central.port, timeout=30)) as connection:
        headers = {"authorization": f"Bearer {central.token(*READER)}", "prefer": "wait=60"}
        connection.request("GET", distribution.PATH, headers={**headers, "if-none-match": f'"{revision}"'})
        time.sleep(0.5)
        began = time.monotonic()
        central.stop()
        took_s = time.monotonic() - began

        assert connection.getresponse().status == 304
    assert took_s < 2


def test_a_gateway_follows_another(
    central: GatewayServer,
    gateway_server: Callable[..., GatewayServer],
    policy_store: PolicyStore,
    bundle_variant: Variant,
    http_client: Http,
    tmp_path: Path,
) -> None:
    """An activation at one decides at the other; when the one is down, the other goes on."""
    first = policy_store.put(bundle_variant(1))
    central.start()
    file = tmp_path / "token"
    file.touch(mode=0o600)
    file.write_text(central.token(*READER))
    source = {"url": central.url + distribution.PATH, "token_file": str(file), "long_poll_s": 20}
    branch = gateway_server(policy={"engine": "embedded", "source": source})

    def decided_by() -> str | None:
        answer = http_client.send(branch, http_client.hello(), token=branch.token())
        return answer.headers.get("x-regent-policy-revision") if answer.status == 200 else None

    assert decided_by() == first
    second = policy_store.put(bundle_variant(2))
    began = time.monotonic()
    while decided_by() != second:
        assert time.monotonic() - began < PROMPTLY_S
    took_ms = (time.monotonic() - began) * 1000
    print(f"\nfrom a store through a gateway to a gateway: {took_ms:.0f} ms")  # noqa: T201 - `pytest -s` shows it
    central.stop()
    branch.stop()
    branch.start()

    assert decided_by() == second
    branch.stop()
    loads = [(each["result"], each["reason_code"]) for each in branch.records("policy.load")]
    assert loads == [("active", None), ("active", None), ("active", "policy.last_good")]


@pytest.mark.server
@pytest.mark.slow
async def test_an_opa_server_follows_the_gateway(
    central: GatewayServer,
    opa_server: Callable[..., OPAServer],
    policy_store: PolicyStore,
    bundle_variant: Variant,
    tmp_path: Path,
) -> None:
    """A real OPA, configured as the docs say, has each activation while it waits."""
    revisions = [policy_store.put(bundle_variant(0))]
    await asyncio.to_thread(lambda: None)
    central.start()
    token = tmp_path / "token"
    token.write_text(central.token(*READER))
    config = tmp_path / "opa.yaml"
    config.write_text(
        yaml.safe_dump(
            {
                "services": {
                    "regent": {
                        "url": f"{central.url}/v1/policy",
                        "credentials": {"bearer": {"token_path": str(token)}},
                    }
                },
                "bundles": {
                    "regent": {
                        "service": "regent",
                        "resource": "bundles/regent.tar.gz",
                        "polling": {"long_polling_timeout_seconds": 30},
                    }
                },
            }
        )
    )
    opa = opa_server(arguments=["--config-file", config])
    took_ms = []
    for number in range(1, 6):
        await asyncio.sleep(0.3)
        revisions.append(policy_store.put(bundle_variant(number, plan=number > 2)))
        began = time.monotonic()
        while _active(opa) != revisions[-1]:
            assert time.monotonic() - began < PROMPTLY_S
        took_ms.append((time.monotonic() - began) * 1000)
    print(f"\nfrom an activation to an OPA server: {', '.join(f'{each:.0f}' for each in took_ms)} ms")  # noqa: T201 - `pytest -s` shows it


def _active(opa: OPAServer) -> str | None:
    """The revision by which an OPA decides."""
    host, _, port = opa.url.removeprefix("http://").partition(":")
    with closing(http.client.HTTPConnection(host, int(port), timeout=5)) as connection:
        connection.request("POST", "/v1/data/gateway/admission/decision?provenance=true", b'{"input": {}}')
        answer = orjson.loads(connection.getresponse().read())
    revision = answer["provenance"]["bundles"]["regent"]["revision"]
    return revision if isinstance(revision, str) else None
