"""A gateway that serves only while a witness vouches for its log: the witness is another process's word."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
import uvicorn

from audit.keys import LogKeys
from audit.tlog.trust import TrustPolicy
from audit.witness.server import keygen, open_witness, witness_app
from tests.servers.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.end_to_end.conftest import Http
    from tests.servers.gateway_server import GatewayServer

pytestmark = pytest.mark.engine("embedded")
PATIENCE_S = 30


@pytest.mark.slow
def test_no_witness_no_answer(
    gateway_server: Callable[..., GatewayServer], http_client: Http, tmp_path: Path
) -> None:
    """Calls are refused while the witness is away and served once it signs; its line is there for all."""
    gateway = gateway_server(started=False)
    log = gateway.audit
    log.mkdir(parents=True, mode=0o700)
    keys = LogKeys.settle(log, "regent.localhost/audit")
    key, state = tmp_path / "w.key", tmp_path / "w.db"
    (vkey,) = keygen("witness.example", key, state)
    witness, held = open_witness(state, key, [keys.ed25519.verifier])
    server = uvicorn.Server(
        uvicorn.Config(witness_app(witness), port=free_port(), ws="none", log_level="critical")
    )
    url = f"http://127.0.0.1:{server.config.port}"
    trust = f"log {keys.ed25519.verifier}\nwitness w {vkey} {url}\nquorum w\n"
    (tmp_path / "trust.policy").write_text(trust)
    gateway.awaited = "/healthz"  # not ready before the witness is there
    gateway.configure(
        {
            "audit": {
                "witnesses": {"policy": str(tmp_path / "trust.policy"), "required": True, "max_age_s": 15}
            }
        }
    )
    gateway.start()
    token = gateway.token()

    def call() -> tuple[int, str | None]:
        answer = http_client.send(gateway, http_client.hello(), token=token)
        return answer.status, answer.json.get("error", {}).get("code")

    assert call() == (503, "log.unwitnessed")
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + PATIENCE_S
    while call() != (200, None):
        assert time.monotonic() < end
        time.sleep(0.2)
    gateway.stop()
    server.should_exit = True
    thread.join(10)
    held.close()

    trusted = TrustPolicy.parse(trust.encode()).check((log / "checkpoint").read_bytes())
    assert list(trusted.witnesses) == ["w"]
