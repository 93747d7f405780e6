"""Pins that the index follows the merged log, knows another one, and can always be made anew."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from audit.errors import LogDamaged, LogUnavailable
from audit.index import batch, indexer, schema
from audit.index.indexer import Index, Progress
from audit.index.search import Search
from audit.index.wanted import Filter
from audit.reading.query import query
from tests.audit.index.merging import ORIGIN, lay_out

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.record import Record

    Make = Callable[..., Record]


@pytest.fixture
def log(folder: Path) -> Path:
    """Make the folder of a log without entries."""
    folder.mkdir()
    (folder / "origin.json").write_bytes(orjson.dumps({"format": 1, "origin": ORIGIN}))
    return folder


@pytest.fixture
def bodies(make_decision: Make, make_outcome: Make) -> Callable[..., list[bytes]]:
    """Make entries: decisions, each second one with an outcome some entries later."""

    def make(count: int, *, writer: str = "w0", **changes: Any) -> list[bytes]:
        records: list[Record] = []
        for number in range(count):
            records.append(make_decision(request_id=f"r{number}", **changes))
            if number % 2:
                records.append(make_outcome(records[-2].id))
        heads = (
            {"writer": {"id": writer, "boot": 0}, "wseq": at, "t_us": at, "mono_us": at}
            for at in range(count)
        )
        return [orjson.dumps(each.body | head) for each, head in zip(records, heads, strict=False)]

    return make


def found(log: Path) -> list[str | None]:
    """Ask for everything."""
    return [row.request_id for row in query(log, Filter())]


def test_it_goes_on_from_where_it_was(log: Path, bodies: Callable[..., list[bytes]]) -> None:
    """Each run takes what was merged since, however much it is, and says how far it came."""
    entries = bodies(700)
    with Index(log) as index:
        assert index.catch_up() == Progress(0, 0)
        lay_out(log, entries[:300])
        assert index.catch_up(200) == Progress(200, 300)
        assert index.catch_up() == Progress(300, 300)
        before = found(log)
        lay_out(log, entries)
    with Index(log) as index:
        assert index.catch_up() == Progress(700, 700)
    assert found(log)[-len(before) :] == before
    assert all(row.end for row in query(log, Filter()) if row.request_id in {"r0", "r400", "r460"})


def test_an_end_in_a_later_run_completes_its_row(log: Path, bodies: Callable[..., list[bytes]]) -> None:
    """The decision was indexed long before its outcome was merged."""
    entries = bodies(3)
    with Index(log) as index:
        lay_out(log, entries[:2])
        index.catch_up()
        assert [row.end for row in query(log, Filter())] == [None, None]
        lay_out(log, entries)
        index.catch_up()
    assert [(row.end, row.end_index) for row in query(log, Filter(request_id="r0"))] == [("outcome", 2)]


@pytest.mark.parametrize("size", [200, 300, 400])
def test_another_history_is_recognised(log: Path, bodies: Callable[..., list[bytes]], size: int) -> None:
    """Whether the log is now shorter, as long, or longer: other entries make another index."""
    with Index(log) as index:
        lay_out(log, bodies(300))
        index.catch_up()
        lay_out(log, bodies(size, tenant="other"))
        assert index.catch_up() == Progress(size, size)
    assert not list(query(log, Filter(tenant="acme")))
    assert len(list(query(log, Filter(tenant="other")))) == len(found(log)) > 0


def test_a_log_of_the_same_name_is_another_log(log: Path, bodies: Callable[..., list[bytes]]) -> None:
    """It is known by its whole `origin.json`, which says when it was made."""
    lay_out(log, bodies(10))
    with Index(log) as index:
        index.catch_up()
    (log / "origin.json").write_bytes(orjson.dumps({"created_us": 7, "format": 1, "origin": ORIGIN}))
    lay_out(log, bodies(20, tenant="other"))
    assert Search.open(log) is None
    with Index(log) as index:
        assert index.catch_up().size == 20
    assert not list(query(log, Filter(tenant="acme")))


def test_entries_that_are_not_the_checkpoints_are_damage(
    log: Path, bodies: Callable[..., list[bytes]]
) -> None:
    """They are told apart by the root, and nothing of them stays in the index."""
    lay_out(log, bodies(10))
    (path,) = (log / "tile" / "entries").glob("*.p/10")
    path.write_bytes(path.read_bytes().replace(b"acme", b"evil"))
    with Index(log) as index:
        with pytest.raises(LogDamaged) as damaged:
            index.catch_up()
        assert damaged.value.code == "log.damaged"
    assert Search.open(log) is None


def test_a_bundle_that_is_not_there_is_damage(log: Path, bodies: Callable[..., list[bytes]]) -> None:
    """What was indexed before it stays, and so does the lock's work: the next run tries again."""
    entries = bodies(300)
    lay_out(log, entries)
    (missing,) = (log / "tile" / "entries").glob("001.p/*")
    kept = missing.read_bytes()
    missing.unlink()
    with Index(log) as index:
        with pytest.raises(LogDamaged):
            index.catch_up()
        missing.write_bytes(kept)
        assert index.catch_up().size == 300


def test_what_is_no_record_is_passed_over_and_counted(log: Path, bodies: Callable[..., list[bytes]]) -> None:
    """One bad entry is the verifier's matter; it hides no other from whoever asks."""
    good = bodies(2)
    strange = [b"", b"no record", b"[]", b'{"typ":"decision","writer":{"id":"w0","boot":0},"wseq":1}']
    lay_out(log, [good[0], *strange, good[1]])
    with Index(log) as index:
        assert index.catch_up().size == 6
        assert index.skipped == 4
    assert found(log) == ["r1", "r0"]
    # The last strange one has a number in its writer's log all the same.
    assert [row.index for row in query(log, Filter())] == [2, 0]


def test_one_process_keeps_it(log: Path) -> None:
    """A second one is refused, and welcome when the first is done."""
    with Index(log), pytest.raises(LogUnavailable) as refused:
        Index(log)
    assert refused.value.code == "index.busy"
    Index(log).close()


def test_whoever_keeps_it_can_be_asked_to_make_it_anew(log: Path, bodies: Callable[..., list[bytes]]) -> None:
    """A file beside it is the request; it is answered once."""
    lay_out(log, bodies(10))
    with Index(log) as index:
        index.catch_up()
        built = schema.standing(index._db)["built"]
        (log / indexer.REQUEST).touch()
        assert index.catch_up().size == 10
        assert schema.standing(index._db)["built"] != built
        assert not (log / indexer.REQUEST).exists()


@pytest.mark.parametrize("wreck", [b"this is no database" * 300, b""])
def test_a_file_that_is_no_index_is_replaced(
    log: Path, bodies: Callable[..., list[bytes]], wreck: bytes
) -> None:
    """Nothing is in it that the log doesn't hold; until then, who asks is answered without it."""
    lay_out(log, bodies(10))
    (log / schema.FILE).write_bytes(wreck)
    assert Search.open(log) is None
    with Index(log) as index:
        assert index.catch_up().size == 10
    assert len(found(log)) > 0


def test_a_file_that_breaks_while_it_is_open_is_replaced(
    log: Path, bodies: Callable[..., list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages that a disk has lost show up in the middle of a run."""
    lay_out(log, bodies(10))
    with Index(log) as index:

        def broken(*_: object) -> Progress:
            monkeypatch.undo()
            raise sqlite3.DatabaseError("database disk image is malformed")

        monkeypatch.setattr(index, "_catch_up", broken)
        assert index.catch_up().size == 10


def test_an_index_of_an_older_version_is_made_anew(log: Path, bodies: Callable[..., list[bytes]]) -> None:
    """Who asks does without it; who keeps it starts over."""
    lay_out(log, bodies(10))
    with Index(log) as index:
        index.catch_up()
        index._db.execute("PRAGMA user_version=99")
    assert Search.open(log) is None
    with Index(log) as index:
        assert index.catch_up().size == 10


def test_a_full_disk_is_an_error_with_a_code(log: Path, bodies: Callable[..., list[bytes]]) -> None:
    """What was written of it is undone; afterwards it goes on."""
    lay_out(log, bodies(600))
    with Index(log) as index:
        (pages,) = index._db.execute("PRAGMA page_count").fetchone()
        index._db.execute(f"PRAGMA max_page_count={pages + 2}")
        with pytest.raises(LogUnavailable) as refused:
            index.catch_up()
        assert refused.value.code == "index.unwritable"
        index._db.execute("PRAGMA max_page_count=100000")
        assert index.catch_up().size == 600


def test_where_there_is_no_log_there_is_no_index(tmp_path: Path) -> None:
    """A wrong folder gets neither a file nor a lock."""
    with pytest.raises(LogUnavailable) as refused:
        Index(tmp_path)
    assert refused.value.code == "log.cannot_open"
    assert not list(tmp_path.iterdir())


def test_a_question_under_way_learns_that_the_index_was_made_anew(
    log: Path, bodies: Callable[..., list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is never answered half from the old one and half from the new."""
    monkeypatch.setattr("audit.index.search._PAGE", 2)
    monkeypatch.setattr("audit.index.search._LEAST", 2)
    lay_out(log, bodies(30))
    with Index(log) as index:
        index.catch_up()
        rows = query(log, Filter())
        next(rows)
        index.rebuild()
        with pytest.raises(LogUnavailable) as refused:
            list(rows)
    assert refused.value.code == "index.rebuilt"


@pytest.mark.parametrize("late", [False, True])
def test_a_question_under_way_sees_what_was_there_when_it_was_asked(
    log: Path, bodies: Callable[..., list[bytes]], monkeypatch: pytest.MonkeyPatch, *, late: bool
) -> None:
    """What is indexed behind its back is not mixed in, older by the clock or newer, and holds nobody up."""
    monkeypatch.setattr("audit.index.search._PAGE", 2)
    monkeypatch.setattr("audit.index.search._LEAST", 2)
    older, newer = bodies(30), bodies(60)[30:]
    before, behind = (newer, older) if late else (older, newer)
    with Index(log) as index:
        lay_out(log, before)
        index.catch_up()
        whole = found(log)
        rows = query(log, Filter())
        first = next(rows).request_id
        lay_out(log, before + behind)
        index.catch_up()
        assert [first, *(row.request_id for row in rows)] == whole
    assert len(found(log)) > len(whole)


def test_a_medium_that_takes_no_writes_is_no_obstacle(
    log: Path, bodies: Callable[..., list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy for an auditor has no place for the files that SQLite puts beside a database."""
    lay_out(log, bodies(10))
    with Index(log) as index:
        index.catch_up()
    monkeypatch.setattr("audit.index.schema.os.access", lambda *_: False)
    assert len(found(log)) > 0
    assert not (log / "index.db-shm").exists()


def test_its_number_for_decisions_is_the_one_its_statements_name() -> None:
    """A partial index and an update name it as a literal."""
    assert f"VALUES ({schema.DECISION}, 'decision')" in schema._TABLES
    assert f"kind <> {schema.DECISION};" in schema._INDICES
    assert f"kind = {schema.DECISION} " in batch._UPDATE
