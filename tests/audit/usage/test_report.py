"""Pins what a report says: lines, periods, what narrows it, what stands apart, pages, and how it ends."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from audit.errors import AuditError, LogDamaged, LogUnavailable
from audit.index import schema
from audit.index.indexer import Index
from audit.index.row import Row
from audit.usage import parts, unindexed
from audit.usage.parts import Place, UsageTooLarge
from audit.usage.periods import Period, zone
from audit.usage.report import report
from audit.usage.wanted import DIMENSIONS, MEASURES, Sums, Wanted, dimensions, only_where
from tests.audit.index.merging import merge, written
from tests.audit.usage import plain
from tests.audit.usage.conftest import at

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.audit.usage.conftest import Book

Lines = list[tuple[Any, ...]]


def wanted(by: str = "", period: Period = "all", time_zone: str = "UTC", **more: Any) -> Wanted:
    """A question."""
    return Wanted(dimensions(by), period, zone(time_zone), **more)


def lines(folder: Path, asked: Wanted) -> Lines:
    """The lines about what was used: values, requests and cost."""
    with report(folder, asked) as found:
        return [(*line.values, line.sums.requests, line.sums.cost_micro) for line in found.lines()]


@pytest.fixture(params=["neither", "merged", "half"])
async def any_way(filled: Book, request: pytest.FixtureRequest) -> Path:
    """The folder of the filled log: segments alone, merged and indexed, or with an end behind the index."""
    if request.param == "merged":
        filled.merge()
    if request.param == "half":
        bodies = written(filled.folder / "writers" / "w0")
        merge(filled.folder, {"w0": len(bodies) - 3})  # up to the decision of the fourth request
        with Index(filled.folder) as index:
            index.catch_up()
    return filled.folder


def test_the_total_is_everything(any_way: Path) -> None:
    """What has no price is counted as such, and costs nothing that is known."""
    with report(any_way, wanted()) as found:
        (line,) = found.lines()
    assert line.sums == found.total == Sums(
        requests=5, aborted=1, tokens_in=47, tokens_out=81, cached=2, reasoning=1, cost_micro=5_002_000,
        unpriced=1, estimated=1,
    )  # fmt: skip
    assert found.expired == Sums()


_BREAKDOWNS: list[tuple[str, Lines]] = [
    ("team", [("hr", 3, 5_001_000), ("sales", 2, 1_000)]),
    ("organization", [("acme", 5, 5_002_000)]),
    ("model", [("gpt-4o", 4, 5_002_000), ("llama", 1, 0)]),
    ("served_model", [(None, 1, 0), ("gpt-4o-2026", 4, 5_002_000)]),
    ("deployment", [("azure-eu", 4, 5_002_000), ("onprem", 1, 0)]),
    ("provider", [(None, 1, 0), ("azure", 4, 5_002_000)]),
    ("region", [(None, 1, 0), ("westeurope", 4, 5_002_000)]),
    ("cost_center", [(None, 3, 5_000_000), ("cc-1", 1, 1_000), ("cc-2", 1, 1_000)]),
    ("prices", [(None, 1, 0), ("list-1", 4, 5_002_000)]),
    ("operation", [("chat.completions", 5, 5_002_000)]),
    ("request", [("req-alice@acme", 3, 5_001_000), ("req-bob@acme", 2, 1_000)]),
    ("tag", [(None, 3, 5_000_000), ("batch", 1, 1_000), ("chat", 1, 1_000), ("search", 1, 1_000)]),
    ("key", [(None, 2, 5_000_000), ("org:acme", 3, 2_000), ("team:hr", 2, 1_000)]),
    (
        "model,team",
        [("gpt-4o", "hr", 2, 5_001_000), ("gpt-4o", "sales", 2, 1_000), ("llama", "hr", 1, 0)],
    ),
]


@pytest.mark.parametrize(("by", "expected"), _BREAKDOWNS)
def test_it_is_broken_down(any_way: Path, by: str, expected: Lines) -> None:
    """By every dimension; of which a request has several, it stands under each."""
    assert lines(any_way, wanted(by)) == expected


async def test_users_stand_by_pseudonym(filled: Book) -> None:
    """No name is in the log, so none is in a report of it."""
    people = {
        await filled.log.sref("alice@acme"): (3, 5_001_000),
        await filled.log.sref("bob@acme"): (2, 1_000),
    }
    assert {line[0]: line[1:] for line in lines(filled.folder, wanted("user"))} == people


def test_every_dimension_has_been_asked_for() -> None:
    """The two tests above leave none out."""
    asked = {name for by, _ in _BREAKDOWNS for name in by.split(",")}
    assert asked | {"user"} == set(DIMENSIONS)


@pytest.mark.parametrize(
    ("period", "time_zone", "expected"),
    [
        ("month", "UTC", {"2026-10-01T00:00:00Z": 2, "2026-11-01T00:00:00Z": 3}),
        ("month", "Europe/Berlin", {"2026-10-01T00:00:00+02:00": 1, "2026-11-01T00:00:00+01:00": 4}),
        ("day", "UTC", {"2026-10-31T00:00:00Z": 2, "2026-11-20T00:00:00Z": 3}),
        ("day", "Europe/Berlin", {
            "2026-10-31T00:00:00+01:00": 1, "2026-11-01T00:00:00+01:00": 1, "2026-11-20T00:00:00+01:00": 3,
        }),
    ],
)  # fmt: skip
def test_a_request_belongs_to_the_period_in_which_it_was_decided(
    any_way: Path, period: Period, time_zone: str, expected: dict[str, int]
) -> None:
    """Of the chosen time zone."""
    with report(any_way, wanted(period=period, time_zone=time_zone)) as found:
        counts = {line.span.start_us: line.sums.requests for line in found.lines()}
    assert counts == {at(text): count for text, count in expected.items()}


async def test_an_end_after_midnight_counts_where_the_request_began(book: Book) -> None:
    """As the ledger has it: what is reserved before midnight is settled there."""
    book.set_clock("2026-11-20T23:59:59Z")
    made = await book.begin()
    book.set_clock("2026-11-21T00:00:10Z")
    await book.end(made.id)
    for merged in (False, True):
        if merged:
            book.merge()
        with report(book.folder, wanted(period="day")) as found:
            (line,) = found.lines()
        assert line.span == (at("2026-11-20T00:00:00Z"), at("2026-11-21T00:00:00Z"))


def test_a_stretch_of_time_cuts_periods(any_way: Path) -> None:
    """The first moment is in it, the last isn't; and a line says how far its period was looked at."""
    since_us, until_us = at("2026-10-31T23:30:00Z"), at("2026-11-20T09:00:00Z")
    with report(any_way, wanted(period="month", since_us=since_us, until_us=until_us)) as found:
        (line,) = found.lines()
    assert (line.span, line.sums.requests) == ((since_us, at("2026-11-01T00:00:00Z")), 1)
    with report(any_way, wanted(since_us=since_us + 1, until_us=until_us)) as found:
        assert (list(found.lines()), found.total) == ([], Sums())


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        ([("team", "hr")], 3),
        ([("team", "hr"), ("model", "llama")], 1),
        ([("deployment", "onprem")], 1),
        ([("provider", "azure")], 4),
        ([("cost_center", "cc-2")], 1),
        ([("organization", "acme"), ("operation", "chat.completions")], 5),
        ([("request", "req-bob@acme")], 2),
        ([("team", "nobody")], 0),
        ([("user", "nobody")], 0),
        ([("team", "hr' OR 1=1 --")], 0),
    ],
)
def test_it_can_be_narrowed(any_way: Path, only: list[tuple[str, str]], expected: int) -> None:
    """The total is then of what is left."""
    with report(any_way, wanted(only=tuple(only_where(*each) for each in only))) as found:
        assert found.total.requests == expected


@pytest.mark.parametrize(
    "by", ["teams", "team,team", "TEAM", "team,", ",", " team", "tenant", ",".join(["team"] * 9)]
)
def test_what_is_no_dimension_is_refused(by: str) -> None:
    """Passed over, it would leave a report that nobody asked for."""
    with pytest.raises(ValueError, match="dimension"):
        dimensions(by)


def test_a_report_is_not_narrowed_to_one_of_several() -> None:
    """A tag is no place in a breakdown: a request may have more."""
    with pytest.raises(ValueError, match="several"):
        only_where("tag", "batch")


async def test_what_expired_stands_on_lines_of_its_own(filled: Book) -> None:
    """And in no total: nobody can say what of it was used, and its call may have an end as well."""
    await filled.expire(["team:hr", "org:acme"], tokens=512, cost_micro=900)
    for merged in (False, True):
        if merged:
            filled.merge()
        with report(filled.folder, wanted("key")) as found:
            expired = [
                (*line.values, line.sums.tokens_in, line.sums.cost_micro)
                for line in found.lines()
                if line.expired
            ]
        assert expired == [("org:acme", 512, 900), ("team:hr", 512, 900)]
        assert (found.total.requests, found.expired.requests) == (5, 1)
        assert found.expired.cost_micro == 900


async def test_a_reservation_that_is_told_of_twice_expired_once(book: Book) -> None:
    """Two gateways that look at the same time both say so; also where only the first is indexed."""
    for reservation in ("a" * 32, "b" * 32, "a" * 32):
        await book.expire(["team:hr"], 10, 1, reservation)
    for _ in range(2):
        with report(book.folder, wanted("key")) as found:
            assert (found.expired.requests, found.expired.tokens_in) == (2, 20)
        book.merge()
        await book.expire(["team:hr"], 10, 1, "b" * 32)
    with report(book.folder, wanted()) as found:
        assert found.expired.requests == 2


async def test_an_end_that_no_decision_claims_counts(filled: Book) -> None:
    """A second end of a request, and one of a request that isn't here: under what they say themselves."""
    made = await filled.begin()
    await filled.end(made.id)
    await filled.end(made.id, deployment="again")
    await filled.end("f" * 32, deployment="stray")
    for merged in (False, True):
        if merged:
            filled.merge()
        found = lines(filled.folder, wanted("team,deployment"))
        assert [line for line in found if line[0] is None] == [
            (None, "again", 1, 1_000),
            (None, "stray", 1, 1_000),
        ]
        assert lines(filled.folder, wanted("deployment", only=(only_where("team", "hr"),))) == [
            ("azure-eu", 4, 5_002_000)
        ]


async def test_refusals_and_what_has_no_end_yet_are_no_usage(book: Book) -> None:
    """Nothing was used, as far as anybody knows."""
    await book.begin(action="deny", reason_code="limits.team")
    await book.begin()
    for merged in (False, True):
        if merged:
            book.merge()
        assert lines(book.folder, wanted("team")) == []


async def test_what_no_deployment_had_a_part_in_is_not_unpriced(book: Book) -> None:
    """To have been shown the catalogue has no price, and needs none."""
    made = await book.begin(op="models.list", req_model=None)
    await book.end(
        made.id, deployment=None, provider=None, usage_in=0, usage_out=0, cost_micro=None, prices=None
    )
    with report(book.folder, wanted()) as found:
        assert (found.total.requests, found.total.unpriced) == (1, 0)


async def test_a_restart_changes_no_sum(filled: Book) -> None:
    """The log is the truth; what is asked twice is answered twice alike."""
    before = lines(filled.folder, wanted("team,model", "day"))
    filled.merge()
    await filled.log.aclose()
    filled.open()
    (filled.folder / schema.FILE).unlink()
    again = lines(filled.folder, wanted("team,model", "day"))
    with Index(filled.folder) as index:
        index.catch_up()
    assert before == again == lines(filled.folder, wanted("team,model", "day"))
    bodies = written(filled.folder / "writers" / "w0")
    with report(filled.folder, wanted()) as found:
        assert found.total == plain.total(plain.ends(bodies))


async def test_an_index_of_an_older_version_is_passed_over_and_made_anew(filled: Book) -> None:
    """It lacks what a report needs; the log doesn't."""
    filled.merge()
    expected = lines(filled.folder, wanted("cost_center"))
    db = schema.connect(filled.folder)
    db.execute("PRAGMA user_version=1")
    db.close()
    assert lines(filled.folder, wanted("cost_center")) == expected
    with Index(filled.folder) as index:
        assert index.catch_up().size > 0
    assert lines(filled.folder, wanted("cost_center")) == expected


async def test_no_end_counts_twice_while_the_index_moves_on(
    filled: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is indexed between the index's answer and the segments' is in one of them."""
    bodies = written(filled.folder / "writers" / "w0")
    merge(filled.folder, {"w0": len(bodies) - 3})
    with Index(filled.folder) as index:
        index.catch_up()
    read = unindexed.gather

    def late(*arguments: Any) -> None:
        filled.merge()
        read(*arguments)

    monkeypatch.setattr("audit.usage.unindexed.gather", late)
    assert lines(filled.folder, wanted("team")) == [("hr", 3, 5_001_000), ("sales", 2, 1_000)]


@pytest.mark.parametrize("merged", [False, True])
async def test_what_does_not_fit_into_memory_changes_nothing(
    filled: Book, monkeypatch: pytest.MonkeyPatch, *, merged: bool
) -> None:
    """Groups, and decisions whose ends are far away."""
    open_ones = [await filled.begin(f"person-{number}") for number in range(5)]
    for each in open_ones:
        await filled.end(each.id)
    if merged:
        filled.merge()
    expected = lines(filled.folder, wanted("request,team", "day"))
    monkeypatch.setattr(parts, "_GROUPS", 1)
    monkeypatch.setattr(unindexed, "_OPENED", 1)
    assert lines(filled.folder, wanted("request,team", "day")) == expected
    assert sum(line[2] for line in expected) == 10


def test_pages_are_the_same_lines(any_way: Path) -> None:
    """Each line once, in the same order, by the cursor of the one before."""
    asked = wanted("team,cost_center", "day")
    with report(any_way, asked) as found:
        whole = list(found.lines())
    paged, after = [], None
    for _ in whole:
        with report(any_way, asked) as found:
            (line,) = found.lines(after, 1)
            assert found.total.requests == 5
        paged.append(line)
        after = Place.parse(line.place.text(), 2)
    assert paged == whole
    with report(any_way, asked) as found:
        assert list(found.lines(after)) == []


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "bnVsbA==", "e30=", "WzEsMF0=", "WzEsMCwiYSIsMV0=", "WzEsNywiYSIsImIiXQ==",
        "WzEuNSwwLCJhIiwiYiJd", "WzllOTksMCwiYSIsImIiXQ==", "W3RydWUsMCwiYSIsImIiXQ==", "A" * 20_000, "é",
    ],
)  # fmt: skip
def test_what_is_no_cursor_is_refused(text: str) -> None:
    """Whatever somebody made up."""
    with pytest.raises(ValueError, match="place"):
        Place.parse(text, 2)


@pytest.mark.parametrize("merged", [False, True])
async def test_a_sum_that_no_number_holds_is_an_error(book: Book, *, merged: bool) -> None:
    """Nothing is rounded, and nothing wraps around to a small one."""
    for _ in range(1_025):
        made = await book.begin()
        await book.end(made.id, usage_in=2**53 - 1)
    if merged:
        book.merge()
    with pytest.raises(UsageTooLarge) as refused, report(book.folder, wanted("team")) as found:
        list(found.lines())
    assert refused.value.code == "usage.too_large"


@pytest.mark.parametrize("merged", [False, True])
async def test_who_does_not_wait_any_more_ends_it(filled: Book, *, merged: bool) -> None:
    """A report goes on for nobody."""
    if merged:
        filled.merge()
        await filled.begin()
    with pytest.raises(LogUnavailable) as refused, report(filled.folder, wanted(), lambda: True):
        pass
    assert refused.value.code == "query.stopped"


def test_what_is_no_log_is_refused(tmp_path: Path) -> None:
    """With the words of any question to a log."""
    with pytest.raises(LogUnavailable) as refused, report(tmp_path, wanted()):
        pass
    assert refused.value.code == "log.cannot_open"


def _spoil_index(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.usage.indexed._UNPRICED", "nonsense")


def _spoil_segment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.usage.unindexed.end_of", lambda record: record["nothing"])
    (folder / schema.FILE).unlink()


@pytest.mark.parametrize(
    ("spoil", "kind", "code"),
    [
        (_spoil_index, LogUnavailable, "index.unreadable"),
        (_spoil_segment, LogDamaged, "log.damaged"),
    ],
)
async def test_what_cannot_be_read_is_an_error(
    filled: Book,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[Path, pytest.MonkeyPatch], None],
    kind: type[AuditError],
    code: str,
) -> None:
    """A report with holes would be worse than none."""
    filled.merge()
    spoil(filled.folder, monkeypatch)
    with pytest.raises(kind) as refused, report(filled.folder, wanted()):
        pass
    assert refused.value.code == code


def test_every_measure_has_its_column() -> None:
    """What is summed in two places is the same list."""
    assert Counter(MEASURES) == Counter(Sums.__slots__)
    assert {each.field for each in DIMENSIONS.values()} <= set(Row.__slots__)
