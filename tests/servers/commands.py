"""`regent` commands for tests: each in a process of its own, forked from one that has read the modules.

To read them takes a second of CPU, the commands themselves a tenth of it. That a fresh interpreter runs them
as well, the pages of `docs/` say, whose tests type `regent` into a shell, and each gateway that is started.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from select import select
from typing import TYPE_CHECKING, Final

import pytest

from tests.servers.processes import die_with_parent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

TIMEOUT_S: Final = 60
_FORKS: Final = """
import json, os, signal, sys
from gateway import cli, rooms
import gateway.surroundings, reportlab.platypus
for commands, _ in rooms.ROOMS.values():
    commands()
os.write(1, b"\\n")
with open(0, "rb", buffering=0, closefd=False) as orders:
    while order := orders.readline():
        arguments, folder, environment, out, error = json.loads(order)
        child = os.fork()
        if child == 0:
            os.setpgid(0, 0)
            for descriptor, path in enumerate((os.devnull, out, error)):
                opened = os.open(path, os.O_RDWR)
                os.dup2(opened, descriptor)
                os.close(opened)
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(environment)
            sys.argv = ["regent", *arguments]
            cli.main()
        os.write(1, b"%d\\n" % child)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.write(1, b"%d\\n" % code)
"""


class Commands:
    """Runs `regent` commands, one after the other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def run(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run one, as `subprocess.run` does.

        Raises:
            subprocess.TimeoutExpired: it took more than `TIMEOUT_S`.
        """
        with tempfile.NamedTemporaryFile() as out, tempfile.NamedTemporaryFile() as error:
            order = [[*arguments], str(folder), dict(environment), out.name, error.name]
            with self._lock:
                code = self._ordered(json.dumps(order).encode() + b"\n", ["regent", *arguments])
            said = Path(out.name).read_text(encoding="utf-8"), Path(error.name).read_text(encoding="utf-8")
        return subprocess.CompletedProcess(["regent", *arguments], code, *said)

    def close(self) -> None:
        """Let the process go."""
        if self._process is not None:
            self._process.communicate()
            self._process = None

    def _ordered(self, order: bytes, command: Sequence[str]) -> int:
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(order)
        child = int(process.stdout.readline())
        try:
            is_late = not select([process.stdout], [], [], TIMEOUT_S)[0]
            code = 0 if is_late else int(process.stdout.readline())
        except BaseException:  # a test's own time may be over, too
            self._accept(process, child)
            raise
        if is_late:
            self._accept(process, child)
            raise subprocess.TimeoutExpired(command, TIMEOUT_S)
        return code

    def _accept(self, process: subprocess.Popen[bytes], child: int) -> None:
        """End a command, and whoever would still tell of it: the next one has another to run it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        process.kill()
        process.communicate()
        self._process = None

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            process = subprocess.Popen(
                [sys.executable, "-P", "-c", _FORKS],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                preexec_fn=die_with_parent(),  # noqa: PLW1509 - the suite starts it from its main thread only
            )
            assert process.stdout is not None
            process.stdout.readline()
            self._process = process
        return self._process


@pytest.fixture(scope="session")
def commands() -> Iterator[Commands]:
    """Where `regent` commands are run."""
    made = Commands()
    yield made
    made.close()
