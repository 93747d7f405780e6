"""`/v1/audit/decisions`: who gets rows, in which form, and what is recorded of it."""

from __future__ import annotations

import asyncio
import csv
import io
import threading
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from audit.durability import Durability
from audit.errors import LogDamaged, LogUnavailable
from audit.index.row import COLUMNS
from audit.reading import desk as desks
from audit.reading.desk import Desk
from gateway.errors import Refused
from gateway.evidence import decisions
from tests.gateway.evidence.conftest import ALLOW, DENY

if TYPE_CHECKING:
    from gateway.types import Answer
    from tests.gateway.evidence.conftest import Answered, Scene


async def ask(scene: Scene, parameters: str = "", **headers: str) -> Answered:
    """Ask for rows."""
    return await scene.ask(decisions.serve, "audit.query", "", parameters, **headers)


def requests(answer: Answered) -> list[str]:
    """Which requests are in an answer."""
    return [row["request_id"] for row in answer.json["data"]]


async def test_rows_come_newest_first(scene: Scene) -> None:
    """Unmerged ones too, each with every field, for no cache to keep."""
    answer = await ask(scene)

    assert (answer.status, requests(answer)) == (200, ["of-nobody", "of-bob@acme", "of-alice@acme"])
    assert set(answer.json["data"][0]) == set(COLUMNS)
    assert (answer.json["object"], answer.json["next"]) == ("list", None)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-regent-policy-revision"] == "r-1"


@pytest.mark.parametrize("merged", [False, True])
async def test_pages_follow_each_other(scene: Scene, *, merged: bool) -> None:
    """By the cursor of the one before, in the body and in a header."""
    if merged:
        scene.merge()
    found, cursor = [], ""
    for _ in range(3):
        answer = await ask(scene, f"limit=1{cursor}")
        found += requests(answer)
        assert answer.headers.get("x-regent-cursor") == answer.json["next"]
        cursor = f"&cursor={answer.json['next']}"

    assert found == ["of-nobody", "of-bob@acme", "of-alice@acme"]
    assert cursor == "&cursor=None"


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ("subject=alice@acme", ["of-alice@acme"]),
        ("subject=carol@acme", []),
        ("team=bob", ["of-bob@acme"]),
        ("deployment=onprem", ["of-bob@acme", "of-alice@acme"]),
        ("decision=deny", []),
        ("request=of-nobody", ["of-nobody"]),
        ("since=1h", ["of-nobody", "of-bob@acme", "of-alice@acme"]),
        ("until=1h", []),
    ],
)
async def test_filters_narrow(scene: Scene, parameters: str, found: list[str]) -> None:
    """As those of the command."""
    assert requests(await ask(scene, parameters)) == found


async def test_each_answer_has_its_record_first(scene: Scene) -> None:
    """Who, by which policy, what was asked for in codes, and how much was found; with a receipt."""
    seen: list[list[str]] = []

    async def look(_: Answer) -> None:
        seen.append([record["what"] for record in await scene.accessed()])

    scene.deliver_to = look
    answer = await ask(scene, "subject=alice@acme&team=alice")
    (record,) = await scene.accessed()

    assert seen == [["audit.query"]]  # while the answer was on its way out
    assert record["id"] == answer.headers["x-regent-decision-id"]
    assert answer.headers["x-regent-receipt"].startswith("v1 ")
    assert (record["n"], record["tenant"], record["req"]["id"]) == (1, "acme", answer.headers["x-request-id"])
    assert record["sref"] == await scene.log.sref("auditor@acme")
    assert record["actor"] == {"kind": "user", "auth": "oidc"}
    assert (record["policy"]["revision"], record["policy"]["path"]) == ("r-1", "gateway/admin/decision")
    assert record["filter"] == {"subject": await scene.log.sref("alice@acme"), "team": "alice", "limit": 50}
    assert await scene.denied() == []


async def test_a_record_of_nothing_found_says_so(scene: Scene) -> None:
    """And holds none of the words that were looked for."""
    await ask(scene, "subject=carol@acme&team=carol")
    (record,) = await scene.accessed()

    assert (record["n"], record["filter"]) == (0, {"subject": None, "team": None, "limit": 50})
    assert b"carol" not in orjson.dumps(record)


async def test_the_policy_is_asked_about_the_kind_of_access(scene: Scene) -> None:
    """Nothing of what is looked for stands in the question."""
    await ask(scene, "subject=alice@acme")
    (question,) = scene.engine.asked

    assert question["action"] == {"name": "audit.query", "properties": {}}
    assert question["resource"] == {"type": "admin", "id": "regent", "properties": {}}


async def test_who_may_not_gets_nothing(scene: Scene) -> None:
    """The refusal is recorded as any other; whether the question was well put is not told."""
    scene.engine.answer = DENY
    answer = await ask(scene, "teem=hr")
    (record,) = await scene.denied()

    assert (answer.status, answer.code) == (403, "house.rule")
    assert (record["gen_ai"]["op"], record["decision"]["reason_code"]) == ("audit.query", "house.rule")
    assert await scene.accessed() == []


async def test_strangers_get_nothing(scene: Scene) -> None:
    """They are counted, like everywhere."""
    scene.person = Refused("identity.signature")

    assert (await ask(scene)).status == 401
    assert await scene.records("access") == []


async def test_a_condition_that_nobody_enforces_here_denies(scene: Scene) -> None:
    """A permission with an obligation is none without it."""
    scene.engine.answer = {**ALLOW, "obligations": [{"kind": "retain", "payload": "none", "days": 1}]}

    assert (await ask(scene)).code == "obligation.unknown"


@pytest.mark.parametrize("parameters", ["teem=hr", "limit=x", "limit=1001", "cursor=1", "since=never"])
async def test_a_question_that_is_none_is_refused_and_recorded(scene: Scene, parameters: str) -> None:
    """400, for who may ask."""
    answer = await ask(scene, parameters)
    (record,) = await scene.denied()

    assert answer.status == 400
    assert record["decision"]["reason_code"] == answer.code
    assert await scene.accessed() == []


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/json", "application/json"),
        ("*/*", "application/json"),
        ("text/html", "application/json"),
        ("", "application/json"),
        ("text/csv", "text/csv; charset=utf-8"),
        ("Application/JSONL", "application/jsonl"),
        ("application/x-ndjson;q=0.9, text/csv;q=0.1", "application/x-ndjson"),
        ("text/csv;q=0, application/jsonl", "application/jsonl"),
        ("text/csv;q=nonsense", "text/csv; charset=utf-8"),
    ],
)
async def test_the_caller_chooses_the_form(scene: Scene, accept: str, kind: str) -> None:
    """What is liked best of what is known; else JSON."""
    assert (await ask(scene, accept=accept)).headers["content-type"] == kind


async def test_every_form_has_the_same_rows(scene: Scene) -> None:
    """JSON Lines and CSV as the command writes them."""
    whole = (await ask(scene, "limit=2")).json["data"]
    lines = await ask(scene, "limit=2", accept="application/jsonl")
    table = await ask(scene, "limit=2", accept="text/csv")

    assert [orjson.loads(line) for line in lines.body.splitlines()] == whole
    assert [row["id"] for row in csv.DictReader(io.StringIO(table.body.decode()))] == [r["id"] for r in whole]
    assert lines.headers["x-regent-cursor"] == table.headers["x-regent-cursor"]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (LogUnavailable("reading.busy", ""), 503, "audit.busy"),
        (LogUnavailable("index.rebuilt", ""), 503, "audit.busy"),
        (LogUnavailable("reading.too_long", ""), 503, "audit.too_long"),
        (LogUnavailable("log.cannot_open", ""), 503, "audit.unreadable"),
        (LogUnavailable("vault.unavailable", ""), 503, "audit.unreadable"),
        (LogDamaged("log.damaged", "secret path"), 503, "audit.unreadable"),
    ],
    ids=lambda value: getattr(value, "code", str(value)),
)
async def test_a_log_that_cannot_be_read_is_told_in_codes(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, code: str
) -> None:
    """Without a word of where it lies or what is wrong with it; recorded as a refusal."""

    async def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(Desk, "page", fail)
    answer = await ask(scene)
    (record,) = await scene.denied()

    assert (answer.status, answer.code, record["decision"]["reason_code"]) == (status, code, code)
    assert b"secret" not in answer.body


async def test_questions_at_once_are_bounded(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes too many is told when to come again; calls go on meanwhile."""
    begun, free = threading.Semaphore(0), threading.Event()

    def slow(*_: Any) -> list[Any]:
        begun.release()
        free.wait(5)
        return []

    monkeypatch.setattr(desks, "query", slow)
    waiting = [asyncio.ensure_future(ask(scene)) for _ in range(desks.QUESTIONS)]
    for _ in waiting:
        await asyncio.to_thread(begun.acquire)
    refused = await ask(scene)
    free.set()

    assert (refused.status, refused.code, refused.headers["retry-after"]) == (503, "audit.busy", "1")
    await asyncio.gather(*waiting)
    assert len(await scene.accessed()) == desks.QUESTIONS


async def test_an_access_that_cannot_be_recorded_is_none(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an allow that can't be: nothing leaves."""

    async def fail(_: Any) -> None:
        raise LogUnavailable("log.not_durable", "no")

    monkeypatch.setattr(scene.log, "append", fail)
    answer = await ask(scene)

    assert (answer.status, answer.code) == (503, "log.not_durable")
    assert b"of-alice" not in answer.body


async def test_a_log_that_does_its_best_lets_people_read(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it was told to do no more, as with calls; without a receipt."""

    async def fail(_: Any) -> None:
        raise LogUnavailable("log.not_durable", "no")

    monkeypatch.setattr(scene.log, "append", fail)
    scene.log.durability = Durability.BEST_EFFORT
    answer = await ask(scene)

    assert answer.status == 200
    assert "x-regent-receipt" not in answer.headers


async def test_a_log_without_witnesses_is_not_read_where_it_needs_them(scene: Scene) -> None:
    """An access is an allow, and none is given then."""
    scene.vouched = False

    assert (await ask(scene)).code == "log.unwitnessed"


async def test_who_leaves_before_the_end_has_one_record(scene: Scene) -> None:
    """The access stands, and nothing else bears its id."""

    async def leave(_: Answer) -> None:
        raise asyncio.CancelledError

    scene.deliver_to = leave
    with pytest.raises(asyncio.CancelledError):
        await ask(scene)

    assert len(await scene.accessed()) == 1
    assert await scene.denied() == []
    assert len(await scene.records("aborted")) == 0


async def test_without_a_log_to_read_there_is_nothing_here(scene: Scene) -> None:
    """A house that was put together without one says so to who may ask."""
    house = scene.house()
    object.__setattr__(house, "evidence", None)
    answers: list[Answer] = []

    async def keep(answer: Answer) -> None:
        answers.append(answer)

    await decisions.serve(scene.raw("audit.query"), house, keep)
    assert answers[0].status == 404
