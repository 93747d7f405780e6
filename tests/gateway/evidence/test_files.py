"""`/v1/audit/log/...` and `/v1/audit/consistency`: the log as it is, for who may, in few records."""

from __future__ import annotations

import asyncio
import base64
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from audit.accesses import Accesses
from audit.durability import Durability
from audit.errors import LogUnavailable
from audit.reading import desk as desks
from audit.tlog.tree import verify_consistency
from gateway.errors import Refused
from gateway.evidence import files
from tests.gateway.evidence.conftest import DENY, decision_record

if TYPE_CHECKING:
    from gateway.types import Answer
    from tests.gateway.evidence.conftest import Answered, Scene


async def fetch(scene: Scene, path: str, parameters: str = "") -> Answered:
    """Ask for a file."""
    return await scene.ask(files.serve, "audit.log", path, parameters)


async def compare(scene: Scene, parameters: str) -> Answered:
    """Ask for a proof of consistency."""
    return await scene.ask(files.compare, "audit.log", "", parameters)


async def test_files_are_served_as_they_are(scene: Scene) -> None:
    """With the types of tlog-tiles; a full tile is for ever, nothing else is, and nothing is for others."""
    for number in range(260):
        await scene.log.append(decision_record(f"r{number}"))
    scene.merge()
    kinds = {}
    for path in ("checkpoint", "log.vkey", "tile/0/000", "tile/entries/000", "tile/1/000.p/1"):
        answer = await fetch(scene, path)
        assert (answer.status, answer.body) == (200, (scene.folder / path).read_bytes())
        kinds[path] = answer.headers["content-type"], answer.headers["cache-control"]

    text, data = "text/plain; charset=utf-8", "application/octet-stream"
    lasting = "private, max-age=31536000, immutable"
    assert kinds == {
        "checkpoint": (text, "private, no-cache"),
        "log.vkey": (text, "private, no-cache"),
        "tile/0/000": (data, lasting),
        "tile/entries/000": (data, lasting),
        "tile/1/000.p/1": (data, "private, no-cache"),
    }


@pytest.mark.parametrize(
    "path", ["", "keys/log.key", "vault/subjects.db", "../audit/checkpoint", "tile/0/999", "tile/0/0"]
)
async def test_nothing_else_is_a_file(scene: Scene, path: str) -> None:
    """Whether it is a secret, leads elsewhere or isn't there."""
    scene.merge()
    answer = await fetch(scene, path)

    assert (answer.status, answer.code) == (404, "route.unknown")


async def test_a_file_has_no_parameters(scene: Scene) -> None:
    """A cache would keep it under another name."""
    scene.merge()
    assert (await fetch(scene, "checkpoint", "a=b")).status == 404


async def test_many_reads_are_few_records(scene: Scene) -> None:
    """Found or not, one record at first and one with the count; every answer names one with its receipt."""
    scene.merge()
    answers = [await fetch(scene, path) for path in ["checkpoint", "tile/0/999", "nonsense"] * 50]
    answers += [await compare(scene, "from=x")]
    (first,) = await scene.accessed()
    await scene.accesses.close()
    (_, second) = await scene.accessed()

    assert len(scene.engine.asked) == len(answers)  # each one is decided
    assert {answer.headers["x-regent-decision-id"] for answer in answers} == {first["id"]}
    assert len({answer.headers["x-regent-receipt"] for answer in answers}) == 1
    assert {answer.json["decision_id"] for answer in answers if answer.status == 404} == {first["id"]}
    assert (first["what"], first["n"], second["n"]) == ("audit.log", 1, 150)
    assert first["sref"] == second["sref"] == await scene.log.sref("auditor@acme")
    assert (first["req"]["id"], first["policy"]["revision"]) == (None, "r-1")
    assert await scene.denied() == []


async def test_another_policy_has_another_record(scene: Scene) -> None:
    """So that no record says that one allowed what another did."""
    await fetch(scene, "log.vkey")
    scene.engine.revision = "r-2"
    await fetch(scene, "log.vkey")

    assert [each["policy"]["revision"] for each in await scene.accessed()] == ["r-1", "r-2"]


async def test_who_may_not_gets_nothing(scene: Scene) -> None:
    """Each refusal is recorded; nobody learns what is there."""
    scene.merge()
    scene.engine.answer = DENY
    answers = [await fetch(scene, path) for path in ("checkpoint", "nonsense")]

    assert {(answer.status, answer.code) for answer in answers} == {(403, "house.rule")}
    assert [each["gen_ai"]["op"] for each in await scene.denied()] == ["audit.log"] * 2
    assert await scene.accessed() == []


async def test_a_right_that_is_taken_away_is_gone_at_once(scene: Scene) -> None:
    """A period that is open lets nobody in."""
    assert (await fetch(scene, "log.vkey")).status == 200
    scene.engine.answer = DENY

    assert (await fetch(scene, "log.vkey")).status == 403


async def test_strangers_get_nothing(scene: Scene) -> None:
    """They are counted, like everywhere."""
    scene.person = Refused("identity.missing")

    assert (await fetch(scene, "checkpoint")).status == 401
    assert await scene.accessed() == []


async def test_files_in_hand_are_bounded(scene: Scene) -> None:
    """Until they are handed over; who comes too many is counted, not recorded each time."""
    scene.merge()
    with ExitStack() as held:
        for _ in range(desks.FILES):
            held.enter_context(scene.desk.place())
        answers = [await fetch(scene, "checkpoint") for _ in range(5)]
    assert (await fetch(scene, "checkpoint")).status == 200

    assert {(answer.status, answer.code) for answer in answers} == {(503, "audit.busy")}
    assert len(await scene.accessed()) == 1
    assert await scene.denied() == []


async def test_a_place_is_held_until_the_file_is_handed_over(scene: Scene) -> None:
    """A client that doesn't read holds what is bounded."""
    scene.merge()
    held: list[int] = []

    async def look(_: Answer) -> None:
        held.append(scene.desk._files._value)

    scene.deliver_to = look
    await fetch(scene, "checkpoint")

    assert held == [desks.FILES - 1]
    assert scene.desk._files._value == desks.FILES


async def test_readers_at_once_are_bounded(scene: Scene) -> None:
    """Also by a log that does no more than its best: nothing is read without being counted."""
    scene.accesses = Accesses(scene.log, most=0)
    scene.log.durability = Durability.BEST_EFFORT

    assert (await fetch(scene, "log.vkey")).code == "audit.busy"


async def test_what_cannot_be_recorded_is_not_read(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """But by a log that does no more than its best."""

    async def fail(_: Any) -> None:
        raise LogUnavailable("log.not_durable", "no")

    monkeypatch.setattr(scene.log, "append", fail)
    refused = await fetch(scene, "log.vkey")
    scene.log.durability = Durability.BEST_EFFORT
    allowed = await fetch(scene, "log.vkey")

    assert (refused.status, refused.code) == (503, "log.not_durable")
    assert (allowed.status, "x-regent-receipt" in allowed.headers) == (200, False)


async def test_who_leaves_has_been_counted(scene: Scene) -> None:
    """And no other record tells of it."""

    async def leave(_: Answer) -> None:
        raise asyncio.CancelledError

    scene.deliver_to = leave
    with pytest.raises(asyncio.CancelledError):
        await fetch(scene, "log.vkey")

    assert len(await scene.accessed()) == 1
    assert await scene.denied() == []
    assert await scene.records("aborted") == []


async def test_the_log_only_grows(scene: Scene) -> None:
    """The proof between two sizes verifies, with the roots that it names."""
    old = scene.merge()
    await scene.log.append(decision_record("more"))
    new = scene.merge()
    found = (await compare(scene, f"from={old}")).json
    roots = [base64.b64decode(found[each]["root"]) for each in ("from", "to")]
    hashes = [base64.b64decode(each) for each in found["hashes"]]

    assert (found["from"]["size"], found["to"]["size"]) == (old, new)
    assert verify_consistency(old, new, roots[0], roots[1], hashes)


@pytest.mark.parametrize(
    ("parameters", "param"),
    [("", "from"), ("from=9&to=3", "to"), ("from=1&to=999999", "to"), ("from=x", "from")],
)
async def test_sizes_that_are_none_are_refused(scene: Scene, parameters: str, param: str) -> None:
    """400 with the parameter at fault; counted."""
    scene.merge()
    answer = await compare(scene, parameters)

    assert (answer.status, answer.code, answer.json["error"]["param"]) == (400, "input.invalid", param)
    assert len(await scene.accessed()) == 1


async def test_a_damaged_log_makes_no_proof(scene: Scene) -> None:
    """Said in a code."""
    scene.merge()
    (scene.folder / "checkpoint").write_text("nothing")

    assert (await compare(scene, "from=1")).code == "audit.unreadable"
    assert (await fetch(scene, "tile/0/000.p/3")).code == "audit.unreadable"
