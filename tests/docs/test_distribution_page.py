"""The configuration on `docs/distribution.md` works as printed: a real OPA verifies and follows a gateway."""

from __future__ import annotations

import http.client
import json
import re
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from bundles import signatures
from bundles.archive import pack
from bundles.bundle import from_files
from bundles.schemas import check_data
from tests.bundles.signing import Pair, pair
from tests.servers.processes import Server, free_port

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.servers.gateway_server import GatewayServer
    from tests.servers.policy_bundles import PolicyStore, Variant

PAGE = (Path(__file__).parents[2] / "docs" / "distribution.md").read_text(encoding="utf-8")


def block(language: str, begin: str) -> str:
    """The one fenced block that begins so."""
    (found,) = re.findall(rf"```{language}\n({re.escape(begin)}.*?)```", PAGE, re.DOTALL)
    return str(found)


def listening(port: int) -> bool:
    """Whether OPA has its bundle."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=1)) as connection:
        connection.request("GET", "/health?bundles")
        return connection.getresponse().status == http.client.OK


def revision_of(port: int) -> str:
    """The revision by which OPA decides."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        connection.request("POST", "/v1/data/gateway/admission/decision?provenance=true", b'{"input": {}}')
        answer = json.loads(connection.getresponse().read())
    return str(answer["provenance"]["bundles"]["regent"]["revision"])


@pytest.mark.engine("embedded")
@pytest.mark.server
def test_opa_follows_with_the_configuration_of_the_page(
    gateway_server: Callable[..., GatewayServer],
    policy_store: PolicyStore,
    bundle_variant: Variant,
    opa: Path,
    tmp_path: Path,
) -> None:
    """Signed bundles arrive, one by another key doesn't: OPA goes on by the one it has."""
    key, foreign = pair("ES256"), pair("ES256")

    def put(number: int, by: Pair) -> str:
        return policy_store.put(from_files(signatures.signed(bundle_variant(number).files, by.key)))

    first = put(1, key)
    gateway = gateway_server(
        policy={"engine": "embedded", "store": str(policy_store.folder), "trust": {"approvals": 0}}
    )
    token = tmp_path / "token"
    token.write_text(gateway.token("opa-1", None, "regent-auditor"))
    config: dict[str, Any] = yaml.safe_load(block("yaml", "services:"))
    assert config["services"]["regent"]["url"].startswith("https://")
    config["services"]["regent"]["url"] = f"{gateway.url}/v1/policy"
    config["services"]["regent"]["credentials"]["bearer"]["token_path"] = str(token)
    config["keys"]["release"]["key"] = key.public_pem.decode()
    config["persistence_directory"] = str(tmp_path / "kept")
    (tmp_path / "opa.yaml").write_text(yaml.safe_dump(config))
    port = free_port()
    command = block("sh", "opa run").split()
    command[0], command[command.index("--addr") + 1] = str(opa), f"127.0.0.1:{port}"
    server = Server([*command, "--log-level", "error"], tmp_path, lambda: listening(port))
    server.start()
    try:
        assert revision_of(port) == first
        put(2, foreign)
        time.sleep(1)
        assert revision_of(port) == first
        third = put(3, key)
        end = time.monotonic() + 30  # a bundle that OPA refused makes it wait before it asks again
        while revision_of(port) != third:
            assert time.monotonic() < end
            time.sleep(0.05)
    finally:
        server.stop()


def test_the_row_of_data_for_readers_fits_the_schema(bundle_variant: Variant) -> None:
    """What the page tells to write into the data is accepted."""
    bundle = bundle_variant(1)
    row = json.loads(block("json", '{"regent"'))["regent"]["administration"]
    data = {
        "regent": {
            **bundle.data["regent"],
            "administration": {**bundle.data["regent"]["administration"], **row},
        }
    }

    check_data(data, bundle.manifest["metadata"]["data_schemas"])
    assert set(row) - set(bundle.data["regent"]["administration"]) == {"readers"}


def test_the_archive_that_is_served_is_the_one_that_was_released(bundle_variant: Variant) -> None:
    """Packing is the same every time, as the page says."""
    files = bundle_variant(1).files

    assert pack(files) == pack(dict(reversed(list(files.items()))))
