"""Figures as people read them, and the same as JSON."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import orjson
from rich.table import Table

from bench.rego.rounds import BENCH, REGO, REMEMBERED, SERVER, UNCONVERTED, UNTRACED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.rego.memory import Mark
    from bench.rego.rounds import Row
    from bench.rego.sweeps import Sweep
    from bench.rego.targets import Target
    from bench.rego.visits import Visit


@dataclass(slots=True)
class Found:
    """Everything that one run found; parts that were not asked for stay empty."""

    rows: list[Row] = field(default_factory=list)
    sweeps: list[Sweep] = field(default_factory=list)
    loading: dict[str, Mapping[str, float]] = field(default_factory=dict)
    memory: list[Mark] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)

    def document(self, rounds: int, seconds: float) -> bytes:
        """The same as JSON, with what is needed to compare it with another day's."""
        machine = {"platform": platform.platform(), "python": platform.python_version()}
        return orjson.dumps(
            {"machine": machine, "rounds": rounds, "seconds": seconds, **asdict(self)},
            option=orjson.OPT_INDENT_2,
        )


_COLUMNS = (
    ("p50", REGO, "p50_us"),
    ("p99", REGO, "p99_us"),
    ("CPU", REGO, "cpu_us"),
    ("as Rego", UNCONVERTED, "p50_us"),
    ("untraced", UNTRACED, "p50_us"),
    ("hit", REMEMBERED, "p50_us"),
    ("opa p50", BENCH, "p50_us"),
    ("opa mean", BENCH, "mean_us"),
    ("server", SERVER, "p50_us"),
)


def rows_table(rows: Sequence[Row]) -> Table:
    """One line for each question; microseconds."""
    title = (
        "us per decision; as Rego: p50 with the value left unconverted; "
        "untraced: without the rules that fired; "
        "hit: p50 of the gateway's engine when it remembers; "
        "opa: `opa bench`; server: p50 of an OPA server on one open connection"
    )
    shown = Table("policy", "entrypoint", "question", title=title)
    for heading in ("steps", *(heading for heading, _, _ in _COLUMNS), "/ opa"):
        shown.add_column(heading, justify="right", no_wrap=True)
    last = ""
    for row in rows:
        share = "" if row.indexable is None else f"\n{row.indexable:.0%} indexable"
        name = row.policy + share if row.policy != last else ""
        last = row.policy
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        cells = (_cell(row.ways.get(way), name) for _, way, name in _COLUMNS)
        shown.add_row(name, row.entrypoint, row.question, str(row.statements), *cells, ratio)
    return shown


def sweep_table(sweep: Sweep) -> Table:
    """One line for each size, and the growth from the first to the last."""
    shown = Table(sweep.title, title="p50, us")
    for way in sweep.ways:
        shown.add_column(way, justify="right", no_wrap=True)
    for number, size in enumerate(sweep.sizes):
        shown.add_row(size, *(f"{found[number].p50_us:.1f}" for found in sweep.ways.values()))
    growths = (f"x{sweep.growth(way):.2f}" for way in sweep.ways)
    shown.add_row("growth", *growths, style="bold")
    return shown


def loading_table(loading: Mapping[str, Mapping[str, float]]) -> Table:
    """One line for each policy; milliseconds."""
    shown = Table("policy", title="ms of CPU until it can be asked; cold: in a process of its own")
    steps = next(iter(loading.values()))
    for step in steps:
        shown.add_column(step.removesuffix("_ms").replace(".", ", "), justify="right", no_wrap=True)
    for name, found in loading.items():
        shown.add_row(name, *(f"{taken:.2f}" for taken in found.values()))
    return shown


def memory_table(marks: Sequence[Mark]) -> Table:
    """One line for each mark."""
    shown = Table("evaluations", "RSS MiB", title="resident memory, shipped policy")
    for mark in marks:
        shown.add_row(f"{mark.evaluations:,}", f"{mark.rss_bytes / 2**20:.2f}")
    return shown


def targets_table(targets: Sequence[Target]) -> Table:
    """What was aimed at, and whether it was met."""
    shown = Table("aim", "found", "")
    for target in targets:
        verdict = "[green]met[/]" if target.met else "[bold red]missed[/]"
        shown.add_row(target.aim, target.found, verdict)
    return shown


def _cell(visit: Visit | None, name: str) -> str:
    value: float | None = None if visit is None else getattr(visit, name)
    return "" if value is None else f"{value:.1f}"
