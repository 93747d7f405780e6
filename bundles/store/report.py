"""What the tests of a policy's sources said: which ran, which failed, which lines none of them reached.

`opa test` runs twice, since with `--coverage` it doesn't name the tests.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from bundles import opa as tool
from bundles.build import CAPABILITIES
from bundles.documents import parse_object, readable
from bundles.errors import BundleError
from bundles.store.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

FILE: Final = "report.json"
THRESHOLD: Final = 100.0
_MAX_NAMED: Final = 10


@dataclass(frozen=True, slots=True)
class Report:
    """`report.json` of one revision.

    Args:
        passed: number of tests that passed.
        failed: names of those that failed.
        skipped: names of those that are marked as to do.
        coverage: percentage of the lines of Rego, tests left out, that some test reached.
        threshold: percentage that was asked for.
        uncovered: by file, the lines that no test reached.
        inherited_from: the revision whose tests these are; this one differs from it in data alone.
        at_us: when they ran, microseconds since 1970 UTC.
    """

    passed: int
    failed: tuple[str, ...]
    skipped: tuple[str, ...]
    coverage: float
    threshold: float
    at_us: int
    uncovered: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    inherited_from: str | None = None

    @property
    def is_enough(self) -> bool:
        """Whether there are tests, all of them pass, and they reach far enough."""
        return self.passed > 0 and not self.failed and self.coverage >= self.threshold

    def content(self) -> bytes:
        """The report as its file holds it."""
        return readable(asdict(self))

    def lacking(self) -> str:
        """What is wrong, in one line."""
        if self.failed:
            more = ", ..." if len(self.failed) > _MAX_NAMED else ""
            return f"failing tests, {len(self.failed)}: {', '.join(self.failed[:_MAX_NAMED])}{more}"
        if not self.passed:
            return "there are no tests"
        lines = [f"{name}:{line}" for name, rows in sorted(self.uncovered.items()) for line in rows]
        more = ", ..." if len(lines) > _MAX_NAMED else ""
        reached = f"tests reach {self.coverage:g} % of the lines, {self.threshold:g} % are asked for"
        return f"{reached}; not reached: {', '.join(lines[:_MAX_NAMED])}{more}"


def run(sources: Path, opa: Path, threshold: float, at_us: int) -> Report:
    """Run the tests of policy sources.

    Args:
        sources: as for `bundles.build.build`.
        threshold: percentage of lines that tests must reach.

    Raises:
        BundleError: `bundle.tool`, when `opa` can't run them at all.
    """
    # A test may call no more than a policy: one that asks a server says something else tomorrow.
    options = ["test", "--bundle", "--capabilities", CAPABILITIES, "--format", "json"]
    done = tool.attempt(opa, [*options, "."], sources)
    cases = [case for test in _json(done, list) for case in _cases(test, _name(test))]
    failed = sorted(name for name, case in cases if case.get("fail") or case.get("error"))
    if done.code and not failed:  # then it means something that isn't known here
        raise BundleError("bundle.tool", f"opa test failed: {done.error.strip()}")
    skipped = sorted(name for name, case in cases if case.get("skip"))
    passed = len(cases) - len(failed) - len(skipped)
    files = {} if failed else _json(tool.attempt(opa, [*options, "--coverage", "."], sources), dict)
    covered, uncovered = _lines(files.get("files", {}))
    missed = sum(map(len, uncovered.values()))
    return Report(
        passed=passed,
        failed=tuple(failed),
        skipped=tuple(skipped),
        coverage=_percentage(covered, missed),
        threshold=threshold,
        at_us=at_us,
        uncovered=uncovered,
    )


def parse(content: bytes, revision: str) -> Report:
    """Read a report's file.

    Raises:
        StoreError: `store.damaged`.
    """
    try:
        said = parse_object(content, FILE)
        origin = said["inherited_from"]
        return Report(
            passed=int(said["passed"]),
            failed=tuple(map(str, said["failed"])),
            skipped=tuple(map(str, said["skipped"])),
            coverage=float(said["coverage"]),
            threshold=float(said["threshold"]),
            at_us=int(said["at_us"]),
            uncovered={str(name): tuple(map(int, rows)) for name, rows in said["uncovered"].items()},
            inherited_from=None if origin is None else str(origin),
        )
    except (BundleError, KeyError, TypeError, ValueError, AttributeError):
        raise StoreError("store.damaged", f"{FILE} of {revision} is not what the store wrote") from None


def _json(done: tool.Said, kind: type) -> Any:
    """What `opa` printed; failing tests give another exit code, and so do sources that don't compile."""
    try:
        value = json.loads(done.out)
    except ValueError:
        value = None
    if not isinstance(value, kind):
        said = (done.error or done.out).strip()
        raise BundleError("bundle.tool", f"opa test failed: {said}")
    return value


def _name(test: Mapping[str, Any]) -> str:
    return f"{test['package'].removeprefix('data.')}.{test['name']}"


def _cases(test: Mapping[str, Any], name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """A test, or each case of one that has several: `opa` gives them as tests within the test."""
    within = test.get("sub_results") or {}
    if not within:
        yield name, test
    for case, result in within.items():
        yield from _cases(
            result, f"{name}[{case!r:.80}]"
        )  # cases are called anything, control characters too


def _lines(files: Mapping[str, Mapping[str, Any]]) -> tuple[int, dict[str, tuple[int, ...]]]:
    """How many lines were reached, and which were not; the tests themselves don't count."""
    covered = 0
    uncovered: dict[str, tuple[int, ...]] = {}
    for name, found in files.items():
        if name.endswith("_test.rego"):
            continue
        missed = _rows(found.get("not_covered", ()))
        covered += len(_rows(found.get("covered", ())) - missed)
        if missed:
            uncovered[re.sub(r"^(\./|/)", "", name)] = tuple(sorted(missed))
    return covered, uncovered


def _rows(ranges: Any) -> set[int]:
    return {row for each in ranges for row in range(each["start"]["row"], each["end"]["row"] + 1)}


def _percentage(covered: int, missed: int) -> float:
    """Rounded downwards: 99.99 must not look like 100."""
    return (covered * 10_000 // (covered + missed)) / 100 if covered + missed else 0.0
