"""`python -m audit.merging FOLDER ORIGIN`: merges a log until it is told to stop.

The gateway starts it beside its workers; it knows no settings, so that it starts fast and can run anywhere.
With `--postgres SCHEMA` the log is in a database, whose DSN is the first line of the standard input, because
everybody can read a command line; the folder then has the keys, and gets a copy of the merged log.
With `--copies` it is copied to object storage, too; credentials are found as boto3 finds them, or in the file
that the place names.
"""

import argparse
import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple

from audit.errors import AuditError
from audit.keys import LogKeys
from audit.merging.folder import Folder
from audit.merging.history import History
from audit.merging.indexing import Indexing
from audit.merging.loop import INTERVAL_S, After, Loop, Pace, Place, Publishing, Report
from audit.merging.notary import LogNotary
from audit.ports import Ports
from audit.rotation import retired
from audit.tlog.trust import TrustPolicy

if TYPE_CHECKING:
    from audit.merging.cosigning import Publisher

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main(arguments: list[str]) -> None:
    """Merge the log in the folder named first, of the origin named second."""
    said = argparse.ArgumentParser(prog="audit.merging", description="Merge an audit log.")
    said.add_argument("folder", type=Path)
    said.add_argument("origin")
    said.add_argument("--interval-s", type=float, default=INTERVAL_S, help="seconds between checkpoints")
    said.add_argument("--trust", type=Path, help="a tlog-policy whose witnesses cosign each checkpoint")
    said.add_argument("--beside", action="store_true", help="end with the standard input, not by a signal")
    said.add_argument("--postgres", metavar="SCHEMA", help="the log is there; the input begins with its DSN")
    said.add_argument("--copies", metavar="PLACE", help="where copies go, as `Target.as_text` says it")
    said.add_argument("--copies-interval-s", type=float, default=60.0, help="seconds between copies")
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
    after: After
    publisher: "Callable[[], Publisher]"
    meanwhile: After | None = None


class _Following:
    """The copy of a database's log in the folder."""

    def __init__(self, follow: Callable[[], None], part: Callable[[], None]) -> None:
        self._follow, self._part = follow, part

    def __call__(self) -> None:
        self._follow()

    def close(self) -> None:
        self._part()


class _InTurn:
    """One thing after the other; the last one ends first."""

    def __init__(self, *parts: After) -> None:
        self._parts = parts

    def __call__(self) -> None:
        for part in self._parts:
            part()

    def close(self) -> None:
        for part in reversed(self._parts):
            part.close()


def _where(chosen: argparse.Namespace, report: Report, opened: ExitStack) -> _Where:
    folder, origin = chosen.folder, chosen.origin
    if chosen.postgres is None:
        pace = Pace(interval_s=chosen.interval_s)
        after = _InTurn(History(folder, report), Indexing(folder, report), *_copies(chosen, report))
        return _Where(
            Folder(folder), partial(LogKeys.settle, folder, origin), pace, after, partial(_in_folder, folder)
        )
    from audit.postgres import database, mirror, publishing, target  # noqa: PLC0415 - needs a package of its own

    meant = target.Target(sys.stdin.buffer.readline().decode().strip(), chosen.postgres)
    place = database.Database(meant)
    copy = mirror.Mirror(meant, folder)
    opened.callback(copy.close)
    keys = partial(place.keys, folder, origin)
    following = _Following(partial(copy.follow, report), copy.part)
    # Each replica has a copy that it can be asked for, whoever merges; only that one copies it further.
    meanwhile = _InTurn(following, History(folder, report), Indexing(folder, report))
    after = _InTurn(meanwhile, *_copies(chosen, report))
    publisher = partial(publishing.TablePublisher, meant)
    return _Where(place, keys, database.pace(chosen.interval_s), after, publisher, meanwhile)


def _copies(chosen: argparse.Namespace, report: Report) -> list[After]:
    if chosen.copies is None:
        return []
    # Only a log with copies pays for what makes them.
    from audit.merging.copies import Copies  # noqa: PLC0415
    from audit.objects.target import Target  # noqa: PLC0415

    return [Copies(chosen.folder, Target.parse(chosen.copies), report, chosen.copies_interval_s)]


def _run(chosen: argparse.Namespace, where: _Where, report: Report) -> None:
    ports = Ports()
    loop = Loop(
        where.place,
        lambda: LogNotary(where.keys(), ports, retired(chosen.folder)),
        after=where.after,
        publishing=_publishing(where.publisher, chosen.trust, report) if chosen.trust else None,
        report=report,
        pace=where.pace,
        ports=ports,
        meanwhile=where.meanwhile,
    )
    if chosen.beside:
        _follow_input(loop)
    else:
        for each in _SIGNALS:
            signal.signal(each, lambda *_: loop.stop())
    loop.run()


def _in_folder(folder: Path) -> "Publisher":
    from audit.merging.cosigning import FolderPublisher  # noqa: PLC0415 - as below

    return FolderPublisher(folder)


def _publishing(publisher: "Callable[[], Publisher]", trust: Path, report: Report) -> Publishing:
    # Only a log with witnesses pays for an HTTP client.
    from audit.merging.cosigning import Cosigning  # noqa: PLC0415

    policy = TrustPolicy.parse(trust.read_bytes())
    return lambda head: Cosigning(publisher(), policy, head, report)


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
