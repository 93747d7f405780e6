"""What it takes until a policy can be asked: in a fresh process, in one that runs, and with other data."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import process_time_ns
from typing import TYPE_CHECKING

import orjson

from rego import Policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.rego.cases import Subject

_ROOT = Path(__file__).parents[2]
_TIMEOUT_S = 300


def loading(subject: Subject, rounds: int) -> dict[str, float]:
    """Milliseconds of CPU of each step, medians: `cold.` in processes of their own, `warm.` in this one."""
    cold = [_cold(subject) for _ in range(rounds)]
    found = {f"cold.{step}": median(each[step] for each in cold) for step in cold[0]}
    found["warm.load_ms"] = _median_ms(lambda: Policy.load(subject.plan, subject.data), rounds)
    found["warm.prepared_ms"] = _median_ms(lambda: Policy.load(subject.plan, subject.data).prepare(), rounds)
    subject.policy.prepare()
    found["warm.with_data_ms"] = _median_ms(lambda: subject.policy.with_data(subject.data).prepare(), rounds)
    firsts = [_firsts(subject) for _ in range(rounds)]
    return found | {step: median(each[step] for each in firsts) for step in firsts[0]}


def _firsts(subject: Subject) -> dict[str, float]:
    """Milliseconds of the first answer of an entrypoint, each of a policy that was just loaded."""
    taken_ms = []
    for question in {question.entrypoint: question for question in subject.questions}.values():
        policy = Policy.load(subject.plan, subject.data)
        began_ns = process_time_ns()
        policy.evaluate(question.entrypoint, question.document)
        taken_ms.append((process_time_ns() - began_ns) / 1e6)
    return {"first.quickest_ms": min(taken_ms), "first.slowest_ms": max(taken_ms)}


def _median_ms(step: Callable[[], object], rounds: int) -> float:
    taken_ms = []
    for _ in range(rounds):
        began_ns = process_time_ns()
        step()
        taken_ms.append((process_time_ns() - began_ns) / 1e6)
    return median(taken_ms)


def _cold(subject: Subject) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="regent-bench-") as home:
        plan, data = Path(home) / "plan.json", Path(home) / "data.json"
        plan.write_bytes(subject.plan)
        data.write_bytes(orjson.dumps(subject.data))
        command: list[str | Path] = [sys.executable, "-m", "bench.rego.cold", plan, data]
        done = subprocess.run(command, cwd=_ROOT, capture_output=True, check=True, timeout=_TIMEOUT_S)
    steps: dict[str, float] = json.loads(done.stdout)
    return steps
