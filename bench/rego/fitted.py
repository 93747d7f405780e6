"""`python -m bench.rego.fitted`: what rules cost whose tables are absent, with and without leaving them out.

The shipped policies, alone and with more rules beside them that each have a table of their own, which nobody
filled. CPU time, each way in turn in every round of one process, so that other work hits all alike.
"""

from __future__ import annotations

import gc
import shutil
import sys
import tempfile
import tracemalloc
from pathlib import Path
from statistics import median
from time import process_time_ns
from typing import Any, Final

import bundles
from bench.rego import opa as real
from bench.rego.policies import shipped_questions
from bundles import bundle
from rego import Policy

_RULES: Final = 25
_ROUNDS: Final = 60
_EVALUATIONS: Final = 100
_LOADS: Final = 7
_ENTRYPOINTS: Final = ("gateway/admission/decision", "gateway/request/decision")
_RULE: Final = """package rules.request.denies.{name}

import data.facts.caller

deny contains reason if {{
	some window in data.regent.{name}
	_applies(window)
	not _open(window)
	reason := {{"id": "{name}.closed", "user": "Not now.", "admin": "Outside.", "controls": []}}
}}

deny contains reason if {{
	count(data.regent.{name}) > 0
	not input.context.time
	reason := {{"id": "{name}.unknown", "user": "Not now.", "admin": "No time.", "controls": []}}
}}

_applies(window) if window.team == lower(input.subject.properties.team)

_applies(window) if window.role in caller.roles

_open(window) if {{
	now := time.parse_rfc3339_ns(input.context.time)
	[hour, _, _] := time.clock([now, window.zone])
	window.from <= hour
	hour < window.to
}}
"""


def main() -> int:
    """Measure and print."""
    read = bundle.read(bundles.default_path())
    data: dict[str, Any] = dict(read.data)
    policies = {"shipped": (read.plan, data), f"with {_RULES} rules more": (_with_rules(), _requiring(data))}
    ways = {(name, fitted): (*policies[name], fitted) for name in policies for fitted in (False, True)}
    for (name, fitted), (plan, given, _) in ways.items():
        loads = [_load(plan, given, fitted=fitted) for _ in range(_LOADS)]
        policy, retained_kib = _retained(plan, given, fitted=fitted)
        paths = len(policy.reads(_ENTRYPOINTS[1]).paths)
        print(
            f"{name}, {'fitted' if fitted else 'whole'}: load {median(loads) / 1e6:.0f} ms, "
            f"{retained_kib:,.0f} KiB, {paths} paths read, pure: {policy.pure}"
        )
    loaded = {way: Policy.load(plan, given, specialise=fitted) for way, (plan, given, fitted) in ways.items()}
    for question in shipped_questions():
        taken: dict[Any, list[float]] = {way: [] for way in loaded}
        for _ in range(_ROUNDS):
            for way, policy in loaded.items():
                began_ns = process_time_ns()
                for _ in range(_EVALUATIONS):
                    policy.evaluate(question.entrypoint, question.document)
                taken[way].append((process_time_ns() - began_ns) / _EVALUATIONS / 1e3)
        for (name, fitted), times in taken.items():
            way_name = "fitted" if fitted else "whole"
            print(f"{question.entrypoint}, {question.name}; {name}, {way_name}: {median(times):.1f} us")
    return 0


def _with_rules() -> bytes:
    with tempfile.TemporaryDirectory(prefix="regent-bench-") as home:
        folder = Path(home) / "bundle"
        shutil.copytree(bundles.default_path(), folder, ignore=shutil.ignore_patterns("plan.json", ".*"))
        for number in range(_RULES):
            name = f"switched_{number}"
            place = folder / "rules" / "request" / "denies" / name
            place.mkdir()
            (place / f"{name}.rego").write_text(_RULE.format(name=name), encoding="utf-8")
        return real.build(real.find(), folder, _ENTRYPOINTS, ("facts", "gateway", "rules"))


def _requiring(data: dict[str, Any]) -> dict[str, Any]:
    """Return the shipped data with all rules among those that a decision must find present."""
    regent = data["regent"]
    request = regent["required"]["request"]
    denies = [*request["denies"], *(f"switched_{number}" for number in range(_RULES))]
    required = {**regent["required"], "request": {**request, "denies": denies}}
    return {**data, "regent": {**regent, "required": required}}


def _load(plan: bytes, data: dict[str, Any], *, fitted: bool) -> int:
    began_ns = process_time_ns()
    Policy.load(plan, data, specialise=fitted).prepare()
    return process_time_ns() - began_ns


def _retained(plan: bytes, data: dict[str, Any], *, fitted: bool) -> tuple[Policy, float]:
    gc.collect()
    tracemalloc.start()
    policy = Policy.load(plan, data, specialise=fitted).prepare()
    gc.collect()
    retained_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return policy, retained_bytes / 1024


if __name__ == "__main__":
    sys.exit(main())
