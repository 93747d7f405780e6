"""Regent's processes for tests, forked from one that has read the modules: that takes a second of CPU.

What they do from there on is what a fresh interpreter does. That one can, too, others prove: the README's
tour, the tutorial and the auditor's handbook, whose shells start one for each command; and the gateways with
several workers, each of which is one.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from typing import IO, TYPE_CHECKING, Final

import pytest

from tests.servers.processes import PR_SET_PDEATHSIG, die_with_parent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_PARENT: Final = f"""
import ctypes, gc, json, os, signal, socket, sys
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
orders = socket.socket(fileno=0)
while True:
    order, given, _, _ = socket.recv_fds(orders, 1 << 20, 3)
    if not order:
        break
    while not order.endswith(b"\\n"):
        order += orders.recv(1 << 20)
    arguments, folder, environment = json.loads(order)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
        os.setsid()
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl({PR_SET_PDEATHSIG}, signal.SIGKILL)
        orders.detach()
        for descriptor, opened in enumerate(given):
            os.dup2(opened, descriptor)
            os.close(opened)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv = arguments
        sys.exit(cli.main())
    os.write(1, b"began %d 0\\n" % child)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])  # it has begun before it ends
    for each in given:
        os.close(each)
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
            raise subprocess.TimeoutExpired(["regent"], timeout or 0)
        return code

    def kill(self) -> None:
        """Kill it and its group, at once."""
        if self.poll() is None:
            os.killpg(self.pid, signal.SIGKILL)


class Forks:
    """Forks `regent` from a process that has imported all of it."""

    def __init__(self) -> None:
        self._ordering = threading.Lock()
        self._news = threading.Condition()
        self._began: list[int] = []
        self._codes: dict[int, int] = {}
        self._is_over = False
        self._parent: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Start the parent, unless it runs; from the main thread only, as any server."""
        if self._parent is not None:
            return
        assert threading.current_thread() is threading.main_thread()
        self._orders, theirs = socket.socketpair()
        with theirs:
            self._parent = subprocess.Popen(
                [sys.executable, "-P", "-c", _PARENT],
                stdin=theirs.fileno(),
                stdout=subprocess.PIPE,
                start_new_session=True,
                preexec_fn=die_with_parent(),  # noqa: PLW1509 - see above
            )
        assert self._parent.stdout is not None
        self._hearing = threading.Thread(target=self._hear, args=(self._parent.stdout,), daemon=True)
        self._hearing.start()

    def start(
        self,
        arguments: Sequence[str],
        folder: Path | str,
        environment: Mapping[str, str],
        descriptors: Sequence[int],
    ) -> Forked:
        """Start one.

        Args:
            arguments: what it is called with, its own name first.
            folder: its working folder.
            environment: all of it.
            descriptors: what becomes its input, its output and where its errors go.
        """
        self.begin()
        order = json.dumps([[*arguments], str(folder), dict(environment)]).encode() + b"\n"
        with self._ordering:
            sent = socket.send_fds(self._orders, [order], [*descriptors])
            self._orders.sendall(order[sent:])
            with self._news:
                self._news.wait_for(lambda: self._began or self._is_over)
                return Forked(self._began.pop(), self)

    def code(self, pid: int, timeout: float | None) -> int | None:
        """How a process ended; None if it still runs after so many seconds."""
        with self._news:
            self._news.wait_for(lambda: pid in self._codes or self._is_over, timeout)
            assert not self._is_over, "the process that forks has ended"
            return self._codes.get(pid)

    def close(self) -> None:
        """Let the parent go, and with it, on Linux, whoever still runs."""
        if self._parent is not None:
            self._orders.close()
            self._parent.wait()
            self._hearing.join()
            self._parent = None

    def _hear(self, parent: IO[bytes]) -> None:
        with parent:
            for line in parent:
                word, pid, code = line.split()
                with self._news:
                    if word == b"began":
                        self._codes.pop(int(pid), None)  # of another one, which had the number long ago
                        self._began.append(int(pid))
                    else:
                        self._codes[int(pid)] = int(code)
                    self._news.notify_all()
        with self._news:
            self._is_over = True
            self._news.notify_all()


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """Where Regent's processes are forked."""
    made = Forks()
    yield made
    made.close()
