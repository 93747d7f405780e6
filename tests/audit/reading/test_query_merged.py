"""Pins that a question is answered from the index and from what is not merged yet, as one list."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from audit.errors import LogUnavailable
from audit.index.indexer import Index
from audit.index.schema import remove
from audit.ports import Ports
from audit.reading.query import Filter, query
from audit.reading.tail import Tail
from audit.record import Record, mode, policy_transition
from tests.audit.index.merging import merge

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.log import AuditLog
    from audit.reading.query import Row

    OpenLog = Callable[..., AuditLog]
    Make = Callable[..., Record]

START_US = 1_700_000_000_000_000


@pytest.fixture
async def live(open_log: OpenLog, make_decision: Make, make_outcome: Make, folder: Path) -> list[Record]:
    """Make a live log of two writers, of which the first six of ten requests are merged and indexed."""
    now_us = START_US

    def wall_us() -> int:
        return now_us

    logs = [open_log(ports=Ports(wall_us=wall_us)) for _ in range(2)]
    alice = await logs[0].sref("alice")
    made = []
    for number in range(10):
        now_us = START_US + number * 1_000_000
        rules = [{"id": f"rules/a.rego:{number}", "effect": "allow", "controls": ["GDPR-44"]}]
        made.append(make_decision(request_id=f"r{number}", sref=alice if number % 2 else None, rules=rules))
        await logs[number % 2].append(made[-1])
        if number == 5:
            merge(folder)
            with Index(folder) as index:
                index.catch_up()
    await logs[0].append(make_outcome(made[4].id))
    await logs[1].append(make_outcome(made[9].id))
    return made


def ids(rows: list[Row]) -> list[str | None]:
    """Return which requests were found."""
    return [row.request_id for row in rows]


def test_what_is_merged_and_what_is_not_are_one_list(live: list[Record], folder: Path) -> None:
    """Newest first across both, nothing twice, and a limit takes the newest."""
    rows = list(query(folder, Filter()))
    assert ids(rows) == [f"r{number}" for number in range(9, -1, -1)]
    assert [row.log_index is None for row in rows] == [True] * 4 + [False] * 6
    assert ids(list(query(folder, Filter(limit=5)))) == ["r9", "r8", "r7", "r6", "r5"]
    assert ids(list(query(folder, Filter(subject="alice")))) == ["r9", "r7", "r5", "r3", "r1"]


def test_an_end_that_is_not_merged_completes_a_row_that_is(live: list[Record], folder: Path) -> None:
    """Its deployment can be asked for; the entry of its end has no index yet."""
    (newer, older) = query(folder, Filter(deployment="onprem-llama"))
    assert (newer.request_id, newer.end, newer.log_index) == ("r9", "outcome", None)
    assert (older.request_id, older.end, older.end_index) == ("r4", "outcome", None)
    assert older.log_index is not None


def test_only_what_is_not_merged_is_read_from_segments(
    live: list[Record], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the index has is not looked for elsewhere."""
    read = []

    class Counting(Tail):
        def newest_first(self) -> Any:  # type: ignore[explicit-override]
            for part in super().newest_first():
                read.extend(part)
                yield part

    monkeypatch.setattr("audit.reading.tail.Tail", Counting)
    assert len(list(query(folder, Filter()))) == 10
    assert len(read) == 6  # four decisions, two outcomes


def test_a_folder_of_the_merged_log_alone_is_answered_by_its_index(live: list[Record], folder: Path) -> None:
    """An auditor's copy has no segments; without an index it says how to make one."""
    shutil.rmtree(folder / "writers")
    assert ids(list(query(folder, Filter()))) == ["r5", "r4", "r3", "r2", "r1", "r0"]
    (folder / "index.db").unlink()
    with pytest.raises(LogUnavailable, match="reindex") as refused:
        list(query(folder, Filter()))
    assert refused.value.code == "log.cannot_open"
    with Index(folder) as index:
        index.catch_up()
    assert len(list(query(folder, Filter()))) == 6


@pytest.mark.parametrize("broken", ["index.db", "checkpoint"])
def test_without_a_sound_index_everything_is_read(live: list[Record], folder: Path, broken: str) -> None:
    """Slower, and the same answer."""
    (folder / broken).write_bytes(b"broken" * 1000)
    assert len(list(query(folder, Filter()))) == 10


def test_an_index_that_fails_half_way_is_an_error_with_a_code(
    live: list[Record], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names the command that makes it anew; an answer with holes would be worse than none."""
    monkeypatch.setattr("audit.index.search._COLUMNS", "nonsense")
    with pytest.raises(LogUnavailable, match="reindex") as refused:
        list(query(folder, Filter()))
    assert refused.value.code == "index.unreadable"


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Filter(rule="rules/a.rego:3"), ["r3"]),
        (Filter(rule="rules/a.rego:8"), ["r8"]),
        (Filter(rule="rules/a.rego", limit=3), ["r9", "r8", "r7"]),
        (Filter(rule="rules/a"), []),
        (Filter(control="GDPR-44", since_us=START_US + 8_000_000), ["r9", "r8"]),
        (Filter(control="GDPR"), []),
        (Filter(deployment="cloud"), []),
        (Filter(since_us=START_US + 1_000_000, until_us=START_US + 3_000_000), ["r2", "r1"]),
        (Filter(since_us=START_US + 6_000_000, until_us=START_US + 8_000_000), ["r7", "r6"]),
    ],
)
def test_filters_are_those_of_a_scan(
    live: list[Record], folder: Path, wanted: Filter, expected: list[str]
) -> None:
    """A rule also without its rows, a control only whole; time from its start, and without its end."""
    assert ids(list(query(folder, wanted))) == expected


async def test_other_records_are_shown_when_asked_for(
    open_log: OpenLog, make_decision: Make, folder: Path
) -> None:
    """What was done, by whom, to which revision; decisions alone without a kind."""
    log = open_log()
    await log.append(make_decision())
    await log.append(
        policy_transition(
            action="activate", revision="r2", bundle=None, before="approved", after="active", by="ann",
            approvals=2, result="accepted",
        )
    )  # fmt: skip
    await log.append(mode("sampled"))
    for _ in range(2):
        (moved,) = query(folder, Filter(kinds=frozenset({"policy.transition"})))
        assert (moved.action, moved.by, moved.revision) == ("activate", "ann", "r2")
        assert [row.action for row in query(folder, Filter(kinds=frozenset({"mode"})))] == [
            "sampled",
            "strict",
        ]
        assert [row.kind for row in query(folder, Filter())] == ["decision"]
        everything = {row.kind for row in query(folder, Filter(kinds=None))}
        assert everything == {"decision", "policy.transition", "mode", "writer.open"}
        merge(folder)
        with Index(folder) as index:
            index.catch_up()


@pytest.mark.parametrize("indexed", [True, False])
def test_a_search_ends_when_nobody_waits(live: list[Record], folder: Path, *, indexed: bool) -> None:
    """In the index as in the segments."""
    if not indexed:
        remove(folder)
    with pytest.raises(LogUnavailable, match=r"query\.stopped"):
        list(query(folder, Filter(), lambda: True))


def test_a_search_of_the_index_ends_when_nobody_waits(
    live: list[Record], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite itself looks up from a long search."""
    monkeypatch.setattr("audit.index.search._STEPS", 1)
    asked = iter([False] * 4)  # the tails' part
    shutil.rmtree(folder / "writers")
    with pytest.raises(LogUnavailable, match=r"query\.stopped"):
        list(query(folder, Filter(), lambda: next(asked, True)))
