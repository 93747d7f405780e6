"""How the commands for authors speak: one decision explained, one run of the tests; words only."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bundles.authoring.explaining import Asked, Explanation
    from bundles.authoring.testing import Report

MARKS = {"fail": "FAIL", "error": "ERROR", "skip": "skipped"}


def tested(report: Report, threshold: float) -> Iterator[str]:
    """What failed, what was not reached, and the sum."""
    for case in report.cases:
        if case.outcome in MARKS:
            yield f"{case.file}:{case.row}: {MARKS[case.outcome]}: {case.package}.{case.name}"
            if case.detail:
                yield from (f"    {line}" for line in case.detail.splitlines())
    for lines in report.uncovered:
        yield f"{lines}: no test reaches this"
    passed = f"{report.count('pass')} passed, {len(report.failed)} failed"
    skipped = f", {report.count('skip')} skipped" if report.count("skip") else ""
    coverage = ""
    if report.coverage is not None:
        coverage = f"; {report.coverage:.2f} % of lines reached, {threshold:g} % wanted"
    yield f"{passed}{skipped}{coverage}"


def explained(explanation: Explanation) -> Iterator[str]:
    """One decision, for people."""
    decision = explanation.decision or {}
    verdict = "allowed" if explanation.allowed else "refused"
    if explanation.decision is None:
        verdict = "undefined, which refuses"
    yield f"{verdict}: {explanation.entrypoint} of {explanation.revision}"
    yield from _reasons(decision)
    yield from _block("it must", (_obligation(each) for each in decision.get("obligations", ())))
    yield from _block("advice", map(_advice, decision.get("advice", ())))
    spoke = [rule for rule in explanation.rules if rule.does]
    silent = [rule.id for rule in explanation.rules if not rule.does]
    yield ""
    yield "rules that spoke"
    for rule in spoke:
        yield from _rule(rule)
    if not spoke:
        yield "  none"
    if silent:
        yield f"rules that had nothing to say: {', '.join(silent)}"
    yield ""
    yield f"trace ({explanation.steps} steps)"
    places = [f"{line.file}:{line.row}" for line in explanation.trace]
    width = max(map(len, places), default=0)
    for place, line in zip(places, explanation.trace, strict=True):
        yield f"  {place:<{width}}  {line.source or line.path}"


def as_json(explanation: Explanation) -> str:
    """The same for programs."""
    facts = {**asdict(explanation), "allowed": explanation.allowed}
    return json.dumps(facts, ensure_ascii=False, default=float)


def _reasons(decision: dict[str, Any]) -> Iterator[str]:
    for reason in decision.get("reasons", ()):
        yield ""
        yield f"reason {reason.get('id')}"
        yield f"  for the user   {reason.get('user')}"
        yield f"  for the admin  {reason.get('admin')}"
        yield f"  controls       {', '.join(map(str, reason.get('controls', ())))}"


def _block(heading: str, lines: Iterator[str]) -> Iterator[str]:
    found = list(lines)
    if found:
        yield ""
        yield heading
        yield from (f"  {line}" for line in found)


def _obligation(obligation: dict[str, Any]) -> str:
    others = {key: value for key, value in obligation.items() if key != "kind"}
    said = ", ".join(
        f"{key} {json.dumps(value, ensure_ascii=False)}" for key, value in sorted(others.items())
    )
    return f"{obligation.get('kind')}: {said}"


def _advice(entry: Any) -> str:
    if not isinstance(entry, dict):
        return str(entry)
    about = (
        entry.get("reason", {}).get("id") if "reason" in entry else _obligation(entry.get("obligation", {}))
    )
    return f"{entry.get('rule')} ({entry.get('enforcement')}) would have said: {about}"


def _rule(rule: Asked) -> Iterator[str]:
    rows = ",".join(map(str, rule.rows))
    counts = "" if rule.enforcement == "enforce" else f", only in {rule.enforcement}"
    yield f"  {rule.id} {rule.does}{counts}: {rule.title}"
    yield f"    {rule.file}:{rows}; severity {rule.severity}; controls {', '.join(rule.controls)}"
