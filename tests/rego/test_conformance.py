"""OPA's own conformance cases, and the page that says how many pass: run this file to write the page anew."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rego import UNDEFINED, EvaluationError, PlanError, Policy, numeric

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNSUPPORTED = "plan.unsupported_builtin"


@dataclass
class Outcome:
    """What came of the cases: counts for each category, and what to say of those that did not pass."""

    counts: dict[str, Counter[str]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    missing: Counter[str] = field(default_factory=Counter)

    def add(self, case: dict[str, Any], result: str) -> None:
        """Count a case's result in its category."""
        self.counts.setdefault(case["category"], Counter())[result] += 1

    def total(self, result: str) -> int:
        """Return how many cases had a result."""
        return sum(counts[result] for counts in self.counts.values())


def cases(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the cases with their line numbers; numbers are exact."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            yield number, json.loads(line, parse_float=lambda text: numeric.of_decimal(Decimal(text)))


def run(path: Path) -> Outcome:
    """Run every case."""
    outcome = Outcome()
    for number, case in cases(path):
        name = f"{case['category']} line {number}: {case['note']}"
        try:
            given = json.loads(case["input_term"]) if "input_term" in case else case.get("input", UNDEFINED)
        except ValueError:
            outcome.add(case, "skipped")
            outcome.skipped.append(name)
            continue
        result, reason = judge(case, given)
        outcome.add(case, result)
        if result == "failed":
            outcome.failures.append(f"{name}: {reason}")
        elif result == "not implemented":
            outcome.missing[reason] += 1
    return outcome


def judge(case: dict[str, Any], given: Any) -> tuple[str, str]:
    """Return a case's result, and the reason or the missing builtin."""
    error_wanted = "want_error" in case or "want_error_code" in case
    try:
        policy = Policy.load(
            case["plan"], case.get("data", {}), strict_builtin_errors=bool(case.get("strict_error"))
        )
        found = policy.bindings(case["entrypoints"][0], given)
    except PlanError as error:
        if error.code == _UNSUPPORTED:
            return "not implemented", error.message.split("'")[1]
        return "failed", str(error)
    except EvaluationError as error:
        right = error_wanted and error.code == case.get("want_error_code", error.code)
        return ("passed", "") if right else ("failed", f"unexpected {error.code}")
    if error_wanted:
        return "failed", f"no {case.get('want_error_code', 'error')}"
    wanted = case["want_plan_result"]
    loose = bool(case.get("sort_bindings"))
    same = Counter(comparable(row, loose=loose) for row in found) == Counter(
        comparable(row, loose=loose) for row in wanted
    )
    return ("passed", "") if same else ("failed", f"expected {len(wanted)} other result(s)")


def comparable(row: dict[str, Any], *, loose: bool) -> str:
    """Return a result in a form that is equal where OPA calls the results equal."""
    plain = {name: exact(value) for name, value in row.items()}
    if loose:
        plain = {
            name: sorted(value, key=repr) if isinstance(value, list) else value
            for name, value in plain.items()
        }
    return repr(sorted(plain.items()))


def exact(value: Any) -> Any:
    """Return a JSON value with numbers in one form, and true told from one."""
    if isinstance(value, dict):
        return sorted((name, exact(item)) for name, item in value.items())
    if isinstance(value, list):
        return [exact(item) for item in value]
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return ("plain", value)
    return ("number", f"{Decimal(repr(value) if isinstance(value, float) else value).normalize()}")


def page(outcome: Outcome) -> str:
    """Return the conformance page."""
    total = sum(sum(counts.values()) for counts in outcome.counts.values())
    passed, failed = outcome.total("passed"), outcome.total("failed")
    share = 100 * passed / (passed + failed)
    lines = [
        "# How far the embedded engine agrees with OPA",
        "",
        "This page is written by `tests/rego/test_conformance.py`,",
        "which also fails where the page is out of date.",
        "It counts cases of OPA's own conformance suite, run on the plans that come with them.",
        "",
        f"Of {total} cases {passed} pass and {failed} fail;",
        f"{outcome.total('not implemented')} need a builtin that is not implemented,",
        f"and {outcome.total('skipped')} have an input in Rego syntax, which is not JSON.",
        f"Of the cases whose builtins are implemented, {share:.1f} % pass.",
        "A plan that calls a builtin that is not implemented is refused when it is loaded.",
        "",
        "## Failures",
        "",
        *([f"- {failure}" for failure in outcome.failures] or ["None."]),
        "",
        "## Skipped",
        "",
        *[f"- {name}" for name in outcome.skipped],
        "",
        "## Builtins that are not implemented",
        "",
        "Each with the number of cases that need it.",
        "",
        *[f"- `{name}`: {count}" for name, count in sorted(outcome.missing.items())],
        "",
        "## Categories",
        "",
        "| category | passed | failed | not implemented | skipped |",
        "|---|---:|---:|---:|---:|",
    ]
    for category, counts in sorted(outcome.counts.items()):
        columns = " | ".join(
            str(counts[name] or "") for name in ("passed", "failed", "not implemented", "skipped")
        )
        lines.append(f"| {category} | {columns} |")
    return "\n".join(lines) + "\n"


def test_every_case_whose_builtins_exist_agrees_with_opa(
    conformance_cases: Path, conformance_page: Path
) -> None:
    """No implemented case fails, and the page says what the run says."""
    outcome = run(conformance_cases)
    assert outcome.failures == []
    assert outcome.total("passed") >= 1100
    assert page(outcome) == conformance_page.read_text(encoding="utf-8")


if __name__ == "__main__":
    root = Path(__file__).parents[2]
    found = run(root.parent / "shared" / "data" / "opa-conformance" / "cases.jsonl.gz")
    (root / "docs" / "rego-conformance.md").write_text(page(found), encoding="utf-8")
