"""Child processes of a measurement: each on a core of its own choosing, awaited, counted, never left behind.

Linux only: cores are chosen with sched_setaffinity(2), and CPU time is read from the process's own CPU
clock, which counts nanoseconds where /proc counts ticks of 10 ms.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Self

import orjson
import psutil

from bench.load import Measured

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from bench.load import Job

READY_S = 30.0
STOP_S = 10.0
_CPUCLOCK_SCHED = 2
_SHOWN_OUTPUT = 4000


class BenchFailed(Exception):
    """The measurement can't go on, or isn't worth anything; the message says why."""


def cores() -> tuple[int, int]:
    """The core of the gateways, and the one of everybody else.

    Raises:
        BenchFailed: there are not two.
    """
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2:
        raise BenchFailed("two cores are needed: one for the gateway, one for what measures it")
    return usable[-1], usable[0]


def free_port() -> int:
    """A TCP port of the loopback on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """A server as a child process, with its own children, if need be pinned to one core; a context manager.

    Args:
        command: the program and its arguments.
        core: where all of it runs; None leaves that to the kernel.
        log: where its output goes.
        is_ready: whether it serves; an `OSError` means not yet.

    Raises:
        BenchFailed: it ended or wasn't ready in time; the message has the end of its output.
    """

    def __init__(
        self, command: Sequence[str], core: int | None, log: Path, is_ready: Callable[[], bool]
    ) -> None:
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        if core is not None:
            os.sched_setaffinity(self._process.pid, {core})
        self._await(is_ready)

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def cpu_ns(self) -> int:
        """CPU time so far, user and system, of every thread and every child process that lives."""
        return sum(_cpu_ns(member.pid) for member in self._tree())

    def kernel_us(self) -> float:
        """CPU time so far in the kernel; counted in ticks, so take it over seconds."""
        return sum(member.cpu_times().system for member in self._tree()) * 1e6

    def threads_us(self) -> dict[int, float]:
        """CPU time so far of each thread of the process itself, by its id."""
        tasks = Path(f"/proc/{self.pid}/task").iterdir()
        return {int(task.name): int((task / "schedstat").read_text().split()[0]) / 1000 for task in tasks}

    def rss_bytes(self) -> int:
        """Resident memory of the process and its children."""
        return sum(member.memory_info().rss for member in self._tree())

    def stop(self) -> None:
        """End it in good order, or by force if that takes too long."""
        family = self._tree() if self._process.poll() is None else []
        self._process.terminate()
        _, alive = psutil.wait_procs(family, timeout=STOP_S)
        for member in alive:
            member.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _tree(self) -> list[psutil.Process]:
        process = psutil.Process(self.pid)
        return [process, *process.children(recursive=True)]

    def _await(self, is_ready: Callable[[], bool]) -> None:
        end = time.monotonic() + READY_S
        while self._process.poll() is None and time.monotonic() < end:
            with contextlib.suppress(OSError):
                if is_ready():
                    return
            time.sleep(0.02)
        self.stop()
        output = self._log.read_text(errors="replace")[-_SHOWN_OUTPUT:]
        raise BenchFailed(f"{self._log.stem} did not become ready; its output ends with:\n{output}")


class Neighbours:
    """Watches how much of the gateways' core other work takes, because that spoils every figure.

    Args:
        core: the core.
        servers: whose work isn't other work.
    """

    def __init__(self, core: int, servers: Sequence[Server]) -> None:
        self._core = core
        self._servers = servers
        self._before = self._now_s()

    def share(self) -> float:
        """The share of the core that others have had since the watch began."""
        total_s, busy_s, own_s = (now - then for now, then in zip(self._now_s(), self._before, strict=True))
        return max(0.0, (busy_s - own_s) / total_s)

    def _now_s(self) -> tuple[float, float, float]:
        times = psutil.cpu_times(percpu=True)[self._core]
        own_s = sum(server.cpu_ns() for server in self._servers) / 1e9
        total_s = sum(times) - times.guest - times.guest_nice  # both are in `user` already
        return total_s, total_s - times.idle - times.iowait, own_s


class LoadGenerator:
    """The load generator's process; a context manager."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.load"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def run(self, job: Job) -> Measured:
        """Do one job.

        Raises:
            BenchFailed: an answer was wrong or missing.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(orjson.dumps(asdict(job)) + b"\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        answer = orjson.loads(line or b"{}")
        if "measured" not in answer:
            raise BenchFailed(f"{job}: {answer.get('error', 'the load generator ended')}")
        return Measured(**answer["measured"])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.communicate()


def _cpu_ns(pid: int) -> int:
    """Read the CPU clock of another process; its id is made as clock_getcpuclockid(3) makes it."""
    return time.clock_gettime_ns(~pid << 3 | _CPUCLOCK_SCHED)
