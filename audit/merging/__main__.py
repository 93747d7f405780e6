"""`python -m audit.merging FOLDER ORIGIN`: merges a log until it is told to stop.

The gateway starts it beside its workers; it knows no settings, so that it starts fast and can run anywhere.
With `--postgres SCHEMA` the log is in a database, whose DSN is the first line of the standard input, because
everybody can read a command line; the folder then has the keys, and gets a copy of the merged log.
"""

import argparse
import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from threading import Thread
from typing import NamedTuple

from audit.errors import AuditError
from audit.keys import LogKeys
from audit.merging.folder import Folder
from audit.merging.loop import INTERVAL_S, Loop, Pace, Place, Report
from audit.merging.notary import LogNotary
from audit.ports import Ports

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main(arguments: list[str]) -> None:
    """Merge the log in the folder named first, of the origin named second."""
    said = argparse.ArgumentParser(prog="audit.merging", description="Merge an audit log.")
    said.add_argument("folder", type=Path)
    said.add_argument("origin")
    said.add_argument("--interval-s", type=float, default=INTERVAL_S, help="seconds between checkpoints")
    said.add_argument("--beside", action="store_true", help="end with the standard input, not by a signal")
    said.add_argument("--postgres", metavar="SCHEMA", help="the log is there; the input begins with its DSN")
    chosen = said.parse_args(arguments)
    report: Report = partial(print, "regent: audit log:", file=sys.stderr, flush=True)
    with ExitStack() as opened:
        try:
            where = _where(chosen, report, opened)
        except AuditError as error:
            report(str(error))
            sys.exit(1)
        _run(chosen, where, report)


class _Where(NamedTuple):
    """What the loop needs to know of where the log is."""

    place: Place
    keys: Callable[[], LogKeys]
    pace: Pace
    after: Callable[[], None]


def _where(chosen: argparse.Namespace, report: Report, opened: ExitStack) -> _Where:
    folder, origin = chosen.folder, chosen.origin
    if chosen.postgres is None:
        pace = Pace(interval_s=chosen.interval_s)
        return _Where(Folder(folder), partial(LogKeys.settle, folder, origin), pace, lambda: None)
    from audit.postgres import database, mirror, target  # noqa: PLC0415 - needs a package of its own

    meant = target.Target(sys.stdin.buffer.readline().decode().strip(), chosen.postgres)
    place = database.Database(meant)
    copy = mirror.Mirror(meant, folder)
    opened.callback(copy.close)
    keys = partial(place.keys, folder, origin)
    return _Where(place, keys, database.pace(chosen.interval_s), partial(copy.follow, report))


def _run(chosen: argparse.Namespace, where: _Where, report: Report) -> None:
    ports = Ports()
    loop = Loop(
        where.place,
        lambda: LogNotary(where.keys(), ports),
        after=where.after,
        report=report,
        pace=where.pace,
        ports=ports,
    )
    if chosen.beside:
        _follow_input(loop)
    else:
        for each in _SIGNALS:
            signal.signal(each, lambda *_: loop.stop())
    loop.run()


def _follow_input(loop: Loop) -> None:
    """Stop when whoever started this has closed the pipe, or is gone, however he went.

    A terminal and a service manager signal everybody at once; but the writers come first, and what they write
    at the end is still to be merged.
    """
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)

    def wait() -> None:
        sys.stdin.buffer.read()
        loop.stop()

    Thread(target=wait, name="input", daemon=True).start()


if __name__ == "__main__":
    main(sys.argv[1:])
