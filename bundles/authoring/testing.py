"""`regent policy test`: runs tests with `opa test`; says which failed and which lines none reached."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from bundles import opa as tool
from bundles.errors import BundleError
from bundles.files import refuse_links

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_BROKEN: Final = 1
_EXPLAINED: Final = 20
_FRAME: Final = re.compile(r"\s*|-+|data\..*: FAIL \(.*\)|(FAIL|PASS|SKIPPED|ERROR): \d+/\d+")


@dataclass(frozen=True, slots=True)
class Case:
    """One test, or one case of a test with several.

    Args:
        package: the test's package, without `data`.
        name: the test's name, and behind a slash the case's.
        file: where it stands, below the sources.
        row: its line.
        outcome: `pass`, `fail`, `error` or `skip`.
        duration_s: how long the whole test took, in seconds.
        detail: what `opa` says of a failure: the line that failed and the values it saw.
    """

    package: str
    name: str
    file: str
    row: int
    outcome: str
    duration_s: float
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Uncovered:
    """Lines of one file that no test reached."""

    file: str
    rows: tuple[int, ...]

    @override
    def __str__(self) -> str:
        """`file:3-5,9`."""
        return f"{self.file}:{','.join(_spans(self.rows))}"


@dataclass(frozen=True, slots=True)
class Report:
    """What a run of the tests found.

    Args:
        cases: every test and case, by file and line.
        coverage: lines reached, in percent; None where it wasn't measured.
        uncovered: the lines that weren't.
    """

    cases: tuple[Case, ...]
    coverage: float | None = None
    uncovered: tuple[Uncovered, ...] = ()

    @property
    def failed(self) -> list[Case]:
        """The tests that failed or couldn't be run."""
        return [case for case in self.cases if case.outcome in {"fail", "error"}]

    def count(self, outcome: str) -> int:
        """How many cases ended so."""
        return sum(case.outcome == outcome for case in self.cases)

    def reaches(self, threshold: float) -> bool:
        """Whether the coverage was measured and is no less than a threshold, in percent.

        Rounded downwards: 99.996 is not all lines.
        """
        return self.coverage is not None and math.floor(self.coverage * 100) / 100 >= threshold

    def as_json(self) -> dict[str, Any]:
        """The report for other programs."""
        return {
            "tests": len(self.cases),
            "passed": self.count("pass"),
            "failed": [
                {
                    "file": each.file,
                    "row": each.row,
                    "test": f"{each.package}.{each.name}",
                    "detail": each.detail,
                }
                for each in self.failed
            ],
            "skipped": self.count("skip"),
            "coverage": self.coverage,
            "uncovered": [{"file": each.file, "rows": list(each.rows)} for each in self.uncovered],
        }


def run(folder: Path, opa: Path, *, only: str | None = None, coverage: bool = True) -> Report:
    """Run the tests of policy sources.

    Args:
        folder: the sources.
        opa: the binary, as `bundles.opa.find` gives it.
        only: run only the tests whose `package.name` this regular expression is found in.
        coverage: also measure which lines the tests reach.

    Raises:
        BundleError: `bundle.tool`: the sources don't compile, or `opa` can't be run.
    """
    refuse_links(folder)
    chosen = ["--run", only] if only else []
    done = tool.attempt(opa, ["test", "--bundle", "--format", "json", *chosen, "."], folder)
    cases = _cases(_document(done))
    failing = [case for case in cases if case.outcome in {"fail", "error"}]
    if failing:
        cases = _explained(cases, _details(folder, opa, failing))
    elif coverage:
        measured = tool.attempt(
            opa, ["test", "--bundle", "--coverage", "--format", "json", *chosen, "."], folder
        )
        found = _document(measured)
        return Report(tuple(cases), float(found.get("coverage", 0.0)), tuple(_uncovered(found)))
    return Report(tuple(cases))


def _document(done: tool.Said) -> Any:
    if done.code == _BROKEN or not done.out.strip():
        raise BundleError("bundle.tool", f"opa test failed: {(done.error or done.out).strip()}")
    try:
        return json.loads(done.out)
    except ValueError:
        raise BundleError("bundle.tool", "opa test printed what is no JSON") from None


def _cases(rows: Any) -> list[Case]:
    found = [case for row in rows or () for case in _of_one(row)]
    return sorted(found, key=lambda case: (case.file, case.row, case.name))


def _of_one(row: Mapping[str, Any]) -> Iterator[Case]:
    where = row.get("location", {})
    package = str(row.get("package", "")).removeprefix("data.")
    for name, result in _results(row["name"], row):
        yield Case(
            package,
            name,
            str(where.get("file", "")).removeprefix("./"),
            where.get("row", 0),
            _outcome(result),
            row.get("duration", 0) / 1e9,
        )


def _results(name: str, row: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    below = row.get("sub_results")
    if not below:
        yield name, row
    for case, result in sorted((below or {}).items()):
        yield from _results(f"{name}/{case}", result)


def _outcome(result: Mapping[str, Any]) -> str:
    if result.get("error"):
        return "error"
    if result.get("fail"):
        return "fail"
    return "skip" if result.get("skip") else "pass"


def _details(folder: Path, opa: Path, failing: list[Case]) -> dict[tuple[str, str], str]:
    """What `opa` says of each failing test: only its report for people has the values that a test saw."""
    tests = dict.fromkeys((case.package, case.name.split("/")[0]) for case in failing)
    found = {}
    for package, name in list(tests)[:_EXPLAINED]:
        exactly = f"^data\\.{re.escape(package)}\\.{re.escape(name)}$"
        done = tool.attempt(opa, ["test", "--bundle", "--var-values", "--run", exactly, "."], folder)
        _, _, said = done.out.partition("FAILURES\n")
        found[package, name] = "\n".join(
            line for line in map(str.rstrip, said.splitlines()) if not _FRAME.fullmatch(line)
        )
    return found


def _explained(cases: list[Case], details: Mapping[tuple[str, str], str]) -> list[Case]:
    """The cases, the first failing one of each test with what `opa` says of the test."""
    told: set[tuple[str, str]] = set()
    found = []
    for case in cases:
        key = (case.package, case.name.split("/")[0])
        detail = details.get(key, "") if case.outcome in {"fail", "error"} and key not in told else ""
        if detail:
            told.add(key)
        found.append(
            Case(case.package, case.name, case.file, case.row, case.outcome, case.duration_s, detail)
        )
    return found


def _uncovered(report: Mapping[str, Any]) -> Iterator[Uncovered]:
    for file, lines in sorted(report.get("files", {}).items()):
        rows = {
            row
            for span in lines.get("not_covered") or ()
            for row in range(span["start"]["row"], span["end"]["row"] + 1)
        }
        if rows:
            yield Uncovered(file.removeprefix("./"), tuple(sorted(rows)))


def _spans(rows: tuple[int, ...]) -> Iterator[str]:
    start = end = rows[0]
    for row in (*rows[1:], None):
        if row is not None and row == end + 1:
            end = row
            continue
        yield str(start) if start == end else f"{start}-{end}"
        if row is not None:
            start = end = row
