"""A gateway's log as others see it: receipts in their hands, and one merged tree that has what they name."""

from __future__ import annotations

import base64
import signal
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from audit.keys import verifiers
from audit.tlog.checkpoint import Checkpoint
from audit.tlog.entries import unpack
from audit.tlog.note import open_note
from audit.tlog.tiles import new_bundles
from audit.tlog.tree import leaf_hash

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.end_to_end.conftest import Http
    from tests.interop.readers import Fsck, Xmod
    from tests.servers.gateway_server import GatewayServer

RECEIPT = "x-regent-receipt"
PROMPTLY_S = 15


def merged(gateway: GatewayServer) -> set[str]:
    """The leaf hashes under the published checkpoint."""
    opened = open_note((gateway.audit / "checkpoint").read_bytes(), verifiers(gateway.audit))
    size = Checkpoint.parse(opened.text).size
    found: set[str] = set()
    for bundle in new_bundles(0, size):
        path = gateway.audit / bundle.path
        data = path.read_bytes() if path.exists() else path.parent.with_suffix("").read_bytes()
        found |= {base64.b64encode(leaf_hash(entry)).decode() for entry in unpack(data)}
    return found


def leaf(receipt: str) -> str:
    """The leaf that a receipt names."""
    return receipt.split(" ")[5]


def await_merge(gateway: GatewayServer, leaves: set[str]) -> None:
    """Wait until the log has kept its word."""
    end = time.monotonic() + PROMPTLY_S
    while not (gateway.audit / "checkpoint").exists() or not leaves <= merged(gateway):
        assert time.monotonic() < end
        time.sleep(0.1)


def test_every_answer_with_a_record_has_a_receipt(
    gateway_server: Callable[..., GatewayServer], http_client: Http
) -> None:
    """Allowed and refused calls of two workers: what each receipt names stands in the merged log soon."""
    gateway = gateway_server(workers=2)
    token = gateway.token()
    answers = [http_client.send(gateway, http_client.hello(), token=token) for _ in range(8)]
    answers += [http_client.send(gateway, http_client.hello(model="none"), token=token) for _ in range(8)]
    stranger = http_client.send(gateway, http_client.hello(), token="nonsense")

    assert [answer.status for answer in answers] == [200] * 8 + [403] * 8
    assert RECEIPT not in stranger.headers  # strangers are counted, not recorded
    await_merge(gateway, {leaf(answer.headers[RECEIPT]) for answer in answers})


def sequencers(gateway: GatewayServer) -> list[psutil.Process]:
    """The processes that merge this gateway's log."""
    return [
        child
        for child in psutil.Process(gateway.pid).children(recursive=True)
        if "audit.merging" in child.cmdline()
    ]


@pytest.mark.engine("embedded")
def test_a_killed_sequencer_is_started_anew(
    gateway_server: Callable[..., GatewayServer], http_client: Http
) -> None:
    """Calls are served without it, and what they were promised is merged by the next one."""
    gateway = gateway_server()
    (first,) = sequencers(gateway)
    first.send_signal(signal.SIGKILL)
    answer = http_client.send(gateway, http_client.hello(), token=gateway.token())

    assert answer.status == 200
    await_merge(gateway, {leaf(answer.headers[RECEIPT])})
    assert sequencers(gateway) != [first]


@pytest.mark.engine("embedded")
def test_a_stop_leaves_nothing_unmerged(
    gateway_server: Callable[..., GatewayServer], http_client: Http
) -> None:
    """The sequencer is the last to go: the workers' closing records stand in the tree."""
    gateway = gateway_server(workers=2)
    gateway.await_workers()
    http_client.send(gateway, http_client.hello(), token=gateway.token())
    gateway.stop()

    closes = {record["writer"]["id"] for record in gateway.records("writer.close")}
    assert closes == {"w0", "w1"}
    assert len(merged(gateway)) >= sum(
        len(list(gateway.records(kind)))
        for kind in ("writer.open", "mode", "policy.load", "decision", "outcome", "writer.close")
    )


@pytest.mark.engine("embedded")
def test_a_log_of_a_gateway_is_accepted(
    gateway_server: Callable[..., GatewayServer],
    http_client: Http,
    served: Callable[[Path], str],
    fsck: Fsck,
    xmod: Xmod,
) -> None:
    """From the folder and over HTTP, with two signatures, while two workers serve calls."""
    gateway = gateway_server(workers=2, audit={"post_quantum": True, "checkpoint_ms": 100})
    token = gateway.token()
    for _ in range(40):
        assert http_client.send(gateway, http_client.hello(), token=token).status == 200
    gateway.stop()
    vkey = (gateway.audit / "log.vkey").read_text()
    found = [
        reader(place, vkey) for reader in (fsck, xmod) for place in (gateway.audit, served(gateway.audit))
    ]

    assert [each.output for each in found if not each.accepted] == []
    assert len({(each.size, each.root) for each in found}) == 1
    assert found[0].size is not None
    assert found[0].size > 80
