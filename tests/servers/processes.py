"""Real servers as child processes: started in a folder of their own, awaited, and never left behind."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tests.servers.forks import Forked

READY_S = 30.0
STOP_S = 5.0
PR_SET_PDEATHSIG = 1  # prctl(2)


def executable(name: str, folders: Iterable[Path], make: str) -> Path:
    """Find a server's program in `folders` or on PATH.

    Raises:
        RuntimeError: it is nowhere; the message names the make target that brings it.
    """
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    if found := shutil.which(name):
        return Path(found)
    raise RuntimeError(f"{name} is not on this machine: run `make {make}` first")


def free_port() -> int:
    """A TCP port of the loopback on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment() -> dict[str, str]:
    """What servers find in theirs: nothing that steers a test run."""
    return {"PATH": os.environ["PATH"], "LC_ALL": "C"}


class Server:
    """One server process, which can be stopped, killed, paused and started again on the same address.

    Args:
        command: the program and its arguments.
        folder: its working folder, where its output goes to `server.log`.
        is_ready: whether it answers; an `OSError` means no.
        stop_signal: what makes it end in good order.
        user: the account to run as; our own if None.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        folder: Path,
        is_ready: Callable[[], bool],
        *,
        stop_signal: signal.Signals = signal.SIGTERM,
        user: str | None = None,
    ) -> None:
        self.folder = folder
        self._command = [str(part) for part in command]
        self._is_ready = is_ready
        self._stop_signal = stop_signal
        self._user = user
        self._process: subprocess.Popen[bytes] | Forked | None = None

    @property
    def pid(self) -> int:
        """The process's id; the server must be running."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start the process and wait until it answers; from the main thread only.

        The kernel takes the end of the thread that started a child for the death of its parent.

        Raises:
            RuntimeError: it ended, or didn't answer in time; the message has the end of its output.
        """
        self._process = self._started()
        self._await_readiness()

    def stop(self) -> None:
        """End the process in good order, or by force if it takes too long; nothing if it has ended."""
        self._end(self._stop_signal)

    def kill(self) -> None:
        """End the process at once, as a crash would."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Freeze the process and wait until its last thread stands still; its sockets stay open."""
        os.killpg(self.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, self.pid, os.WSTOPPED)

    def resume(self) -> None:
        """Let a paused process go on."""
        os.killpg(self.pid, signal.SIGCONT)

    def _started(self) -> subprocess.Popen[bytes] | Forked:
        assert threading.current_thread() is threading.main_thread()
        with (self.folder / "server.log").open("ab") as log:
            return subprocess.Popen(
                self._command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment(),
                start_new_session=True,
                user=self._user,
                group=None if self._user is None else _group(self._user),
                extra_groups=None if self._user is None else [],
                preexec_fn=die_with_parent(),  # noqa: PLW1509 - the suite starts servers from its main thread only
            )

    def _await_readiness(self) -> None:
        assert self._process is not None
        end = time.monotonic() + READY_S
        while time.monotonic() < end:
            if self._process.poll() is not None:
                break
            with contextlib.suppress(OSError):
                if self._is_ready():
                    return
            time.sleep(0.02)
        self.kill()
        output = (self.folder / "server.log").read_text(errors="replace")[-2000:]
        raise RuntimeError(f"{self._command[0]} did not become ready; its output ends with:\n{output}")

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        family = _family(process.pid)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGCONT)
            os.killpg(process.pid, how)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_S)
        _, alive = psutil.wait_procs(family, timeout=STOP_S)
        for member in alive:
            member.kill()
        if process.poll() is None:
            process.kill()
            process.wait()


def _family(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _group(user: str) -> int:
    import pwd  # noqa: PLC0415 - there is no such module outside POSIX

    return pwd.getpwnam(user).pw_gid


def die_with_parent() -> Callable[[], None] | None:
    """What a child runs first, so that a test run that is killed takes its servers with it (Linux only)."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
