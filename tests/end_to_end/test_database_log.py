"""A log in PostgreSQL by the commands and pages that a log in a folder has, against two whole gateways."""

from __future__ import annotations

import json
import shutil
import time
from typing import TYPE_CHECKING, Any

import pytest
import yaml

import bundles
from bundles import build as building
from tests.audit.postgres.conftest import Cluster
from tests.servers.policy_bundles import edited

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.end_to_end.conftest import Http
    from tests.servers.gateway_server import GatewayServer
    from tests.servers.postgres_server import PostgresServer

    Start = Callable[..., GatewayServer]

pytestmark = [pytest.mark.server, pytest.mark.engine("embedded")]
ORIGIN = "regent.test/log"
PATIENCE_S = 30
ALICE = "alice@development"


@pytest.fixture
def cluster(durable_postgres: PostgresServer, tmp_path: Path) -> Cluster:
    """A log in the database, and a login for its vault."""
    made = Cluster(durable_postgres, tmp_path / "copy")
    made.home()
    return made


def options(cluster: Cluster, replica: str, tmp_path: Path) -> dict[str, Any]:
    """The settings of one replica, which seals what its policy says."""
    key, dsn, bundle = (tmp_path / name for name in ("sealing.key", "vault.dsn", "sealed"))
    if not key.exists():
        key.write_text("5a" * 32)
        key.chmod(0o600)
        dsn.write_text(cluster.target("clerk").dsn)
        dsn.chmod(0o600)
        sealing = edited(lambda data: data["retention"].update(payload="sealed", days=30))
        building.write(sealing.files, bundle)
    database = {
        "dsn": cluster.target().dsn,
        "schema_name": cluster.schema,
        "replica": replica,
        "vault_dsn_file": str(dsn),
    }
    return {
        "policy": {"bundle": str(bundle)},
        "audit": {
            "origin": ORIGIN,
            "checkpoint_ms": 100,
            "sealing_key_file": str(key),
            "postgres": database,
        },
    }


@pytest.fixture
def pair(cluster: Cluster, gateway_server: Start, tmp_path: Path) -> list[GatewayServer]:
    """Two gateways on one log."""
    first = gateway_server(**options(cluster, "a", tmp_path))
    second = gateway_server(started=False, **options(cluster, "b", tmp_path))
    shutil.copytree(first.audit / "keys", second.audit / "keys")
    second.start()
    return [first, second]


def said(gateway: GatewayServer, *arguments: str, code: int = 0) -> str:
    """What a command prints."""
    done = gateway.regent(*arguments)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def await_covered(gateway: GatewayServer, *ids: str) -> None:
    """Wait until the records of decisions and of their ends are merged and in this replica's index."""
    end = time.monotonic() + PATIENCE_S
    while True:
        rows = [json.loads(each) for each in gateway.regent("audit", "query", "--json").stdout.splitlines()]
        there = {row["id"] for row in rows if row["end_index"] is not None}
        if set(ids) <= there:
            return
        assert time.monotonic() < end
        time.sleep(0.2)


@pytest.mark.slow
def test_every_command_and_page_knows_the_log_in_the_database(
    cluster: Cluster, pair: list[GatewayServer], http_client: Http, tmp_path: Path
) -> None:
    """Asked at either replica: questions, proofs, packs, replays, backtests; holds, erasures; a new key."""
    ids = []
    for gateway in pair:
        answer = http_client.send(gateway, http_client.hello(), token=gateway.token())
        assert answer.status == 200, answer.body
        ids.append(answer.headers["x-regent-decision-id"])
    for gateway in pair:
        await_covered(gateway, *ids)
        rows = said(gateway, "audit", "query", "--subject", ALICE, "--json").splitlines()
        assert {json.loads(row)["id"] for row in rows} == set(ids)
        reader = gateway.token("auditor", None, "regent-auditor")
        page = http_client.send(
            gateway, method="GET", path=f"/v1/audit/decisions?subject={ALICE}", token=reader
        )
        assert {row["id"] for row in page.json["data"]} == set(ids)
        proof = http_client.send(gateway, method="GET", path=f"/v1/audit/proofs/{ids[0]}", token=reader)
        assert proof.status == 200
        said(gateway, "audit", "verify", code=10)
        assert "2" in said(gateway, "usage", "report", "--by", "user", "--format", "csv")
    one, other = pair
    proofs = tmp_path / "proofs"
    said(one, "audit", "query", "--subject", ALICE, "--with-proof", str(proofs))
    assert len(list(proofs.iterdir())) == 4
    said(one, "audit", "prove", "--id", ids[1], "-o", str(tmp_path / "p"), "--disclose", "req")
    pack = tmp_path / "pack.tar"
    said(one, "audit", "export", "-o", str(pack), "--disclose", "input,req,resp", "--no-pdf")
    said(one, "audit", "verify", str(pack), code=10)
    assert "MATCH" in said(one, "audit", "replay", "--id", ids[1])
    found = json.loads(said(other, "bundle", "backtest", str(bundles.default_path()), "--json"))
    assert found["replayed"] >= len(ids)
    assert found["not_replayed"].keys() <= {"unasked"}
    assert said(other, "bundle", "shadow", "report", "--json", code=1) == "[]\n"  # nothing was tried

    held = ("--subject", ALICE, "--basis", "litigation.2026-17", "--by", "legal")
    gone = ("audit", "erase", "--subject", ALICE, "--basis", "gdpr.art17", "--by", "dpo", "--yes")
    said(other, "audit", "hold", "set", *held)
    assert "litigation.2026-17" in said(one, "audit", "hold", "list")
    said(one, *gone, code=3)
    said(one, "audit", "hold", "lift", *held)
    assert "payload 4" in said(one, *gone)
    assert not any(row["question"] or row["sealed"] for row in cluster.vault("kept"))
    assert said(one, "audit", "query", "--subject", ALICE, "--json", code=1) == ""
    assert "INPUT_ERASED" in one.regent("audit", "replay", "--id", ids[1]).stdout

    assert "isn't pruned" in one.regent("audit", "prune", "--keep-days", "400").stderr
    said(one, "audit", "merge", code=40)
    said(one, "audit", "keys", "rotate")
    for name in ("log.key", "rotations.notes", "retired.vkeys"):
        shutil.copy(one.audit / "keys" / name, other.audit / "keys" / name)
    answer = http_client.send(other, http_client.hello(), token=other.token())
    await_covered(other, answer.headers["x-regent-decision-id"])
    assert said(other, "audit", "keys", "show").count("retired") == 1
    said(other, "audit", "verify", code=10)
    said(one, "audit", "doctor")


def test_without_a_login_for_the_vault_its_commands_say_so(
    cluster: Cluster, gateway_server: Start, tmp_path: Path
) -> None:
    """Neither erased, held nor read back as if nothing were there; the reason names the setting."""
    gateway = gateway_server(**options(cluster, "a", tmp_path))
    chosen = yaml.safe_load(gateway.settings.read_text())
    del chosen["audit"]["postgres"]["vault_dsn_file"]
    gateway.settings.write_text(yaml.safe_dump(chosen))
    for command in (
        ("audit", "erase", "--subject", ALICE, "--basis", "gdpr.art17", "--by", "dpo", "--yes"),
        ("audit", "hold", "set", "--everything", "--basis", "litigation.a", "--by", "legal"),
        ("bundle", "backtest", str(bundles.default_path())),
    ):
        done = gateway.regent(*command)
        assert done.returncode != 0, done.stdout
        assert "vault_dsn_file" in done.stderr


def test_without_a_sealing_key_a_call_that_is_to_be_sealed_is_refused(
    cluster: Cluster, gateway_server: Start, http_client: Http, tmp_path: Path
) -> None:
    """With the reason, as in a folder; nothing leaves, and nothing is kept in the clear."""
    chosen = options(cluster, "a", tmp_path)
    del chosen["audit"]["sealing_key_file"]
    gateway = gateway_server(**chosen)
    answer = http_client.send(gateway, http_client.hello(), token=gateway.token())
    assert (answer.status, answer.json["error"]["code"]) == (403, "obligation.unsealable")
