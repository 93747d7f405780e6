"""`/v1/audit/records` and `/v1/audit/proofs`: exact bytes, proofs that hold, and a record of each access."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from audit.errors import LogDamaged
from audit.reading.desk import Desk
from audit.tlog.proof import LogProof
from audit.tlog.tree import leaf_hash
from audit.tlog.trust import TrustPolicy
from gateway.evidence import records
from tests.gateway.evidence.conftest import DENY

if TYPE_CHECKING:
    from tests.gateway.evidence.conftest import Answered, Scene


async def show(scene: Scene, name: str, parameters: str = "") -> Answered:
    """Ask for a record."""
    return await scene.ask(records.serve, "audit.read", name, parameters)


async def prove(scene: Scene, name: str, parameters: str = "") -> Answered:
    """Ask for its proof."""
    return await scene.ask(records.prove, "audit.read", name, parameters)


async def an_id(scene: Scene) -> str:
    """The id of alice's decision."""
    return str((await scene.records("decision"))[0]["id"])


@pytest.mark.parametrize("merged", [False, True])
async def test_a_record_is_shown_as_it_is_hashed(scene: Scene, *, merged: bool) -> None:
    """Its bytes, what they say, their leaf hash, and its place once it has one."""
    name = await an_id(scene)
    if merged:
        scene.merge()
    answer = await show(scene, name)
    body = base64.b64decode(answer.json["bytes"])

    assert (answer.status, answer.json["record"]["id"]) == (200, name)
    assert orjson.loads(body) == answer.json["record"]
    assert base64.b64decode(answer.json["leaf"]) == leaf_hash(body)
    assert (answer.json["log_index"] is None) == (not merged)
    assert answer.headers["cache-control"] == "no-store"
    if merged:
        assert (await show(scene, str(answer.json["log_index"]))).json == answer.json


async def test_a_proof_holds_by_the_logs_own_key(scene: Scene) -> None:
    """The same by id and by index."""
    name = await an_id(scene)
    scene.merge()
    shown = (await show(scene, name)).json
    answer = await prove(scene, name)
    vkey = (scene.folder / "log.vkey").read_text().strip()
    proof = LogProof.parse(answer.body)
    proof.verify(base64.b64decode(shown["bytes"]), TrustPolicy.parse(f"log {vkey}\nquorum none\n".encode()))

    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert proof.index == shown["log_index"]
    assert (await prove(scene, str(proof.index))).body == answer.body


async def test_a_record_that_is_not_merged_yet_will_have_a_proof(scene: Scene) -> None:
    """Said apart from one that doesn't exist, with a time to come again."""
    scene.merge()
    answer = await prove(scene, (await scene.records("access", "decision"))[-1]["id"])
    assert answer.status == 200
    answer = await prove(scene, answer.headers["x-regent-decision-id"])

    assert (answer.status, answer.code, answer.headers["retry-after"]) == (404, "audit.unmerged", "1")


@pytest.mark.parametrize("ask", [show, prove])
async def test_what_is_not_there_was_asked_for_all_the_same(scene: Scene, ask: Any) -> None:
    """404, and the record of the access says that nothing was found, without the word that was made up."""
    scene.merge()
    unknown = await ask(scene, "f" * 32)
    beyond = await ask(scene, "999999")
    (first, second) = await scene.accessed()

    assert (unknown.status, unknown.code) == (404, "audit.unknown")
    assert beyond.status == 404
    assert (first["what"], first["n"], first["filter"]) == ("audit.read", 0, {"id": None})
    assert (second["n"], second["filter"]) == (0, {"index": 999_999})
    assert unknown.json["decision_id"] == first["id"]
    assert await scene.denied() == []


async def test_each_access_has_its_record(scene: Scene) -> None:
    """With the id that was asked for, which the log has already."""
    name = await an_id(scene)
    answer = await show(scene, name)
    (record,) = await scene.accessed()

    assert (record["id"], record["n"]) == (answer.headers["x-regent-decision-id"], 1)
    assert record["filter"] == {"id": name}


@pytest.mark.parametrize("ask", [show, prove])
@pytest.mark.parametrize(
    "name", ["", "x", "-1", "1.0", "0x1", "F" * 32, "f" * 31, "f" * 33, "1" * 16, "..", "%2e", "\u0661"]
)
async def test_what_names_no_record_is_refused(scene: Scene, ask: Any, name: str) -> None:
    """A name is 32 hex digits or a plain number."""
    answer = await ask(scene, name)

    assert (answer.status, answer.code, answer.json["error"]["param"]) == (400, "input.invalid", "id")


@pytest.mark.parametrize("ask", [show, prove])
async def test_a_parameter_is_refused(scene: Scene, ask: Any) -> None:
    """Nothing can be asked beside."""
    assert (await ask(scene, "0", "a=b")).code == "input.invalid"


@pytest.mark.parametrize("ask", [show, prove])
async def test_who_may_not_learns_nothing(scene: Scene, ask: Any) -> None:
    """Not even whether there is such a record."""
    name = await an_id(scene)
    scene.engine.answer = DENY
    answers = [await ask(scene, each) for each in (name, "f" * 32, "nonsense")]

    assert {(answer.status, answer.code) for answer in answers} == {(403, "house.rule")}
    assert {each["gen_ai"]["op"] for each in await scene.denied()} == {"audit.read"}
    assert await scene.accessed() == []


async def test_a_damaged_log_is_told_in_a_code(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Proofs are not made of what doesn't hold."""

    async def fail(*_: Any) -> None:
        raise LogDamaged("log.damaged", "secret path")

    monkeypatch.setattr(Desk, "inclusion", fail)
    answer = await prove(scene, "0")

    assert (answer.status, answer.code) == (503, "audit.unreadable")
    assert b"secret" not in answer.body
