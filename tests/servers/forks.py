"""Regent's processes for tests, forked from one that has read the modules: that takes a second of CPU.

What they do from there on is what a fresh interpreter does. That one can, too, others prove: the pages of
`docs/` that type `regent` into a shell, and the gateways with several workers, each of which is a fresh one.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from select import select
from typing import TYPE_CHECKING, Final

import pytest

from tests.servers.processes import PR_SET_PDEATHSIG, die_with_parent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_PARENT: Final = f"""
import ctypes, gc, json, os, signal, sys
import gateway.app, gateway.http.serving, gateway.sequencing, gateway.surroundings, gateway.welcome
import pydantic.v1, reportlab.platypus, uvicorn.lifespan.on, uvicorn.loops.uvloop, uvloop
from bundles import bundle
from gateway import cli, rooms
for commands, _ in rooms.ROOMS.values():
    commands()

def reap(*_):
    try:
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            os.write(1, b"ended %d %d\\n" % (found[0], os.waitstatus_to_exitcode(found[1])))
    except ChildProcessError:
        pass

gc.collect()
gc.freeze()  # a collection in a child would copy each page that it looks at
signal.signal(signal.SIGCHLD, reap)
with open(0, "rb", buffering=0, closefd=False) as orders:
    while order := orders.readline():
        arguments, folder, environment, out, error = json.loads(order)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
            os.setsid()
            if sys.platform == "linux":
                ctypes.CDLL(None).prctl({PR_SET_PDEATHSIG}, signal.SIGKILL)
            for descriptor, path in enumerate((os.devnull, out, error)):
                opened = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
                os.dup2(opened, descriptor)
                os.close(opened)
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(environment)
            sys.argv = arguments
            sys.exit(cli.main())
        os.write(1, b"began %d 0\\n" % child)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])  # it has begun before it ends
"""


class Forked:
    """A process that was forked; what `subprocess.Popen` has of it.

    Args:
        pid: of the process, and of the group and the session that it leads.
        forks: who forked it.
    """

    def __init__(self, pid: int, forks: Forks) -> None:
        self.pid = pid
        self._forks = forks

    def poll(self) -> int | None:
        """How it ended; None if it runs."""
        return self._forks.code(self.pid, 0)

    def wait(self, timeout: float | None = None) -> int:
        """How it ended, waited for.

        Raises:
            subprocess.TimeoutExpired: it runs still, after so many seconds.
        """
        code = self._forks.code(self.pid, timeout)
        if code is None:
            assert timeout is not None
            raise subprocess.TimeoutExpired(["regent"], timeout)
        return code

    def kill(self) -> None:
        """Kill it and its group, at once."""
        if self.poll() is None:
            os.killpg(self.pid, signal.SIGKILL)


class Forks:
    """Forks `regent` from a process that has imported all of it."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._parent: subprocess.Popen[bytes] | None = None
        self._heard = b""
        self._codes: dict[int, int] = {}
        self._began: list[int] = []

    def start(
        self,
        arguments: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        out: str | Path,
        error: str | Path,
    ) -> Forked:
        """Start one, with nothing to read.

        Args:
            arguments: what it is called with, its own name first.
            folder: its working folder.
            environment: all of it.
            out: the file to which its output is appended.
            error: the same for its errors; may be the same file.
        """
        order = [[*arguments], str(folder), dict(environment), str(out), str(error)]
        with self._lock:
            parent = self._running()
            assert parent.stdin is not None
            parent.stdin.write(json.dumps(order).encode() + b"\n")
            while not self._began:
                self._listen(None)
            return Forked(self._began.pop(), self)

    def code(self, pid: int, timeout: float | None) -> int | None:
        """How a process ended; None if it still runs after so many seconds."""
        end = None if timeout is None else time.monotonic() + timeout
        with self._lock:
            while pid not in self._codes:
                left = None if end is None else max(0, end - time.monotonic())
                if not self._listen(left):
                    return None
            return self._codes[pid]

    def close(self) -> None:
        """Let the parent go, and with it, on Linux, whoever still runs."""
        if self._parent is not None:
            self._parent.communicate()
            self._parent = None

    def _listen(self, timeout: float | None) -> bool:
        """Take in what the parent says; whether it has said anything."""
        assert self._parent is not None
        assert self._parent.stdout is not None
        if not select([self._parent.stdout], [], [], timeout)[0]:
            return False
        said = os.read(self._parent.stdout.fileno(), 1 << 16)
        assert said, "the process that forks has ended"
        *lines, self._heard = (self._heard + said).split(b"\n")
        for line in lines:
            word, pid, code = line.split()
            if word == b"began":
                self._codes.pop(int(pid), None)  # of another process, which had the number long ago
                self._began.append(int(pid))
            else:
                self._codes[int(pid)] = int(code)
        return True

    def _running(self) -> subprocess.Popen[bytes]:
        if self._parent is None:
            self._parent = subprocess.Popen(
                [sys.executable, "-P", "-c", _PARENT],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
                preexec_fn=die_with_parent(),  # noqa: PLW1509 - the suite starts it from its main thread only
            )
        return self._parent


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """Where Regent's processes are forked."""
    made = Forks()
    yield made
    made.close()
