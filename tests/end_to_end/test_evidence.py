"""Evidence of what a gateway did, for somebody who has nothing else: checked, and decided again."""

from __future__ import annotations

import json
import shutil
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

import bundles
from audit.vault import erasure
from bundles import bundle as bundle_files
from tests.audit.evidence.verifying import CANNOT_CHECK, OPERATOR_ASSERTED, TAMPERED, VERIFIED, verify
from tests.end_to_end.test_backtest import looser, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.end_to_end.conftest import Http
    from tests.servers.gateway_server import GatewayServer

    Start = Callable[..., GatewayServer]
    Served = tuple[GatewayServer, list[str]]

CALLS = (
    ("alice", "sales", "demo-small", 200),
    ("heidi", "hr", "demo-small", 200),
    ("heidi", "hr", "demo-cloud-only", 403),
    ("alice", "sales", "other-model", 403),
    ("eve", "sales", "demo-small", 200),
)


@pytest.fixture(scope="module")
def served(shared_gateway: Start, http_client: Http) -> Served:
    """A gateway that served some calls and stopped, and the receipts that callers were given."""
    gateway = shared_gateway()
    receipts = []
    for user, team, model, status in CALLS:
        answer = http_client.send(gateway, http_client.hello(model), token=gateway.token(user, team))
        assert answer.status == status
        receipts.append(answer.headers["x-regent-receipt"])
    listed = http_client.send(gateway, method="GET", path="/v1/models", token=gateway.token())
    assert listed.status == 200
    gateway.stop()
    return gateway, receipts


def export(gateway: GatewayServer, path: Path, *options: str) -> Path:
    """Have a pack made."""
    done = gateway.regent("audit", "export", "-o", str(path), *options)
    assert done.returncode == 0, done.stderr
    return path


def replay(gateway: GatewayServer, *options: str, code: int, folder: Path | None = None) -> dict[str, Any]:
    """The report of a replay."""
    place = str(folder or gateway.audit)
    done = gateway.regent("audit", "--folder", place, "replay", "--json", *options)
    assert done.returncode == code, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def counted(found: dict[str, Any]) -> dict[str, int]:
    """The results that came up."""
    return {result: n for result, n in found["counts"].items() if n}


def trust(gateway: GatewayServer, folder: Path) -> Path:
    """The auditor's own policy: the log's key, given to him on the first day."""
    path = folder / "trust.policy"
    path.write_text(f"log {(gateway.audit / 'log.vkey').read_text()}quorum none\n")
    return path


def test_a_pack_is_verified_and_decided_again_without_the_log(served: Served, tmp_path: Path) -> None:
    """With a kept checkpoint and the callers' receipts; the log is gone by then."""
    gateway, receipts = served
    kept, held = tmp_path / "kept.note", tmp_path / "receipts.txt"
    shutil.copy(gateway.audit / "checkpoint", kept)
    held.write_text("\n".join(receipts) + "\n")
    policy = trust(gateway, tmp_path)
    pack = export(gateway, tmp_path / "pack.tar.gz", "--disclose", "input", "--kept", str(kept))
    away = gateway.audit.rename(tmp_path / "away")

    done = verify(pack, "--policy", policy, "--since", kept, "--receipts", held, "--deep")
    found = replay(gateway, "--pack", str(pack), code=0)
    away.rename(gateway.audit)
    assert done.returncode == VERIFIED, done.stdout
    assert counted(found) == {"match": len(CALLS) + 1}


def test_no_byte_of_a_pack_can_be_another(served: Served, tmp_path: Path) -> None:
    """Each file of the pack, with one byte in its middle turned."""
    gateway, _ = served
    pack = export(gateway, tmp_path / "pack.tar", "--disclose", "input", "--no-pdf")
    folder = tmp_path / "pack"
    with tarfile.open(pack) as tar:
        tar.extractall(folder, filter="data")
    assert verify(folder, "--deep").returncode == OPERATOR_ASSERTED
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        before = path.read_bytes()
        middle = len(before) // 2
        path.write_bytes(before[:middle] + bytes([before[middle] ^ 1]) + before[middle + 1 :])
        assert verify(folder, "--deep").returncode in {TAMPERED, CANNOT_CHECK}, path
        path.write_bytes(before)


def test_the_log_is_decided_again(served: Served) -> None:
    """Each decision as it was recorded, by either engine, one alone and all; an unknown id is told."""
    gateway, _ = served
    assert counted(replay(gateway, code=0)) == {"match": len(CALLS) + 1}
    one = next(row.id for row in gateway.rows(action="deny"))
    assert counted(replay(gateway, "--id", one, code=0)) == {"match": 1}
    assert counted(replay(gateway, "--limit", "2", code=0)) == {"match": 2}
    assert gateway.regent("audit", "replay", "--id", "0" * 32).returncode == 40
    assert counted(replay(gateway, "--until", "7d", code=50)) == {}


def test_what_was_erased_is_told_and_what_was_altered(served: Served, tmp_path: Path) -> None:
    """Neither is decided again; exit code 50."""
    gateway, _ = served
    folder = shutil.copytree(gateway.audit, tmp_path / "audit")
    rows = gateway.rows(team="sales")
    erasure.erase_record(folder, rows[0].id)
    found = replay(gateway, folder=folder, code=50)
    assert counted(found) == {"match": len(CALLS), "input_erased": 1}
    assert [each["id"] for each in found["decisions"]] == [rows[0].id]
    (vault,) = (folder / "vault" / "questions").rglob("*.bin")
    vault.write_bytes(vault.read_bytes().replace(b'"team":"hr"', b'"team":"HR"', 1))
    assert counted(replay(gateway, folder=folder, code=50)) == {
        "match": len(CALLS) - 1, "input_erased": 1, "input_altered": 1
    }  # fmt: skip


def test_another_bundle_in_place_of_the_recorded_one(served: Served, tmp_path: Path) -> None:
    """What if: the decisions that would differ, and in what."""
    gateway, _ = served
    candidate = write(tmp_path / "candidate", looser)
    found = replay(gateway, "--bundle", candidate, code=50)
    differing = sorted(
        (each["recorded"]["reason_code"], each["again"]["reason_code"], *each["differs"])
        for each in found["decisions"]
    )
    assert counted(found) == {"match": 3, "diverged": 3}
    assert differing == [
        ("access.not_granted", "model.unknown", "reasons"),
        ("allowed", "allowed", "obligations"),
        ("residency.hr_onprem", "allowed", "action", "reasons", "obligations"),
    ]


def test_a_bundle_that_is_nowhere_is_missing(
    gateway_server: Start, http_client: Http, tmp_path: Path, deciding: Callable[..., dict[str, Any]]
) -> None:
    """The decisions of a bundle that was thrown away can't be made again."""
    folder = write(tmp_path / "other", looser)
    gateway = gateway_server(policy=deciding(tmp_path / "other"))
    assert http_client.send(gateway, http_client.hello(), token=gateway.token()).status == 200
    gateway.stop()
    revision = bundle_files.read(tmp_path / "other").revision
    shutil.rmtree(folder)
    gateway.configure({"policy": deciding(bundles.default_path())})
    found = replay(gateway, code=50)
    assert counted(found) == {"bundle_missing": 1}
    assert found["decisions"][0]["revision"] == revision


def test_whoever_is_given_a_pack_is_in_the_log(served: Served, tmp_path: Path) -> None:
    """Who, what, how many, and which subject by pseudonym only."""
    gateway, _ = served
    subject = "alice@development"
    export(gateway, tmp_path / "pack.tar", "--subject", subject, "--by", "auditor@example", "--no-pdf")
    *_, access = gateway.records("access")
    assert (access["actor"]["name"], access["what"], access["n"]) == ("auditor@example", "export", 5)
    assert access["filter"]["sref"] == gateway.rows(subject=subject)[0].sref
    assert "alice" not in json.dumps(access)
