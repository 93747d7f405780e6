"""OPA's own conformance cases, and the page that says how many pass: run this file to count them there anew.

A little longer than most modules: running, comparing and counting stand side by side.
"""

from __future__ import annotations

import gzip
import json
import re
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from rego import UNDEFINED, EvaluationError, Policy, RegoError, numeric
from rego.builtins import CONTEXTUAL, ON_DEMAND, PLAIN, REFUSED
from rego.builtins.outside import http_send, net_lookup_ip_addr, rand_intn
from rego.output import to_json
from tests.rego.terms import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

_LEAST_SHARE: Final = 99.5


#: Cases that expect what OPA gave before it was mended, by title; a test asks the real OPA.
OUTDATED: Final = {
    "reachable_paths/cycle_1022_3": (
        "the case expects what OPA gave before 1.16, which left paths out (open-policy-agent/opa#5871);"
        " the answer here is that of OPA 1.21.3"
    )
}


class ReachedOutside(BaseException):
    """A case asked the network. No base class that an evaluation would make an error of the policy of."""


def _nobody(*asked: object) -> NoReturn:
    raise ReachedOutside(asked)


#: What a host would pass. The cases need no network: addresses are literal, and requests malformed.
HOST: Final = {
    "http.send": http_send(_nobody),
    "net.lookup_ip_addr": net_lookup_ip_addr(_nobody),
    "rand.intn": rand_intn(),
}


@dataclass
class Outcome:
    """What came of the cases.

    Args:
        passed: How many passed, by category.
        failed: How many did not, by category.
        failures: What to say of each of those.
        errors: How many error codes were compared; each differing one is a failure.
        messages: How many of them came with a text that OPA's message has in it.
        same: Of these, how often ours has it too.
        unnamed: Of these, how often ours has it but for the builtin's name in front.
    """

    passed: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    errors: int = 0
    messages: int = 0
    same: int = 0
    unnamed: int = 0

    @property
    def total(self) -> int:
        """How many cases there are."""
        return self.passed.total() + self.failed.total()

    @property
    def share(self) -> float:
        """How many of a hundred pass."""
        return 100 * self.passed.total() / self.total


def cases(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the cases with their line numbers; numbers are exact."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            yield number, json.loads(line, parse_float=lambda text: numeric.of_decimal(Decimal(text)))


def run(path: Path) -> Outcome:
    """Run every case."""
    outcome = Outcome()
    for number, case in cases(path):
        reason = judge(case, outcome)
        if reason:
            outcome.failed[case["category"]] += 1
            reason = OUTDATED.get(case["note"], reason)
            outcome.failures.append(f"`{case['note']}` (line {number}): {reason}")
        else:
            outcome.passed[case["category"]] += 1
    return outcome


def judge(case: dict[str, Any], outcome: Outcome) -> str:
    """Run a case; return why it failed, and nothing where it passed."""
    strict = bool(case.get("strict_error"))
    given = parse(case["input_term"]) if "input_term" in case else case.get("input", UNDEFINED)
    error_wanted = "want_error" in case or "want_error_code" in case
    try:
        policy = Policy.load(case["plan"], case.get("data", {}), builtins=HOST, strict_builtin_errors=strict)
        found = policy.bindings(case["entrypoints"][0], given)
    except EvaluationError as error:
        if not error_wanted:
            return f"unexpected {error.code}"
        return compare_errors(case, error, outcome)
    except RegoError as error:
        return error.message
    if error_wanted:
        return f"no {case.get('want_error_code', 'error')}"
    return compare_results(case, found)


def compare_errors(case: dict[str, Any], error: EvaluationError, outcome: Outcome) -> str:
    """Compare an error with the one that was wanted: codes must be equal, texts are counted."""
    text: str | None = case.get("want_error")
    code = case.get("want_error_code") or re.findall(r"\beval_\w+_error\b|$", text or "")[0]
    outcome.errors += 1
    if text is not None:
        # Whoever says where as OPA does says it in front; ours is in the error's `location`.
        text = re.sub(r"^(?:[\w.-]+:\d+: )?(?:eval_\w+: )?", "", text)
        name, _, rest = text.partition(": ")
        outcome.messages += 1
        outcome.same += text in error.message
        outcome.unnamed += text not in error.message and name in declared(case) and rest in error.message
    return "" if error.code == (code or error.code) else f"{error.code} for {code}"


def declared(case: dict[str, Any]) -> set[str]:
    """Return the names of the builtins that a case's plan declares."""
    return {builtin["name"] for builtin in case["plan"]["static"].get("builtin_funcs") or ()}


def compare_results(case: dict[str, Any], found: list[dict[str, Any]]) -> str:
    """Compare results with those that were wanted, in any order."""
    loose = bool(case.get("sort_bindings"))
    wanted = case["want_plan_result"]
    ours, theirs = (Counter(comparable(row, loose=loose) for row in rows) for rows in (found, wanted))
    return "" if ours == theirs else f"{len(found)} result(s), not the {len(wanted)} expected"


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
        return ("object", sorted((name, exact(item)) for name, item in value.items()))
    if isinstance(value, list):
        return [exact(item) for item in value]
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return ("plain", value)
    return ("number", f"{Decimal(repr(value) if isinstance(value, float) else value).normalize()}")


def written(text: str, outcome: Outcome) -> str:
    """Return the page with what is counted in it written anew, between its marks."""
    parts = {
        "counts": counts(outcome),
        "failures": [f"- {failure}" for failure in outcome.failures] or ["None."],
        "refused": [f"| `{name}` | {reason} |" for name, reason in sorted(REFUSED.items())],
        "categories": [
            f"| {name} | {outcome.passed[name] or ''} | {outcome.failed[name] or ''} |"
            for name in sorted(outcome.passed | outcome.failed)
        ],
    }
    for name, lines in parts.items():
        begin, end = f"<!-- {name}: counted -->", f"<!-- {name}: end -->"
        head, rest = text.split(begin)
        text = head + begin + "\n" + _HEADS.get(name, "") + "\n".join(lines) + "\n" + end + rest.split(end)[1]
    return text


_HEADS: Final = {
    "refused": "| builtin | why |\n|---|---|\n",
    "categories": "| category | passed | failed |\n|---|---:|---:|\n",
}


def counts(outcome: Outcome) -> list[str]:
    """Return what there is to say in figures."""
    held = len(PLAIN) + len(CONTEXTUAL) + sum(map(len, ON_DEMAND.values()))
    passed, failed = outcome.passed.total(), outcome.failed.total()
    return [
        f"- Of {outcome.total:,} cases **{passed:,} pass and {failed} fail**: {outcome.share:.2f} %.",
        "  None is skipped.",
        f"- {outcome.errors} of them end in an error; its code is compared with OPA's each time.",
        f"- {outcome.messages} of these say what OPA's message has in it.",
        f"  Ours has the same text {outcome.same} times,",
        f"  and {outcome.unnamed} times all but the builtin's name in front.",
        f"- {held} builtins are implemented, {len(REFUSED)} are left to the host.",
    ]


def test_the_cases_agree_with_opa_and_the_page_says_so(
    conformance_cases: Path, conformance_page: Path
) -> None:
    """What fails calls a builtin that is refused by name, or is outdated; the page says what the run says."""
    outcome = run(conformance_cases)

    unexplained = [
        failure
        for failure in outcome.failures
        if "is refused" not in failure and not any(reason in failure for reason in OUTDATED.values())
    ]
    assert unexplained == []
    assert outcome.share >= _LEAST_SHARE
    text = conformance_page.read_text(encoding="utf-8")
    assert written(text, outcome) == text


def test_of_an_outdated_case_opa_says_what_we_say(conformance_cases: Path, opa: Path, tmp_path: Path) -> None:
    """A case is called outdated only where the real OPA fails it with our answer."""
    found = [case for _, case in cases(conformance_cases) if case["note"] in OUTDATED]
    for case in found:
        given = parse(case["input_term"])
        module = tmp_path / "policy.rego"
        module.write_text("\n".join(case["modules"]))
        done = subprocess.run(
            [opa, "eval", "--format", "bindings", "--stdin-input", "--data", module, case["query"]],
            input=json.dumps(to_json(given)),
            check=True,
            capture_output=True,
            timeout=30,
            text=True,
        )
        theirs = [json.loads(done.stdout)]

        assert compare_results(case, theirs)
        ours = Policy.load(case["plan"]).bindings("eval", given)
        assert [comparable(row, loose=False) for row in theirs] == [
            comparable(row, loose=False) for row in ours
        ]
    assert len(found) == len(OUTDATED)


if __name__ == "__main__":
    root = Path(__file__).parents[2]
    page = root / "docs" / "rego-conformance.md"
    found = run(root.parent / "shared" / "data" / "opa-conformance" / "cases.jsonl.gz")
    page.write_text(written(page.read_text(encoding="utf-8"), found), encoding="utf-8")
