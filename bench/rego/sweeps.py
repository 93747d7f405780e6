"""How the time of an evaluation grows: with what the plan doesn't read, and with the number of its rules."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from bench.rego import cases, policies
from bench.rego import opa as real
from bench.rego.rounds import BENCH, REGO, middle
from bench.rego.visits import evaluation, timed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from bench.rego.cases import Subject
    from bench.rego.policies import Question
    from bench.rego.visits import Visit

    Point = tuple[str, Subject, Question]


@dataclass(frozen=True, slots=True)
class Sweep:
    """One small table.

    Args:
        title: what grows.
        sizes: as the table's rows name them.
        ways: by way, a figure for each size.
    """

    title: str
    sizes: Sequence[str]
    ways: Mapping[str, Sequence[Visit]]

    def growth(self, way: str) -> float | None:
        """The median at the largest size over that at the smallest."""
        found = self.ways.get(way)
        return found[-1].p50_us / found[0].p50_us if found else None


INPUT = "input that is not read"
DATA = "data that is not read"
RULES = "rules"


def sweeps(opa: Path, *, compare: bool, rounds: int, seconds: float) -> Iterator[Sweep]:
    """Measure all three.

    Args:
        opa: compiles the policies.
        compare: whether to let OPA measure itself, too.

    Raises:
        BenchFailed: OPA failed.
    """
    for title, points in ((INPUT, _inputs), (DATA, _data), (RULES, _rules)):
        with ExitStack() as stack:
            found = list(points(opa, stack))
            yield Sweep(
                title,
                [size for size, _, _ in found],
                _measured(found, opa if compare else None, rounds, seconds),
            )


def _inputs(_: Path, __: ExitStack) -> Iterator[Point]:
    subject = cases.shipped()
    usual = subject.questions[0]
    for kib in (1, 10, 100, 1000):
        document = policies.padded(usual.document, kib * 1024)
        yield f"{kib:,} KiB", subject, policies.Question(usual.name, usual.entrypoint, document)


def _data(opa: Path, stack: ExitStack) -> Iterator[Point]:
    for count in (1, 100, 10_000, 100_000):
        subject = stack.enter_context(cases.compiled(opa, policies.subjects(count)))
        yield subject.name, subject, subject.questions[0]


def _rules(opa: Path, stack: ExitStack) -> Iterator[Point]:
    for count in (10, 100, 1_000):
        subject = stack.enter_context(cases.compiled(opa, policies.rules(count)))
        yield subject.name, subject, subject.questions[0]


def _measured(
    points: Sequence[Point], opa: Path | None, rounds: int, seconds: float
) -> dict[str, list[Visit]]:
    visits: dict[str, list[list[Visit]]] = {}
    for _ in range(rounds):
        for number, (_, subject, question) in enumerate(points):
            for name, way in _ways(subject, question, opa, seconds).items():
                visits.setdefault(name, [[] for _ in points])[number].append(way())
    return {name: [middle(each) for each in found] for name, found in visits.items()}


def _ways(
    subject: Subject, question: Question, opa: Path | None, seconds: float
) -> dict[str, Callable[[], Visit]]:
    ways: dict[str, Callable[[], Visit]] = {REGO: partial(timed, evaluation(subject, question), seconds)}
    if opa:
        ways[BENCH] = partial(real.bench, opa, subject.folder, question.entrypoint, question.document)
    return ways
