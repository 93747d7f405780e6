"""What the vault in a database holds: sealed, opened by who may, and gone with its subject."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from typer.testing import CliRunner

from audit.cli import app
from audit.commands.erase import erase
from audit.errors import LogUnavailable
from audit.ports import Ports
from audit.postgres.contents import TableContents
from audit.postgres.keyring import OpenedKeys
from audit.postgres.session import Session
from audit.postgres.source import TableSource, refresh
from audit.reading.recall import MergedRecall, Span
from audit.vault.commitment import commit
from audit.vault.sealing import Seal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.log import AuditLog
    from audit.reading.source import Source
    from audit.record import Record
    from tests.audit.postgres.conftest import Cluster

    Make = Callable[..., Record]

pytestmark = pytest.mark.server
KEY = b"k" * 32
SAID: dict[str, Any] = {"basis": "gdpr.art17", "by": "dpo"}


async def sealed(log: AuditLog, make_decision: Make, subject: str) -> Record:
    """A decision whose prompt is sealed."""
    sealing = await log.sealing(subject, "acme")
    question = orjson.dumps({"subject": {"id": subject}})
    return make_decision(
        sref=sealing.sref,
        policy_input=commit("input", question),
        question=question,
        payload=[commit("req", b"a prompt", sealing=sealing)],
    )


def contents(cluster: Cluster) -> TableContents:
    """The vault, for who may open it."""
    home = cluster.home()
    return TableContents(Session(home.vault, "test"))


def opened(cluster: Cluster, record: Record, label: str = "req", master: bytes | None = KEY) -> Any:
    """What a record's field discloses."""
    body = record.body
    commitment = body["policy"]["input_commit"] if label == "input" else body["payload"][label]["c"]
    with_row = contents(cluster)
    try:
        return with_row.opening(body, label, commitment, master)
    finally:
        with_row.close()


async def test_a_sealed_prompt_is_opened_by_who_may(
    cluster: Cluster, make_decision: Make, make_outcome: Make
) -> None:
    """Ciphertext in the row, the clear text with key and nonce; a later answer is sealed alike."""
    log = cluster.open(seal=Seal(KEY))
    decision = await sealed(log, make_decision, "ann@acme")
    sealing = await log.sealing("ann@acme", "acme")
    end = make_outcome(decision.id, payload=[commit("resp", b"a reply", sealing=sealing)], sref=sealing.sref)
    await cluster.append(log, decision, end)

    assert not any(
        text in bytes(row["sealed"]) for row in cluster.vault("kept") for text in (b"prompt", b"reply")
    )
    assert opened(cluster, decision)[1] == b"a prompt"
    assert opened(cluster, end, "resp")[1] == b"a reply"
    assert orjson.loads(opened(cluster, decision, "input")[1]) == {"subject": {"id": "ann@acme"}}
    assert opened(cluster, decision, master=None) == "absent"
    with pytest.raises(LogUnavailable, match=r"vault\.key"):
        opened(cluster, decision, master=b"x" * 32)


async def test_two_replicas_seal_with_the_same_keys(cluster: Cluster, make_decision: Make) -> None:
    """One key for a subject in a tenant, whoever makes it; a house with another one is turned away."""
    logs = [cluster.open(name, seal=Seal(KEY)) for name in ("a", "b")]
    made = await asyncio.gather(*(sealed(log, make_decision, "ann@acme") for log in logs * 5))
    for log, decision in zip(logs * 5, made, strict=True):
        await cluster.append(log, decision)
    assert (len(cluster.vault("tenant_key")), len(cluster.vault("data_key"))) == (1, 1)
    assert [opened(cluster, each)[1] for each in made] == [b"a prompt"] * 10
    with pytest.raises(LogUnavailable, match=r"vault\.key"):
        cluster.open("c", seal=Seal(b"y" * 32))


async def test_without_a_sealing_key_nothing_can_be_sealed(cluster: Cluster) -> None:
    """What makes the gateway refuse a call whose policy wants it sealed."""
    log = cluster.open()
    assert log.sealed_bytes == 0
    with pytest.raises(LogUnavailable, match=r"vault\.key"):
        await log.sealing("ann@acme", "acme")


async def test_an_erasure_takes_payloads_and_keys(cluster: Cluster, make_decision: Make) -> None:
    """Ciphertext, data keys and nonces go; the next call gets another pseudonym and another key."""
    now_us = 0
    log = cluster.open(seal=Seal(KEY), ports=Ports(mono_us=lambda: now_us))
    decision, other = [await sealed(log, make_decision, name) for name in ("ann@acme", "bob@acme")]
    await cluster.append(log, decision, other)
    counts = await asyncio.to_thread(erase, cluster.home(), subject="ann@acme", **SAID)
    assert counts.facts() == {
        "pseudonym": 1, "key": 1, "question": 1, "payload": 1, "nonce": 2, "unread": 0
    }  # fmt: skip
    assert opened(cluster, decision) == "erased"
    assert opened(cluster, other)[1] == b"a prompt"
    session = Session(cluster.home().vault, "test")
    assert OpenedKeys(session).all_of(decision.body["sref"]) == []
    session.close()
    now_us = 1_000_000
    again = await sealed(log, make_decision, "ann@acme")
    assert again.body["sref"] != decision.body["sref"]
    await cluster.append(log, again)
    assert opened(cluster, again)[1] == b"a prompt"


async def test_a_key_is_not_made_for_who_is_erased(cluster: Cluster, make_decision: Make) -> None:
    """Within the second in which the old pseudonym is remembered, no key comes back to life."""
    now_us = 0
    log = cluster.open(seal=Seal(KEY), ports=Ports(mono_us=lambda: now_us))
    old = await log.sref("ann@acme")
    await asyncio.to_thread(erase, cluster.home(), subject="ann@acme", **SAID)
    found = await log.sealing("ann@acme", "acme")
    assert found.sref != old
    assert {row["sref"] for row in cluster.vault("data_key")} == {found.sref}


async def test_decisions_are_read_back_with_their_questions(cluster: Cluster, make_decision: Make) -> None:
    """For backtests and replays: from the merged copy and the vault; of erased ones it is said."""
    log = cluster.open(seal=Seal(KEY))
    made = [await sealed(log, make_decision, f"{name}@acme") for name in ("ann", "bob", "eve")]
    await cluster.append(log, *made, make_decision(team="other"))
    await asyncio.to_thread(erase, cluster.home(), subject="bob@acme", **SAID)
    cluster.run(
        f"UPDATE {cluster.schema}_vault.kept SET question = '{{}}' WHERE record = '\\x{made[2].id}'",  # noqa: S608 - ours
        "SELECT 1",
    )
    cluster.sequencer().turn()
    await asyncio.to_thread(refresh, cluster.target(), cluster.folder)

    vault = contents(cluster)
    recall = MergedRecall(cluster.folder, Span(team="hr"), vault)
    found = {each.id: each for each in recall}
    assert [found[each.id].missing for each in made] == ["", "erased", "altered"]
    assert orjson.loads(found[made[0].id].question or b"") == {"subject": {"id": "ann@acme"}}
    assert len(found) == 3
    assert recall.read_bytes == recall.total_bytes
    assert recall.damaged == []
    none = MergedRecall(cluster.folder, Span(since_us=1 << 60), vault)
    assert list(none) == []
    vault.close()


class House:
    """The program around the commands, of who may open the vault."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.recorded: list[dict[str, Any]] = []

    def audit_folder(self) -> Path:
        """Where the copy is."""
        return self._cluster.folder

    def source(self, folder: Path) -> Source:
        """Everything else is in the database."""
        refresh(self._cluster.target(), folder)
        return TableSource(self._cluster.target())

    def recorder(self, _: Path) -> Callable[[Record], None]:
        """Records go there, too."""
        return lambda record: self.recorded.append(record.body)

    def contents(self, _: Path) -> TableContents:
        """So does what is disclosed."""
        return contents(self._cluster)

    def sealing_key(self) -> bytes:
        """What opens payloads."""
        return KEY


async def test_prove_and_export_disclose(cluster: Cluster, make_decision: Make, tmp_path: Path) -> None:
    """What was asked and what was sealed goes along, on the record, and the pack verifies."""
    log = cluster.open(seal=Seal(KEY))
    decision = await sealed(log, make_decision, "ann@acme")
    await cluster.append(log, decision)
    cluster.sequencer().turn()
    house, run, proof, pack = House(cluster), CliRunner(), tmp_path / "p.tlog-proof", tmp_path / "p.tar"

    def go() -> list[Any]:
        steps = (
            ["prove", "--id", decision.id, "-o", str(proof), "--disclose", "req", "--disclose", "input"],
            ["export", "-o", str(pack), "--disclose", "req,input", "--no-pdf"],
            ["verify", str(pack)],
        )
        return [run.invoke(app, step, obj=house) for step in steps]

    results = await asyncio.to_thread(go)
    assert [each.exit_code for each in results] == [0, 0, 10], [each.output for each in results]
    assert len((tmp_path / "p.tlog-proof.disclosed.jsonl").read_text().splitlines()) == 2
    assert "req: 1 released" in results[1].output
    assert [each["what"] for each in house.recorded] == ["proof", "export"]
