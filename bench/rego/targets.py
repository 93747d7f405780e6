"""What was aimed at, held against what was found; decides nothing but met or missed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bench.rego.rounds import BENCH, REGO, REMEMBERED
from bench.rego.sweeps import DATA, INPUT, RULES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bench.rego.memory import Mark
    from bench.rego.rounds import Row
    from bench.rego.sweeps import Sweep

SHIPPED_P50_US: Final = 20.0
OPA_RATIO: Final = 0.6
TRACING: Final = 0.25
FLAT: Final = 1.2
"""Medians of one thing measured twice differ that much on a shared machine."""
LOAD_MS: Final = 50.0
HIT_US: Final = 5.0
RSS_GROWTH: Final = 0.02


@dataclass(frozen=True, slots=True)
class Target:
    """One aim.

    Args:
        aim: in words, with its figure.
        found: the worst figure found, and where.
        met: whether it is reached.
    """

    aim: str
    found: str
    met: bool


def of_rows(rows: Sequence[Row]) -> Iterator[Target]:
    """The aims about one evaluation."""
    shipped = [row for row in rows if REMEMBERED in row.ways]
    if shipped:
        worst = max(shipped, key=lambda row: row.ways[REGO].p50_us)
        p50_us = worst.ways[REGO].p50_us
        aim = f"shipped policy: p50 at most {SHIPPED_P50_US:g} us"
        yield Target(aim, f"{p50_us:.1f} us, {_where(worst)}", p50_us <= SHIPPED_P50_US)
        worst = max(shipped, key=lambda row: row.ways[REMEMBERED].p50_us)
        p50_us = worst.ways[REMEMBERED].p50_us
        aim = f"a remembered answer: p50 at most {HIT_US:g} us"
        yield Target(aim, f"{p50_us:.1f} us, {_where(worst)}", p50_us <= HIT_US)
        worst = max(shipped, key=lambda row: row.tracing)
        aim = f"tracing: at most {TRACING:.0%} more"
        yield Target(aim, f"{worst.tracing:.0%}, {_where(worst)}", worst.tracing <= TRACING)
    compared = [(row.ratio, row) for row in rows if row.ratio is not None]
    if compared:
        ratio, worst = max(compared, key=lambda pair: pair[0])
        aim = f"every policy: p50 at most {OPA_RATIO:g} times that of `opa bench`"
        yield Target(aim, f"{ratio:.2f}, {_where(worst)}", ratio <= OPA_RATIO)


def of_sweeps(sweeps: Sequence[Sweep]) -> Iterator[Target]:
    """The aims about growth."""
    for sweep in sweeps:
        ours, theirs = sweep.growth(REGO), sweep.growth(BENCH)
        assert ours is not None
        if sweep.title in {INPUT, DATA}:
            yield Target(f"flat in the size of {sweep.title}", f"x{ours:.2f}", ours <= FLAT)
        elif sweep.title == RULES and theirs is not None:
            aim = "growing no faster than OPA's with the number of rules"
            yield Target(aim, f"x{ours:.1f}, OPA x{theirs:.1f}", ours <= theirs * FLAT)


def of_loading(steps: Mapping[str, float]) -> Target:
    """The aim about loading the shipped bundle."""
    load_ms = steps["cold.load_ms"]
    aim = f"loading the shipped bundle in a fresh process: under {LOAD_MS:g} ms"
    return Target(aim, f"{load_ms:.1f} ms", load_ms < LOAD_MS)


def of_memory(marks: Sequence[Mark]) -> Target:
    """The aim about memory: from the second mark on, the first being before every cache is full."""
    first, last = marks[1], marks[-1]
    growth = last.rss_bytes / first.rss_bytes - 1
    aim = f"resident memory flat from {first.evaluations:,} to {last.evaluations:,} evaluations"
    return Target(aim, f"{growth:+.2%}", growth <= RSS_GROWTH)


def _where(row: Row) -> str:
    return f"{row.policy}, {row.entrypoint}, {row.question}"
