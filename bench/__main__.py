"""`make bench`: what Regent costs, beside a bare pass-through and beside no gateway at all."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from rich.console import Console

from bench import profile, report, rounds, targets
from bench.processes import BenchFailed

_WIDTH = 150


def main(arguments: list[str] | None = None) -> int:
    """Measure or profile, print, and return the exit code: 1 if any request went wrong."""
    chosen = _parser().parse_args(arguments)
    # What was started must also be ended when somebody ends us.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    console = Console(width=_WIDTH)
    try:
        with targets.running(chosen.folder) as everything:
            if chosen.profile:
                profile.show(everything, chosen.seconds * chosen.rounds, console)
            else:
                _measure(everything, chosen, console)
    except BenchFailed as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 0


def _measure(everything: targets.Range, chosen: argparse.Namespace, console: Console) -> None:
    found = list(rounds.rows(everything, rounds.SHAPES, chosen.rounds, chosen.seconds))
    others = everything.neighbours.share()
    console.print(report.table(found))
    console.print(f"Other work took {others:.0%} of the gateways' core: {report.verdict(others)}")
    if chosen.json:
        chosen.json.write_bytes(
            report.document(found, others=others, rounds=chosen.rounds, seconds=chosen.seconds)
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="how long one visit to one target lasts")
    parser.add_argument("--rounds", type=int, default=3, help="visits to each target under each load")
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    parser.add_argument(
        "--folder", type=Path, default=targets.FOLDER, help="on a disk; the audit log is put there"
    )
    parser.add_argument(
        "--profile", action="store_true", help="show instead what Regent's CPU time is spent on at full load"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
