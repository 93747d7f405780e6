"""The ways to get a decision, each a function that is called over and over; knows timing and no policy."""

from __future__ import annotations

import gc
from dataclasses import dataclass
from statistics import median
from time import perf_counter_ns, process_time_ns
from typing import TYPE_CHECKING, Any

import rego.policy
from bench.processes import BenchFailed
from bundles import bundle
from gateway.engine.embedded import EmbeddedEngine
from rego import Policy

if TYPE_CHECKING:
    from asyncio import Runner
    from collections.abc import Callable, Coroutine

    from bench.rego.cases import Subject
    from bench.rego.policies import Question
    from gateway.engine.opa import OpaEngine

_WARM_UP = 200
_BLOCK = 50


@dataclass(frozen=True, slots=True)
class Visit:
    """What one visit found, in microseconds.

    Args:
        cpu_us: CPU of this process for each call, all threads; None where another process does the work.
    """

    calls: int
    mean_us: float
    p50_us: float
    p99_us: float
    cpu_us: float | None = None


def timed(call: Callable[[], object], seconds: float) -> Visit:
    """Call it for that long, timing each; what is there beforehand is nothing for the collector to walk."""
    for _ in range(_WARM_UP):
        call()
    gc.collect()
    gc.freeze()
    taken_ns: list[int] = []
    cpu_ns, began_ns = process_time_ns(), perf_counter_ns()
    end_ns = began_ns + int(seconds * 1e9)
    now_ns = began_ns
    while now_ns < end_ns:
        for _ in range(_BLOCK):
            before_ns = perf_counter_ns()
            call()
            now_ns = perf_counter_ns()
            taken_ns.append(now_ns - before_ns)
    cpu_ns = process_time_ns() - cpu_ns
    gc.unfreeze()
    return _visit(taken_ns, cpu_ns)


def evaluation(subject: Subject, question: Question) -> Callable[[], object]:
    """`Policy.evaluate`: the value as JSON, the rules that fired, the statements."""
    evaluate, entrypoint, document = subject.policy.evaluate, question.entrypoint, question.document
    return lambda: evaluate(entrypoint, document)


def untraced(subject: Subject, question: Question) -> Callable[[], object]:
    """The same from a policy that doesn't say which rules fired."""
    evaluate = Policy.load(subject.plan, subject.data, tracing=False).evaluate
    return lambda: evaluate(question.entrypoint, question.document)


def unconverted(call: Callable[[], object], seconds: float) -> Visit:
    """Time an evaluation whose result stays as Rego has it.

    Raises:
        BenchFailed: the library converts elsewhere by now, so this would measure nothing.
    """
    usual = vars(rego.policy).get("to_json")
    if usual is None:
        raise BenchFailed("rego.policy.to_json is gone: tell the bench where results are converted")
    rego.policy.to_json = lambda value: value  # type: ignore[attr-defined]  # not for others to import
    try:
        return timed(call, seconds)
    finally:
        rego.policy.to_json = usual  # type: ignore[attr-defined]  # the same


def remembered(subject: Subject, question: Question) -> Callable[[], object]:
    """The gateway's engine, asked again what it has answered: the key is made and the answer found."""
    engine = EmbeddedEngine(bundle.read(subject.folder))
    entrypoint, document = question.entrypoint, question.document
    return lambda: _at_once(engine.ask(entrypoint, document))


def served(engine: OpaEngine, question: Question, runner: Runner, seconds: float) -> Visit:
    """Ask an OPA server over one connection that stays open, one question after the other."""

    async def ask() -> Visit:
        taken_ns: list[int] = []
        for _ in range(_BLOCK):
            await engine.ask(question.entrypoint, question.document)
        cpu_ns, end_ns = process_time_ns(), perf_counter_ns() + int(seconds * 1e9)
        now_ns = 0
        while now_ns < end_ns:
            before_ns = perf_counter_ns()
            await engine.ask(question.entrypoint, question.document)
            now_ns = perf_counter_ns()
            taken_ns.append(now_ns - before_ns)
        return _visit(taken_ns, process_time_ns() - cpu_ns)

    return runner.run(ask())


def _visit(taken_ns: list[int], cpu_ns: int) -> Visit:
    ordered = sorted(taken_ns)
    calls = len(ordered)
    return Visit(
        calls=calls,
        mean_us=sum(ordered) / calls / 1000,
        p50_us=median(ordered) / 1000,
        p99_us=ordered[calls * 99 // 100] / 1000,
        cpu_us=cpu_ns / calls / 1000,
    )


def _at_once(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that waits for nothing; the loop's own cost stays out."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise BenchFailed("an answer that is remembered was waited for")
