"""The measuring itself: rounds in which every target is visited in turn, so that each has the same weather.

A figure is the median of its rounds. What a gateway *adds* is taken within each round, against the mock
called directly a few seconds before.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING

from bench import conversation
from bench.load import Job

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.load import Measured
    from bench.targets import Range, Target

_WARM_UP_S = 0.5


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of load."""

    streamed: bool
    connections: int

    @property
    def name(self) -> str:
        """As a table shows it."""
        return f"{'streamed' if self.streamed else 'whole'} x {self.connections}"


SHAPES = tuple(Shape(streamed, connections) for streamed in (False, True) for connections in (1, 32))


@dataclass(frozen=True, slots=True)
class Row:
    """What was found for one target under one shape of load; latencies in microseconds.

    Args:
        added_p50_us: over the mock called directly; None for that itself, as all that follow.
        first_p50_us: to the first byte of the body: the first token of a stream.
        cpu_us: CPU time of the gateway per request, kernel included.
        cpu_per_chunk_us: the same per chunk of a stream, its share of the request included.
        rss_bytes: resident memory after the last round.
    """

    target: str
    shape: str
    requests: int
    requests_per_s: float
    p50_us: float
    p99_us: float
    first_p50_us: float
    first_p99_us: float
    added_p50_us: float | None = None
    added_p99_us: float | None = None
    added_first_p50_us: float | None = None
    cpu_us: float | None = None
    cpu_per_chunk_us: float | None = None
    rss_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class _Visit:
    measured: Measured
    cpu_us: float


def rows(everything: Range, shapes: Sequence[Shape], rounds: int, seconds: float) -> Iterator[Row]:
    """Measure, and give the rows of each shape as soon as they are known.

    Args:
        rounds: how often each target is visited under each shape.
        seconds: how long a visit lasts.

    Raises:
        BenchFailed: an answer was wrong or missing.
    """
    for shape in shapes:
        for target in everything.targets:
            _visit(everything, target, shape, min(_WARM_UP_S, seconds))
        visits: dict[str, list[_Visit]] = {target.name: [] for target in everything.targets}
        for _ in range(rounds):
            for target in everything.targets:
                visits[target.name].append(_visit(everything, target, shape, seconds))
        for target in everything.targets:
            yield _row(target, shape, visits[target.name], visits["direct"])


def _visit(everything: Range, target: Target, shape: Shape, seconds: float) -> _Visit:
    job = Job(target.port, target.token, shape.streamed, shape.connections, seconds)
    before_ns = target.server.cpu_ns() if target.server else 0
    measured = everything.load.run(job)
    spent_ns = target.server.cpu_ns() - before_ns if target.server else 0
    return _Visit(measured, spent_ns / 1000 / measured.requests)


def _row(target: Target, shape: Shape, visits: Sequence[_Visit], direct: Sequence[_Visit]) -> Row:
    found = [visit.measured for visit in visits]
    row = Row(
        target=target.name,
        shape=shape.name,
        requests=sum(each.requests for each in found),
        requests_per_s=median(each.requests / each.seconds for each in found),
        p50_us=median(each.p50_us for each in found),
        p99_us=median(each.p99_us for each in found),
        first_p50_us=median(each.first_p50_us for each in found),
        first_p99_us=median(each.first_p99_us for each in found),
    )
    if target.server is None:
        return row
    pairs = [(visit.measured, base.measured) for visit, base in zip(visits, direct, strict=True)]
    cpu_us = median(visit.cpu_us for visit in visits)
    return replace(
        row,
        added_p50_us=median(own.p50_us - base.p50_us for own, base in pairs),
        added_p99_us=median(own.p99_us - base.p99_us for own, base in pairs),
        added_first_p50_us=median(own.first_p50_us - base.first_p50_us for own, base in pairs),
        cpu_us=cpu_us,
        cpu_per_chunk_us=cpu_us / conversation.CHUNKS if shape.streamed else None,
        rss_bytes=target.server.rss_bytes(),
    )
