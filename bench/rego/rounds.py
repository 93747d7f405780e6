"""The comparison: each way to a decision is visited in turn, round by round, in the same weather.

A figure is the median of its rounds.
"""

from __future__ import annotations

import tempfile
from asyncio import Runner
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

import uvloop

from bench.processes import BenchFailed
from bench.rego import opa as real
from bench.rego.visits import Visit, evaluation, remembered, served, timed, unconverted, untraced
from gateway.engine.opa import OpaEngine
from gateway.settings import OPA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from bench.rego.cases import Subject
    from bench.rego.policies import Question

    Way = Callable[[], Visit]

REGO: Final = "rego/"
UNCONVERTED: Final = "rego/, value left as Rego has it"
UNTRACED: Final = "rego/, without the rules that fired"
REMEMBERED: Final = "remembered by the gateway's engine"
BENCH: Final = "opa bench"
SERVER: Final = "OPA server"

_TIMEOUT_MS: Final = 30_000


@dataclass(frozen=True, slots=True)
class Row:
    """What one question to one policy costs.

    Args:
        ways: by way, the median of its visits.
    """

    policy: str
    entrypoint: str
    question: str
    statements: int
    indexable: float | None
    ways: Mapping[str, Visit]

    @property
    def tracing(self) -> float:
        """The share that saying which rules fired adds."""
        return self.ways[REGO].p50_us / self.ways[UNTRACED].p50_us - 1

    @property
    def ratio(self) -> float | None:
        """The median of `rego/` over the median of `opa bench`."""
        if BENCH not in self.ways:
            return None
        return self.ways[REGO].p50_us / self.ways[BENCH].p50_us


def rows(subject: Subject, opa: Path | None, rounds: int, seconds: float) -> Iterator[Row]:
    """Measure one policy on all its questions.

    Args:
        opa: the real one; without it only `rego/` is measured.
        rounds: how often each way is visited for each question.
        seconds: how long a visit lasts, but for those of `opa bench`, which decides that itself.

    Raises:
        BenchFailed: something didn't answer, or OPA and `rego/` answer differently.
    """
    with ExitStack() as stack:
        everything = list(_ways(subject, opa, seconds, stack))
        visits: list[dict[str, list[Visit]]] = [{name: [] for name in ways} for _, ways in everything]
        for _ in range(rounds):
            for (_, ways), found in zip(everything, visits, strict=True):
                for name, way in ways.items():
                    found[name].append(way())
        for (question, _), found in zip(everything, visits, strict=True):
            result = subject.policy.evaluate(question.entrypoint, question.document)
            yield Row(
                policy=subject.name,
                entrypoint=question.entrypoint,
                question=question.name,
                statements=result.statements,
                indexable=subject.indexable,
                ways={name: middle(each) for name, each in found.items()},
            )


def middle(visits: Iterable[Visit]) -> Visit:
    """One visit of the medians of several."""
    found = list(visits)
    cpu = [visit.cpu_us for visit in found if visit.cpu_us is not None]
    return Visit(
        calls=sum(visit.calls for visit in found),
        mean_us=median(visit.mean_us for visit in found),
        p50_us=median(visit.p50_us for visit in found),
        p99_us=median(visit.p99_us for visit in found),
        cpu_us=median(cpu) if cpu else None,
    )


def _ways(
    subject: Subject, opa: Path | None, seconds: float, stack: ExitStack
) -> Iterator[tuple[Question, dict[str, Way]]]:
    engine, runner = _server(subject, opa, stack) if opa else (None, None)
    for question in subject.questions:
        call = evaluation(subject, question)
        ways: dict[str, Way] = {
            REGO: partial(timed, call, seconds),
            UNCONVERTED: partial(unconverted, call, seconds),
            UNTRACED: partial(timed, untraced(subject, question), seconds),
        }
        if subject.shipped:
            ways[REMEMBERED] = partial(timed, remembered(subject, question), seconds)
        if opa and engine and runner:
            _require_agreement(subject, question, engine, runner)
            ways[BENCH] = partial(real.bench, opa, subject.folder, question.entrypoint, question.document)
            ways[SERVER] = partial(served, engine, question, runner, seconds)
        yield question, ways


def _server(subject: Subject, opa: Path, stack: ExitStack) -> tuple[OpaEngine, Runner]:
    """Start OPA over the policy, and the gateway's own client of it."""
    home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="regent-bench-")))
    url = stack.enter_context(real.serving(opa, subject.folder, home / "opa.log"))
    runner = stack.enter_context(Runner(loop_factory=uvloop.new_event_loop))
    entrypoints = {question.entrypoint for question in subject.questions}
    engine = OpaEngine(OPA(url=url, timeout_ms=_TIMEOUT_MS), entrypoints)
    stack.callback(lambda: runner.run(engine.close()))
    return engine, runner


def _require_agreement(subject: Subject, question: Question, engine: OpaEngine, runner: Runner) -> None:
    """A fast wrong answer is worth nothing."""
    expected = runner.run(engine.ask(question.entrypoint, question.document)).value
    actual = subject.policy.evaluate(question.entrypoint, question.document).value
    if expected != actual:
        raise BenchFailed(f"{subject.name}, {question.name}: OPA says {expected!r:.300}, not {actual!r:.300}")
