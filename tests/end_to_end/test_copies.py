"""A gateway whose log is copied to object storage while it serves, and a bucket that is away for a while."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from audit.verify.check import verify
from audit.verify.verdict import Verdict
from tests.servers.object_store import KEYS, ObjectStore, refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.objects.target import Target
    from tests.end_to_end.conftest import Http
    from tests.servers.gateway_server import GatewayServer

PATIENCE_S = 60
pytestmark = pytest.mark.engine("embedded")


def settings(target: Target, folder: Path) -> dict[str, Any]:
    """Settings of a log whose copies go there, with credentials in a file."""
    path = folder / "credentials"
    lines = ["[default]", *(f"{name} = {value}" for name, value in KEYS.items())]
    path.touch(mode=0o600)
    path.write_text("\n".join(lines))
    place = {
        "bucket": target.bucket,
        "prefix": "prod/",
        "endpoint_url": target.endpoint_url,
        "region": target.region,
        "lock": target.lock.value,
    }
    return {"copies": {**place, "credentials_file": str(path), "interval_s": 1}, "checkpoint_ms": 100}


def wait(condition: Callable[[], bool]) -> None:
    """Wait for what another process does."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def said(gateway: GatewayServer) -> list[str]:
    """What the gateway said of its copies."""
    lines = (gateway.folder / "server.log").read_text().splitlines()
    return [line for line in lines if "copies: " in line]


def test_a_copy_is_accepted_without_the_gateway(
    gateway_server: Callable[..., GatewayServer],
    http_client: Http,
    object_store: ObjectStore,
    tmp_path: Path,
) -> None:
    """Calls are served, the gateway stops, its folder goes: the downloaded copy is the whole log."""
    target = object_store.target()
    gateway = gateway_server(audit=settings(target, tmp_path))
    token = gateway.token()
    for _ in range(5):
        assert http_client.send(gateway, http_client.hello(), token=token).status == 200
    family = psutil.Process(gateway.pid).children(recursive=True)
    shown = [word for process in family for word in process.cmdline()]
    assert KEYS["aws_secret_access_key"] not in " ".join(shown)
    gateway.stop()
    checkpoint = (gateway.audit / "checkpoint").read_bytes()
    gateway.audit.rename(tmp_path / "gone")

    object_store.download(target, tmp_path / "all")
    found = verify(tmp_path / "all" / "prod")
    assert (found.verdict, found.findings) == (Verdict.OPERATOR_ASSERTED, [])
    assert found.signed == checkpoint
    assert found.records > 15
    assert gateway.regent("audit", "verify", str(tmp_path / "all" / "prod")).returncode == 10
    assert said(gateway) == []


def test_a_bucket_that_is_away_holds_nothing_up(
    gateway_server: Callable[..., GatewayServer],
    http_client: Http,
    object_store: ObjectStore,
    tmp_path: Path,
) -> None:
    """Calls are served, it is said once, and the copy catches up when the bucket is back."""
    target = object_store.target()
    object_store.watch(refused)
    gateway = gateway_server(audit=settings(target, tmp_path))
    token = gateway.token()
    wait(lambda: len(said(gateway)) == 1)
    tried = len(object_store.seen)
    assert http_client.send(gateway, http_client.hello(), token=token).status == 200
    wait(lambda: len(object_store.seen) > tried)  # it was tried again
    assert "copy.unavailable" in said(gateway)[0]
    assert KEYS["aws_secret_access_key"] not in said(gateway)[0]

    object_store.watch()
    answer = http_client.send(gateway, http_client.hello(), token=token)
    assert answer.status == 200
    wait(lambda: "prod/checkpoint" in object_store.paths(target))
    gateway.stop()
    object_store.download(target, tmp_path / "all")
    assert verify(tmp_path / "all" / "prod").signed == (gateway.audit / "checkpoint").read_bytes()
    assert len(said(gateway)) == 1
