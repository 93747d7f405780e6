"""The process beside the workers that merges their audit logs into one; started anew whenever it ends.

A process of its own, because the work would hold the interpreter's lock while calls are served. Without it
records stay durable, each worker's in its own log, and only the checkpoints stand still.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import suppress
from threading import Event, Thread
from typing import TYPE_CHECKING, Self

import structlog

if TYPE_CHECKING:
    from types import TracebackType

    from gateway.settings import Audit

AGAIN_S = 1.0
STOP_S = 10.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Sequencing:
    """Runs `audit.merging` as long as it is entered.

    Args:
        chosen: which log.
    """

    def __init__(self, chosen: Audit) -> None:
        self._command = [
            *(sys.executable, "-P", "-m", "audit.merging"),
            *(str(chosen.folder), chosen.origin),
            *("--interval-s", str(chosen.checkpoint_ms / 1000), "--beside"),
            *(("--trust", str(chosen.witnesses.policy)) if chosen.witnesses.policy else ()),
        ]
        if chosen.copies is not None:  # no secret: a file of credentials is named, not shown
            self._command += ["--copies", chosen.copies.target.as_text()]
            self._command += ["--copies-interval-s", str(chosen.copies.interval_s)]
        self._input = b""
        if chosen.postgres is not None:
            self._command += ["--postgres", chosen.postgres.schema_name]
            # By the pipe: everybody can read a command line, and whoever is started by it an environment.
            self._input = chosen.postgres.target(sequencer=True).dsn.encode() + b"\n"
        self._ending = Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._watch = Thread(target=self._keep, name="sequencing", daemon=True)

    def __enter__(self) -> Self:
        self._watch.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Have it merge what the workers wrote last, and end."""
        self._ending.set()
        self._part()
        self._watch.join(STOP_S)
        if self._watch.is_alive() and self._process is not None:
            self._process.kill()
            self._process.wait()

    def _part(self) -> None:
        """Close the pipe: that is how it learns that nobody needs it any more, also after a kill."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    def _say(self, process: subprocess.Popen[bytes]) -> None:
        """Tell it where the log is; one that has ended already is started anew."""
        with suppress(BrokenPipeError, ValueError):  # or was told to end meanwhile
            if process.stdin is not None:
                process.stdin.write(self._input)

    def _keep(self) -> None:
        # What this thread starts inherits it: a stop of which a terminal or a service manager tells everybody
        # must not end who has the last records to merge, not even before it can ignore signals itself.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        while not self._ending.is_set():
            self._process = subprocess.Popen(self._command, bufsize=0, stdin=subprocess.PIPE)  # noqa: S603 - ours
            self._say(self._process)
            if self._ending.is_set():  # it was to end before there was anybody to tell
                self._part()
            status = self._process.wait()
            self._part()
            if not self._ending.is_set():
                structlog.get_logger("regent").error("audit.sequencer_ended", status=status)
                self._ending.wait(AGAIN_S)
