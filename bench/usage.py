"""How long a report of usage takes, and how much memory, over a log of a million requests.

Run as `python -m bench.usage`. The log is that of `bench.audit_index`: ten thousand people, two months. Each
report is summed in a process of its own, so that its memory can be told.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from audit.index.indexer import Index
from audit.usage.periods import zone
from audit.usage.report import report
from audit.usage.wanted import DIMENSIONS, Wanted
from bench.audit_index import write_log
from bench.targets import FOLDER

if TYPE_CHECKING:
    from audit.usage.periods import Period

_REPORTS: dict[str, tuple[Period, tuple[str, ...]]] = {
    "in all": ("all", ()),
    "by month and team": ("month", ("team",)),
    "by day, team and model": ("day", ("team", "model")),
    "by month and tag": ("month", ("tag",)),
    "by month and user": ("month", ("user",)),
    "by request": ("all", ("request",)),
}


@dataclass(frozen=True, slots=True)
class Took:
    """What a report took.

    Attributes:
        name: which.
        seconds: until its last line was read.
        lines: how many there were.
        requests: how many were summed.
        mib: the process's greatest memory, this program itself included.
    """

    name: str
    seconds: float
    lines: int
    requests: int
    mib: float


def take(folder: Path, name: str) -> Took:
    """Make one report."""
    period, by = _REPORTS[name]
    began = perf_counter()
    with report(
        folder, Wanted(tuple(DIMENSIONS[each] for each in by), period, zone("Europe/Berlin"))
    ) as found:
        lines, requests = sum(1 for _ in found.lines()), found.total.requests
    seconds = perf_counter() - began
    return Took(name, seconds, lines, requests, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def measure(folder: Path, names: list[str] | None = None) -> list[Took]:
    """Make each report in a process of its own."""
    context = multiprocessing.get_context("spawn")
    found = []
    for name in names or list(_REPORTS):
        with context.Pool(1) as pool:
            found.append(pool.apply(take, (folder, name)))
    return found


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.usage", description=__doc__)
    parser.add_argument("--records", type=int, default=2_130_000, help="eight of fifteen are decisions")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="on a disk; the log is put there")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="regent-bench-", dir=chosen.folder) as name:
        folder = Path(name, "audit")
        write_log(folder, chosen.records)
        with Index(folder) as index:
            index.catch_up()
        _print("indexed", measure(folder))
        # What a gateway has that never merged: everything is read.
        as_segments(folder)
        _print("without an index", measure(folder, ["by day, team and model"]))


def as_segments(folder: Path) -> None:
    """Turn the merged log into one writer's segments, of which nothing is merged."""
    from audit import frames  # noqa: PLC0415 - of the log's own, needed here alone
    from audit.index import merged, schema  # noqa: PLC0415

    goal = merged.checkpoint(folder)
    assert goal is not None
    segments = folder / "writers" / "w0" / "seg"
    segments.mkdir(parents=True)
    with (segments / f"{0:012d}.log").open("wb") as file:
        for body in merged.entries(folder, 0, goal.size):
            file.write(frames.pack(body))
    schema.remove(folder)
    (folder / "checkpoint").unlink()
    shutil.rmtree(folder / "tile")


def _print(title: str, found: list[Took]) -> None:
    table = Table("report", "seconds", "lines", "requests", "MiB", title=title)
    for each in found:
        table.add_row(
            each.name, f"{each.seconds:.1f}", f"{each.lines:,}", f"{each.requests:,}", f"{each.mib:.0f}"
        )
    Console().print(table)


if __name__ == "__main__":
    main()
