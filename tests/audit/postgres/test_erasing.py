"""Erasing and holding in a database: rows of the vault go, by one role only; the log and its tree stay."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from typer.testing import CliRunner

from audit.cli import app
from audit.commands.erase import again, erase, finish, pending
from audit.commands.hold import lift_hold, set_hold, standing
from audit.errors import LogUnavailable, VaultRefused
from audit.ports import Ports
from audit.postgres.erasing import Eraser
from audit.postgres.home import DatabaseHome
from audit.vault.commitment import commit
from tests.audit.merging.conftest import House

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.log import AuditLog
    from audit.record import Record
    from tests.audit.postgres.conftest import Cluster

    Make = Callable[..., Record]

pytestmark = pytest.mark.server
SAID: dict[str, Any] = {"basis": "gdpr.art17", "by": "dpo"}


async def asked(log: AuditLog, make_decision: Make, subject: str, **changes: Any) -> Record:
    """A decision about somebody."""
    question = orjson.dumps({"subject": {"id": subject, "type": "user"}})
    return make_decision(
        sref=await log.sref(subject),
        policy_input=commit("input", question),
        question=question,
        payload=[commit("req", b"x")],
        **changes,
    )


def ended(make_outcome: Make, decision: Record) -> Record:
    """Its end, with a commitment of its own."""
    return make_outcome(decision.id, sref=decision.body["sref"], payload=[commit("resp", b"y")])


async def test_a_subject_is_erased_and_nobody_else(
    cluster: Cluster, make_decision: Make, make_outcome: Make
) -> None:
    """Questions and nonces, those of answers too, and the name go; others stay, as does the merged log."""
    now_us = 0
    log = cluster.open(ports=Ports(mono_us=lambda: now_us))
    names = ["ann@acme", "ann@other", "joann@acme", 'q"uote@acme']
    before = {name: await log.sref(name) for name in names}
    for name in names:
        decision = await asked(log, make_decision, name)
        await cluster.append(log, decision, ended(make_outcome, decision))
    cluster.sequencer().turn()

    counts = await asyncio.to_thread(erase, cluster.home(), subject="ann@acme", **SAID)
    await asyncio.to_thread(erase, cluster.home(), subject='q"uote@acme', **SAID)
    with pytest.raises(VaultRefused, match=r"vault\.unknown"):
        await asyncio.to_thread(erase, cluster.home(), subject="nobody@acme", **SAID)

    kept = cluster.vault("kept")
    now_us += 1_000_000
    after = {name: await log.sref(name) for name in names}
    assert counts.facts() | {"unread": 0} == {
        "pseudonym": 1, "key": 0, "question": 1, "payload": 0, "nonce": 3, "unread": 0
    }  # fmt: skip
    assert {orjson.loads(row["question"])["subject"]["id"] for row in kept if row["question"]} == {
        "ann@other",
        "joann@acme",
    }
    assert len(kept) == 4
    assert {name for name in names if after[name] != before[name]} == {"ann@acme", 'q"uote@acme'}
    assert cluster.vault("leaving") == []
    said = [each for each in cluster.records("desk.w0") if each["typ"] == "erasure"]
    assert [each["stage"] for each in said] == ["begun", "done"] * 2
    cluster.sequencer().turn()
    cluster.mirror()
    assert set(cluster.promised.values()) <= House(cluster.folder).merged()


async def test_a_record_is_erased_with_its_end(
    cluster: Cluster, make_decision: Make, make_outcome: Make
) -> None:
    """Named by either; another decision of the same subject stays, and so does the subject."""
    log = cluster.open()
    first, second = [await asked(log, make_decision, "a@b") for _ in range(2)]
    end = ended(make_outcome, first)
    await cluster.append(log, first, end, second)

    counts = await asyncio.to_thread(erase, cluster.home(), record=end.id, **SAID)
    assert (counts.question, counts.nonce) == (1, 3)
    (left,) = cluster.vault("kept")
    assert left["record"].hex() == second.id
    assert len(cluster.vault("subject")) == 1
    with pytest.raises(VaultRefused, match=r"vault\.unknown"):
        await asyncio.to_thread(erase, cluster.home(), record="f" * 32, **SAID)


async def test_what_comes_late_is_not_kept(cluster: Cluster, make_decision: Make, make_outcome: Make) -> None:
    """A gateway that remembers the pseudonym logs on; the records stand there, and open nothing."""
    log = cluster.open()
    decision = await asked(log, make_decision, "ann@acme")
    late = await asked(log, make_decision, "ann@acme")
    await cluster.append(log, decision)
    await asyncio.to_thread(erase, cluster.home(), subject="ann@acme", **SAID)
    await cluster.append(log, late, ended(make_outcome, decision))
    assert cluster.vault("kept") == []
    assert {late.id, decision.id} <= {each["id"] for each in cluster.records() if "id" in each}


@pytest.mark.parametrize("held", ["subject", "tenant", "everything"])
async def test_a_hold_stands_against_it(cluster: Cluster, make_decision: Make, held: str) -> None:
    """On a subject, its tenant or everything; lifted, the erasure goes on. Both steps are on the record."""
    log = cluster.open()
    await cluster.append(log, await asked(log, make_decision, "ann@acme"))
    on = {"subject": {"subject": "ann@acme"}, "tenant": {"tenant": "acme"}, "everything": {}}[held]
    why = {"basis": "litigation.2026-17", "by": "legal"}

    def go() -> None:
        home = cluster.home()
        set_hold(home, **on, **why)
        set_hold(home, **on, **why)
        ((hold, name),) = standing(home)
        assert (hold.basis, hold.recorded, name) == (why["basis"], True, on.get("subject"))
        meanings: list[dict[str, Any]] = [{"subject": "ann@acme"}, {"record": decision.id}]
        for meant in meanings:
            with pytest.raises(VaultRefused, match=r"vault\.held"):
                erase(home, **meant, **SAID)
        assert len(cluster.vault("kept")) == 2
        lift_hold(home, **on, **why)
        with pytest.raises(VaultRefused, match=r"vault\.unknown"):
            lift_hold(home, **on, **why)
        assert erase(home, subject="ann@acme", **SAID).question == 2

    decision = await asked(log, make_decision, "ann@acme")
    await cluster.append(log, decision)
    await asyncio.to_thread(go)
    said = [row["body"] for row in cluster.run("SELECT body FROM entry ORDER BY writer, at")]
    assert sum(b'"typ":"legal_hold"' in each for each in said) == 2


async def test_a_hold_on_another_is_none(cluster: Cluster, make_decision: Make) -> None:
    """Neither another subject's nor another tenant's; and who never called can be held."""
    log = cluster.open()
    await cluster.append(log, await asked(log, make_decision, "ann@acme"))

    def go() -> None:
        set_hold(cluster.home(), subject="bob@acme", basis="litigation.a", by="legal")
        set_hold(cluster.home(), tenant="globex", basis="litigation.a", by="legal")
        assert erase(cluster.home(), subject="ann@acme", **SAID).question == 1

    await asyncio.to_thread(go)
    assert {row["sref"] for row in cluster.vault("hold")} == {"", await log.sref("bob@acme")}


@pytest.mark.parametrize("step", ["_part", "_delete", "_run"])
async def test_an_erasure_that_breaks_off_is_finished(
    cluster: Cluster, make_decision: Make, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The server is killed in the middle of it: `begun` stands in the log, and the next command goes on."""
    log = cluster.open()
    await cluster.append(log, await asked(log, make_decision, "ann@acme"))
    real = getattr(Eraser, step)

    def killed(self: Eraser, *values: Any) -> Any:
        cluster.server.kill()
        return real(self, *values)

    monkeypatch.setattr(Eraser, step, killed)
    with pytest.raises(LogUnavailable):
        await asyncio.to_thread(erase, cluster.home(), subject="ann@acme", **SAID)
    monkeypatch.setattr(Eraser, step, real)
    cluster.server.start()

    def go() -> list[int]:
        home = DatabaseHome(
            cluster.target(), cluster.target("clerk"), cluster.folder, lambda: cluster.open("next")
        )
        return [len(pending(home)), finish(home), len(pending(home))]

    assert await asyncio.to_thread(go) == [1, 1, 0]
    assert (cluster.vault("kept"), cluster.vault("subject"), cluster.vault("leaving")) == ([], [], [])


async def test_after_a_restore_everything_is_erased_again(cluster: Cluster, make_decision: Make) -> None:
    """The log knows what was erased; a vault that came back from a backup has it all."""
    log = cluster.open()
    decision = await asked(log, make_decision, "ann@acme")
    await cluster.append(log, decision)
    vault = f"{cluster.schema}_vault"
    cluster.run(
        f"CREATE TABLE s AS TABLE {vault}.subject",
        f"CREATE TABLE k AS TABLE {vault}.kept",
        "SELECT 1",
    )
    await asyncio.to_thread(erase, cluster.home(), subject="ann@acme", **SAID)
    cluster.run(f"INSERT INTO {vault}.subject TABLE s", f"INSERT INTO {vault}.kept TABLE k", "SELECT 1")
    assert await asyncio.to_thread(again, cluster.home()) == 1
    assert (cluster.vault("kept"), cluster.vault("subject")) == ([], [])


async def test_what_was_kept_without_a_name_is_found_in_the_log(
    cluster: Cluster, make_decision: Make, make_outcome: Make
) -> None:
    """Rows of the first version don't say whose they are: the log does, and the question."""
    log = cluster.open()
    for name in ("ann@acme", "bob@acme"):
        decision = await asked(log, make_decision, name)
        await cluster.append(log, decision, ended(make_outcome, decision))
    cluster.run(f"UPDATE {cluster.schema}_vault.kept SET sref = NULL, ref = NULL", "SELECT 1")  # noqa: S608 - ours
    counts = await asyncio.to_thread(erase, cluster.home(), subject="ann@acme", **SAID)
    assert (counts.question, counts.nonce) == (1, 3)
    assert len(cluster.vault("kept")) == 2


async def test_nobody_else_erases(cluster: Cluster, make_decision: Make) -> None:
    """A gateway's login can't, whatever the gateway is made to do; and nothing says that anything is gone."""
    log = cluster.open()
    await cluster.append(log, await asked(log, make_decision, "ann@acme"))
    home = DatabaseHome(cluster.target(), cluster.target(), cluster.folder, lambda: cluster.open("desk"))
    with pytest.raises(LogUnavailable, match=r"vault\.unavailable"):
        await asyncio.to_thread(erase, home, subject="ann@acme", **SAID)
    with pytest.raises(LogUnavailable, match=r"vault\.unavailable"):
        await asyncio.to_thread(set_hold, home, basis="litigation.a", by="legal")
    assert len(cluster.vault("kept")) == 1


class Around:
    """The program around the commands."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def audit_folder(self) -> Path:
        """Where the copy is."""
        return self._cluster.folder

    def home(self, _: Path) -> DatabaseHome:
        """Log and vault are in the database."""
        return self._cluster.home()


async def test_the_commands_know_where_the_vault_is(cluster: Cluster, make_decision: Make) -> None:
    """`hold` and `erase` as typed, with their exit codes."""
    log = cluster.open()
    await cluster.append(log, await asked(log, make_decision, "ann@acme"))
    log.close()
    run, around = CliRunner(), Around(cluster)
    held = ["--subject", "ann@acme", "--basis", "litigation.a", "--by", "legal"]
    gone = ["erase", "--subject", "ann@acme", "--basis", "gdpr.art17", "--by", "dpo", "--yes"]

    def go() -> list[int]:
        steps = (["hold", "set", *held], ["hold", "list"], gone, ["hold", "lift", *held], gone, gone)
        return [run.invoke(app, step, obj=around).exit_code for step in steps]

    assert await asyncio.to_thread(go) == [0, 0, 3, 0, 0, 1]
