"""`regent policy test`: what failed is said readably, what no test reached with its lines, and as JUnit."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bundles.authoring import junit, testing, words
from bundles.authoring.testing import Case, Report, Uncovered
from bundles.errors import BundleError
from tests.bundles.authoring.conftest import DENY_FILE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TEST_FILE = DENY_FILE.replace(".rego", "_test.rego")


def test_all_is_well(small: Path, opa: Path) -> None:
    """Tests that pass and reach every line are counted, case by case."""
    report = testing.run(small, opa)

    assert report.failed == []
    assert report.reaches(100)
    assert {case.name for case in report.cases} >= {"test_permits_what_is_listed", "test_denies/a list"}
    assert list(words.tested(report, 100)) == [
        f"{len(report.cases)} passed, 0 failed; 100.00 % of lines reached, 100 % wanted"
    ]


def test_a_failure_shows_what_the_test_saw(
    small: Path, opa: Path, edit: Callable[[str, str, str], None]
) -> None:
    """The failing line and its values are there, and coverage isn't asked of tests that fail."""
    edit(DENY_FILE, '"id": "model.unknown"', '"id": "model.lost"')

    report = testing.run(small, opa)
    lines = list(words.tested(report, 100))

    assert {case.name for case in report.failed} == {"test_denies/a list", "test_denies/nothing"}
    assert f"{TEST_FILE}:11: FAIL: rules.request.denies.known_model_test.test_denies/nothing" in lines
    assert any("model.lost" in line for line in lines)
    assert report.coverage is None


def test_lines_that_no_test_reaches(small: Path, opa: Path) -> None:
    """They are named with file and rows, neighbours together."""
    path = small / "facts/models/models.rego"
    path.write_text(
        path.read_text() + '\nlost if {\n\tasked\n\tasked == "x"\n}\n\ngone := 1 if asked == "y"\n'
    )

    report = testing.run(small, opa)

    assert not report.reaches(100)
    assert report.reaches(50)
    assert list(map(str, report.uncovered)) == ["facts/models/models.rego:12-14,17"]


def test_only_some(small: Path, opa: Path) -> None:
    """A regular expression chooses tests; one that matches none finds none."""
    assert {case.package for case in testing.run(small, opa, only="models_test", coverage=False).cases} == {
        "facts.models_test"
    }
    assert testing.run(small, opa, only="nowhere", coverage=False).cases == ()


def test_sources_that_do_not_compile(small: Path, opa: Path, edit: Callable[[str, str, str], None]) -> None:
    """No test could be run: that is another answer than a test that failed."""
    edit(DENY_FILE, "not _known", "not _knwon")

    with pytest.raises(BundleError, match=r"bundle\.tool: opa test failed"):
        testing.run(small, opa)


@pytest.mark.parametrize(
    ("coverage", "threshold", "enough"),
    [(100.0, 100, True), (99.999, 100, False), (90.0, 90, True), (None, 0, False)],
)
def test_almost_all_is_not_all(coverage: float | None, threshold: float, enough: bool) -> None:  # noqa: FBT001 - a case
    """Coverage is rounded downwards, and what wasn't measured reaches nothing."""
    assert Report((), coverage).reaches(threshold) == enough


@given(st.sets(st.integers(1, 60), min_size=1))
def test_rows_are_written_as_spans(rows: set[int]) -> None:
    """Spans name each row once and no other."""
    spans = str(Uncovered("a.rego", tuple(sorted(rows)))).removeprefix("a.rego:").split(",")
    found = [span.split("-") for span in spans]

    assert [n for span in found for n in range(int(span[0]), int(span[-1]) + 1)] == sorted(rows)


@given(st.lists(st.tuples(st.text(), st.text(), st.sampled_from(["pass", "fail", "error", "skip"]))))
def test_any_report_is_well_formed_xml(rows: list[tuple[str, str, str]]) -> None:
    """Names and values of tests may hold anything; what is written is XML with one case each."""
    cases = tuple(Case("p<&", name, "a.rego", 1, outcome, 0.5, detail) for name, detail, outcome in rows)

    root = ET.fromstring(junit.written(Report(cases)))  # noqa: S314 - what was just written

    assert len(root.findall(".//testcase")) == len(rows)
    assert root.get("failures") == str(sum(outcome == "fail" for *_, outcome in rows))
    assert len(root.findall(".//failure")) == sum(outcome == "fail" for *_, outcome in rows)


def test_junit_says_where_and_what() -> None:
    """A build server shows file, line and the text of a failure, mark-up and all."""
    report = Report((Case("a.b_test", "test_x/<case>", "a/b_test.rego", 7, "fail", 0.25, 'x == "<&>"\x00'),))

    root = ET.fromstring(junit.written(report))  # noqa: S314 - what was just written
    case = root.find(".//testcase")

    assert case is not None
    assert case.attrib == {
        "classname": "a.b_test",
        "name": "test_x/<case>",
        "file": "a/b_test.rego",
        "line": "7",
        "time": "0.250000",
    }
    assert [(e.tag, e.text) for e in case] == [("failure", 'x == "<&>"\ufffd')]
