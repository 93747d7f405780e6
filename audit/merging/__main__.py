"""`python -m audit.merging FOLDER ORIGIN`: merges a log until it is told to stop.

The gateway starts it beside its workers; it knows no settings, so that it starts fast and can run anywhere.
"""

import argparse
import signal
import sys
from functools import partial
from pathlib import Path
from threading import Thread

from audit.keys import LogKeys
from audit.merging.indexing import Indexing
from audit.merging.loop import INTERVAL_S, Loop, Pace, Publishing, Report
from audit.merging.notary import LogNotary
from audit.ports import Ports
from audit.rotation import retired
from audit.tlog.trust import TrustPolicy

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main(arguments: list[str]) -> None:
    """Merge the log in the folder named first, of the origin named second."""
    said = argparse.ArgumentParser(prog="audit.merging", description="Merge an audit log.")
    said.add_argument("folder", type=Path)
    said.add_argument("origin")
    said.add_argument("--interval-s", type=float, default=INTERVAL_S, help="seconds between checkpoints")
    said.add_argument("--trust", type=Path, help="a tlog-policy whose witnesses cosign each checkpoint")
    said.add_argument("--beside", action="store_true", help="end with the standard input, not by a signal")
    chosen = said.parse_args(arguments)
    ports = Ports()
    report = partial(print, "regent: audit log:", file=sys.stderr, flush=True)
    loop = Loop(
        chosen.folder,
        lambda: LogNotary(LogKeys.settle(chosen.folder, chosen.origin), ports, retired(chosen.folder)),
        after=Indexing(chosen.folder, report),
        publishing=_publishing(chosen.folder, chosen.trust, report) if chosen.trust else None,
        report=report,
        pace=Pace(interval_s=chosen.interval_s),
        ports=ports,
    )
    if chosen.beside:
        _follow_input(loop)
    else:
        for each in _SIGNALS:
            signal.signal(each, lambda *_: loop.stop())
    loop.run()


def _publishing(folder: Path, trust: Path, report: Report) -> Publishing:
    # Only a log with witnesses pays for an HTTP client.
    from audit.merging.cosigning import Cosigning  # noqa: PLC0415

    policy = TrustPolicy.parse(trust.read_bytes())
    return lambda head: Cosigning(folder, policy, head, report)


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
