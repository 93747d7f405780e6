"""`/v1/usage` and `/v1/usage/own`: who is shown what, in which form, and what is recorded of it."""

from __future__ import annotations

import csv
import io
import sys
from typing import TYPE_CHECKING

import orjson
import pytest

from audit.errors import LogUnavailable
from audit.reading.desk import Desk
from audit.usage import answering
from audit.usage.parts import UsageTooLarge
from audit.usage.wanted import MEASURES
from gateway.errors import Refused
from gateway.evidence import usage
from tests.gateway.evidence.conftest import ALLOW, DENY

if TYPE_CHECKING:
    from gateway.types import Answer
    from tests.gateway.evidence.conftest import Answered, Scene


async def ask(scene: Scene, parameters: str = "") -> Answered:
    """Ask for everybody's."""
    return await scene.ask(usage.serve, "usage.read", "", parameters)


async def ask_own(scene: Scene, parameters: str = "") -> Answered:
    """Ask for one's own."""
    return await scene.ask(usage.serve_own, "usage.own", "", parameters)


@pytest.mark.parametrize("merged", [False, True])
async def test_a_report_is_shown(scene: Scene, *, merged: bool) -> None:
    """With its total, for no cache to keep."""
    if merged:
        scene.merge()
    answer = await ask(scene, "by=team&period=all")

    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-regent-policy-revision"] == "r-1"
    assert [(line["team"], line["requests"]) for line in answer.json["data"]] == [("alice", 1), ("bob", 1)]
    assert answer.json["total"] == {**dict.fromkeys(MEASURES, 0), **answer.json["total"], "requests": 2}
    assert answer.json["next"] is None


@pytest.mark.parametrize(
    "parameters", ["", "subject=alice%40acme", "by=request,tag,key&period=day&time_zone=Asia%2FTokyo"]
)
async def test_the_policy_is_asked_about_the_kind_of_report_alone(scene: Scene, parameters: str) -> None:
    """Nothing of what is looked for stands in the question."""
    await ask(scene, parameters)
    (question,) = scene.engine.asked

    assert question["action"] == {"name": "usage.read", "properties": {}}
    assert question["resource"]["type"] == "admin"


async def test_who_may_not_is_shown_nothing(scene: Scene) -> None:
    """Whatever they asked for, also what is no question; the refusal is on record."""
    scene.engine.answer = DENY
    for answer in (await ask(scene, "by=nonsense"), await ask_own(scene)):
        assert (answer.status, answer.code) == (403, "house.rule")

    assert [record["gen_ai"]["op"] for record in await scene.denied()] == ["usage.read", "usage.own"]
    assert await scene.accessed() == []


async def test_strangers_are_told_so(scene: Scene) -> None:
    """Before anything is read."""
    scene.person = Refused("identity.signature")
    assert (await ask(scene)).status == 401


async def test_an_obligation_is_refused(scene: Scene) -> None:
    """None is enforced here."""
    scene.engine.answer = {**ALLOW, "obligations": [{"kind": "clamp", "max_tokens": 1}]}
    assert (await ask(scene)).code == "obligation.unknown"


@pytest.mark.parametrize("subject", ["alice@acme", "bob@acme", "carol@acme"])
async def test_one_subject_can_be_asked_for_by_name(scene: Scene, subject: str) -> None:
    """Who isn't known used nothing; that isn't what everybody used."""
    answer = await ask(scene, f"by=user,team&subject={subject.replace('@', '%40')}")
    person = subject.partition("@")[0]

    if person == "carol":
        assert (answer.json["data"], answer.json["total"]["requests"]) == ([], 0)
        return
    (line,) = answer.json["data"]
    assert (line["team"], line["user"]) == (person, await scene.log.sref(subject))


async def test_everybody_sees_their_own_and_nothing_else(scene: Scene) -> None:
    """By the verified identity; no parameter names somebody else."""
    scene.person = scene._build.principal(id="bob@acme", team=None)
    answer = await ask_own(scene, "by=team,user")

    assert [line["team"] for line in answer.json["data"]] == ["bob"]
    assert answer.json["total"]["requests"] == 1
    for parameters in ("subject=alice%40acme", "user=x", "only=x"):
        refused = await ask_own(scene, parameters)
        assert (refused.status, refused.code) == (400, "input.invalid")


async def test_who_used_nothing_sees_nothing(scene: Scene) -> None:
    """Not what those used who have no name in the log."""
    assert (await ask_own(scene)).json["data"] == []


async def test_each_answer_has_its_record_first(scene: Scene) -> None:
    """Who, by which policy, what was asked for in codes, and how much was found; with a receipt."""
    seen: list[list[str]] = []

    async def look(_: Answer) -> None:
        seen.append([record["what"] for record in await scene.accessed()])

    scene.deliver_to = look
    answer = await ask(scene, "subject=alice%40acme&by=team,tag&team=alice&since=1h&format=csv&period=day")
    (record,) = await scene.accessed()

    assert seen == [["usage.read"]]  # while the answer was on its way out
    assert record["id"] == answer.headers["x-regent-decision-id"]
    assert answer.headers["x-regent-receipt"].startswith("v1 ")
    assert record["sref"] == await scene.log.sref("auditor@acme")
    assert (record["n"], record["policy"]["path"]) == (1, "gateway/admin/decision")
    assert record["filter"].pop("since_us") > 0
    assert record["filter"] == {
        "by": ["team", "tag"],
        "period": "day",
        "format": "csv",
        "limit": 1_000,
        "team": "alice",
        "subject": await scene.log.sref("alice@acme"),
    }


async def test_a_record_of_nothing_found_holds_no_word_of_the_reader(scene: Scene) -> None:
    """It would stand there for ever."""
    await ask(scene, "subject=carol%40acme&team=carol")
    (record,) = await scene.accessed()

    assert (record["n"], record["filter"]["subject"], record["filter"]["team"]) == (0, None, None)
    assert b"carol" not in orjson.dumps(record)


async def test_ones_own_report_is_on_record_too(scene: Scene) -> None:
    """As the kind of access that it is."""
    scene.person = scene._build.principal(id="alice@acme", team=None)
    await ask_own(scene)
    (record,) = await scene.accessed()

    assert (record["what"], record["sref"]) == ("usage.own", record["filter"]["subject"])


async def test_what_cannot_be_recorded_is_not_shown(scene: Scene) -> None:
    """The answer is ready, and stays here."""
    await scene.log.aclose()
    answer = await ask(scene)
    assert (answer.status, "data" in answer.json) == (503, False)


@pytest.mark.parametrize(
    ("form", "kind", "beginning"),
    [
        ("json", "application/json", b'{"object"'),
        ("csv", "text/csv; charset=utf-8", b"period,"),
        ("focus", "text/csv; charset=utf-8", b"BilledCost,"),
        ("parquet", "application/vnd.apache.parquet", b"PAR1"),
        ("focus-parquet", "application/vnd.apache.parquet", b"PAR1"),
    ],
)
async def test_a_report_comes_in_each_form(scene: Scene, form: str, kind: str, beginning: bytes) -> None:
    """With its media type."""
    answer = await ask(scene, f"format={form}")
    assert (answer.status, answer.headers["content-type"]) == (200, kind)
    assert answer.body.startswith(beginning)


async def test_pages_follow_each_other(scene: Scene) -> None:
    """By the cursor of the one before, in a header also where the form has no place for it."""
    found, cursor = [], ""
    for _ in range(2):
        answer = await ask(scene, f"by=team&limit=1&format=csv{cursor}")
        (row,) = csv.DictReader(io.StringIO(answer.body.decode()))
        found.append(row["team"])
        cursor = f"&cursor={answer.headers.get('x-regent-cursor', '').replace('=', '%3D')}"

    assert found == ["alice", "bob"]
    assert cursor == "&cursor="
    whole = await ask(scene, "by=team&limit=1")
    assert whole.json["next"] == whole.headers["x-regent-cursor"]


async def test_without_pyarrow_parquet_is_refused(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a form that this gateway can't write."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    answer = await ask(scene, "format=parquet")
    assert (answer.status, answer.code, answer.json["error"]["param"]) == (400, "input.invalid", "format")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageTooLarge("usage.too_large", "x"), "usage.too_large"),
        (LogUnavailable("reading.busy", "x"), "audit.busy"),
        (LogUnavailable("reading.too_long", "x"), "audit.too_long"),
        (LogUnavailable("vault.unavailable", "x"), "audit.unreadable"),
        (LogUnavailable("usage.no_room", "x"), "audit.unreadable"),
    ],
)
async def test_each_way_of_failing_has_its_code(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, error: Exception, code: str
) -> None:
    """Details are for the doctor, not for the reader."""

    async def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(scene.desk, "usage", fail)
    answer = await ask(scene)
    assert answer.code == code
    assert [record["decision"]["reason_code"] for record in await scene.denied()] == [code]


async def test_an_unreadable_vault_shows_nobody(scene: Scene) -> None:
    """A subject that can't be looked up is not passed over."""
    scene.desk.close()
    scene.desk = Desk(scene.folder)
    (scene.folder / "vault" / "subjects.db").unlink()
    assert (await ask(scene, "subject=alice%40acme")).code == "audit.unreadable"


async def test_nobody_waits_for_ever(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A report that takes too long is ended, like any other question."""
    monkeypatch.setattr(answering, "page", lambda _folder, _asked, stopped, **_: _wait(stopped))
    scene.desk = Desk(scene.folder, patience_s=0.01)
    assert (await ask(scene)).code == "audit.too_long"


def _wait(stopped: object) -> None:
    while not stopped():  # type: ignore[operator]
        pass


async def test_where_there_is_no_log_to_read_there_is_nothing(scene: Scene) -> None:
    """An action of its own doesn't make one."""
    house = scene.house()
    object.__setattr__(house, "evidence", None)
    await usage.serve(scene.raw("usage.read"), house, scene._deliver)
    assert scene._answers[-1].status == 404
