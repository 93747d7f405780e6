"""`make bench-rego`: what a decision costs in `rego/`, beside `opa bench` and beside an OPA server."""

from __future__ import annotations

import argparse
import signal
import sys
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from bench.processes import BenchFailed
from bench.rego import cases, loading, memory, profile, report, rounds, sweeps, targets
from bench.rego import opa as real

_WIDTH = 150
_MEMORY_EVALUATIONS = 1_000_000


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and return the exit code: 1 if anything failed. A missed aim is no failure."""
    chosen = _parser().parse_args(arguments)
    # What was started must also be ended when somebody ends us.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    console = Console(width=_WIDTH)
    try:
        if chosen.profile:
            profile.show(chosen.only or "shipped", chosen.seconds * 10, console)
        elif chosen.memory:
            _memory(chosen, console)
        else:
            _measure(chosen, console)
    except BenchFailed as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 0


def _measure(chosen: argparse.Namespace, console: Console) -> None:
    opa, found = real.find(), report.Found()
    if chosen.compare and not real.wasm_runtime(opa):
        console.print("This opa evaluates Rego sources only: no command of OPA's evaluates a plan.")
    with ExitStack() as stack:
        for subject in cases.chosen(opa, chosen.only, stack):
            found.rows += rounds.rows(subject, opa if chosen.compare else None, chosen.rounds, chosen.seconds)
            found.loading[subject.name] = loading.loading(subject, chosen.rounds)
    console.print(report.rows_table(found.rows))
    console.print(report.loading_table(found.loading))
    if chosen.sweeps:
        for sweep in sweeps.sweeps(opa, compare=chosen.compare, rounds=chosen.rounds, seconds=chosen.seconds):
            found.sweeps.append(sweep)
            console.print(report.sweep_table(sweep))
    found.targets += targets.of_rows(found.rows)
    found.targets += targets.of_sweeps(found.sweeps)
    if "shipped" in found.loading:
        found.targets.append(targets.of_loading(found.loading["shipped"]))
    _conclude(found, chosen, console)


def _memory(chosen: argparse.Namespace, console: Console) -> None:
    found = report.Found(memory=list(memory.marks(cases.shipped().policy, _MEMORY_EVALUATIONS)))
    console.print(report.memory_table(found.memory))
    found.targets.append(targets.of_memory(found.memory))
    _conclude(found, chosen, console)


def _conclude(found: report.Found, chosen: argparse.Namespace, console: Console) -> None:
    console.print(report.targets_table(found.targets))
    if chosen.json:
        chosen.json.write_bytes(found.document(chosen.rounds, chosen.seconds))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.rego", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="visits to each way for each question")
    parser.add_argument("--seconds", type=float, default=0.4, help="how long one visit lasts")
    parser.add_argument("--only", default="", help="only policies whose name has this in it: shipped, rules")
    parser.add_argument(
        "--without-opa", dest="compare", action="store_false", help="measure `rego/` alone: much faster"
    )
    parser.add_argument(
        "--without-sweeps", dest="sweeps", action="store_false", help="leave out the tables of growth"
    )
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    parser.add_argument(
        "--memory", action="store_true", help="show instead the resident memory over a million evaluations"
    )
    parser.add_argument(
        "--profile", action="store_true", help="show instead what the time of an evaluation is spent on"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
