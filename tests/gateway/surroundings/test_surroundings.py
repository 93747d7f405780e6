"""The configured house as commands see it: its trust, its store, and the audit log as a journal."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, get_args

import pytest
import typer

from audit import frames
from audit import record as records
from audit.log import AuditLog
from audit.reading.query import Filter, query
from audit.verify.check import verify
from audit.verify.verdict import Verdict
from bundles.store.errors import StoreError
from bundles.store.journal import Transition
from bundles.store.lifecycle import Action, State
from gateway import settings
from gateway.surroundings import Surroundings
from gateway.surroundings.journal import AuditJournal
from gateway.surroundings.recording import refusal
from tests.bundles.signing import pair

if TYPE_CHECKING:
    from pathlib import Path

DIGEST = "ab" * 32
STEP = Transition(Action.ACTIVATE, "r-1", DIGEST, State.APPROVED, State.ACTIVE, "bob", 2)


@pytest.fixture
def chosen(tmp_path: Path) -> settings.Audit:
    """Where the log is."""
    return settings.Audit(folder=tmp_path / "audit", origin="regent.example/audit")


def logged(chosen: settings.Audit) -> list[dict[str, Any]]:
    """The transitions in the log, of every writer."""
    paths = sorted(chosen.folder.glob("writers/*/seg/*.log"))
    found = [json.loads(body) for path in paths for _, body in frames.scan(path.read_bytes())]
    return [each for each in found if each["typ"] == "policy.transition"]


def test_a_step_becomes_a_record(chosen: settings.Audit) -> None:
    """Action, revision, digest, states, who, approvals; and the log is whole afterwards."""
    AuditJournal(chosen).record([STEP])
    (record,) = logged(chosen)
    assert record["policy"] == {"bundle": f"sha256:{DIGEST}", "revision": "r-1"}
    assert record["transition"] == {"action": "activate", "from": "approved", "to": "active"}
    assert record["actor"] == {"kind": "policy_team", "name": "bob"}
    assert (record["approvals"], record["result"], record["reason_code"]) == (2, "accepted", None)
    assert verify(chosen.folder).verdict is Verdict.OPERATOR_ASSERTED
    assert list(query(chosen.folder, Filter())) == []


def test_a_void_step_says_why(chosen: settings.Audit) -> None:
    """A step that wasn't taken after all is told apart from one that was."""
    lost = Transition(
        Action.RETIRE,
        "r-1",
        None,
        State.DRAFT,
        State.RETIRED,
        "operator",
        0,
        void=True,
        reason_code="store.conflict",
    )
    AuditJournal(chosen).record([STEP, lost])
    assert [(each["result"], each["reason_code"]) for each in logged(chosen)] == [
        ("accepted", None),
        ("void", "store.conflict"),
    ]


async def test_it_writes_beside_a_running_gateway(chosen: settings.Audit) -> None:
    """A gateway's writer stays open while a command takes the next slot."""
    async with AuditLog.open(chosen.folder, chosen.origin):
        await asyncio.to_thread(AuditJournal(chosen).record, [STEP])
        assert [each["writer"]["id"] for each in logged(chosen)] == ["w1"]


def test_a_log_that_takes_nothing_stops_the_step(chosen: settings.Audit) -> None:
    """Another log's folder, or none that can be written, is `store.journal`."""
    AuditJournal(chosen).record([STEP])
    other = settings.Audit(folder=chosen.folder, origin="somebody.else/audit")
    file = chosen.folder.parent / "file"
    file.write_bytes(b"")
    for wrong in (other, settings.Audit(folder=file, origin=chosen.origin)):
        with pytest.raises(StoreError) as raised:
            AuditJournal(wrong).record([STEP])
        assert raised.value.code == "store.journal"


def test_the_vocabulary_of_the_log_is_that_of_the_store() -> None:
    """Each action and each state of the store has its word in the log, and no other is there."""
    assert set(get_args(records.PolicyAction)) == {str(action) for action in Action}
    assert set(get_args(records.PolicyState)) == {str(state) for state in State}


def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, policy: dict[str, Any]) -> Surroundings:
    """Settings with this section `policy`, JSON being YAML."""
    document = {
        "identity": {"development": {"enabled": True}},
        "providers": {"p": {"adapter": "echo", "api_key": "env:NOT_SET"}},
        "policy": policy,
    }
    (tmp_path / "regent.yaml").write_text(json.dumps(document))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("REGENT_CONFIG", raising=False)
    return Surroundings()


def test_two_approve_unless_the_settings_say_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four eyes are the default of a store; a number in the settings is taken at its word, 0 included."""
    people = [
        {"name": name, "public_key": pair(key_id=name).public_pem.decode()}
        for name in ("alice", "bob", "carol")
    ]
    opa = {"token": "env:NOT_SET"}
    house = write(tmp_path, monkeypatch, {"trust": {"people": people}, "opa": opa})
    assert (house.approving().approvals, house.trust().approvals) == (settings.APPROVALS, 0)
    assert set(house.approving().people) == {"alice", "bob", "carol"}
    trusting = write(tmp_path, monkeypatch, {"trust": {"people": people}, "store": "data/policies"})
    assert trusting.trust().approvals == settings.APPROVALS  # as the gateway that follows the store
    for said in (0, 1):
        house = write(tmp_path, monkeypatch, {"trust": {"people": people, "approvals": said}})
        assert house.approving().approvals == said


def test_the_store_is_the_configured_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without settings there is none; broken settings are said and end the command."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("REGENT_CONFIG", raising=False)
    assert Surroundings().policy_store() is None
    house = write(tmp_path, monkeypatch, {"store": "data/policies"})
    assert str(house.policy_store()) == "data/policies"
    house = write(tmp_path, monkeypatch, {"store": 7})
    with pytest.raises(typer.Exit):
        house.policy_store()


async def test_a_refused_load_counts_until_its_gateway_takes_the_revision(chosen: settings.Audit) -> None:
    """Of each gateway its newest attempt since the activation counts; another revision's doesn't."""

    def load(result: str, revision: str, code: str | None = None) -> records.Record:
        return records.policy_load(
            engine="embedded", bundle=None, revision=revision, result=result, reason_code=code
        )

    assert refusal(chosen.folder, "r-1", 0) is None
    async with (
        AuditLog.open(chosen.folder, chosen.origin) as one,
        AuditLog.open(chosen.folder, chosen.origin) as two,
    ):
        await one.append(load("refused", "r-1", "bundle.unenforced"))
        await two.append(load("active", "r-1"))
        await two.append(load("refused", "r-2", "bundle.signature"))
        assert refusal(chosen.folder, "r-1", 0) == "bundle.unenforced"
        assert refusal(chosen.folder, "r-1", 2**60) is None
        await one.append(load("active", "r-1"))
        assert refusal(chosen.folder, "r-1", 0) is None
        assert refusal(chosen.folder, "r-2", 0) == "bundle.signature"
