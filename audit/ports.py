"""What the log asks of the machine: two clocks and two calls to the disk. Tests pass their own."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass


def _wall_us() -> int:
    return time.time_ns() // 1_000


def _mono_us() -> int:
    return time.monotonic_ns() // 1_000


@dataclass(frozen=True, slots=True)
class Ports:
    """Clocks in integer microseconds and the system calls whose failure the log must survive.

    Attributes:
        wall_us: wall clock, UTC; may step.
        mono_us: monotonic clock; comparable within one process lifetime only.
        pwrite: as `os.pwrite`; may write less than asked.
        fdatasync: as `os.fdatasync`; returns when the data is durable.
    """

    wall_us: Callable[[], int] = _wall_us
    mono_us: Callable[[], int] = _mono_us
    pwrite: Callable[[int, bytes | memoryview, int], int] = os.pwrite
    fdatasync: Callable[[int], None] = os.fdatasync

    def write_all(self, fd: int, data: bytes, offset: int) -> None:
        """Write all of `data` at `offset`.

        Raises:
            OSError: when the disk takes no more, also after a part was written.
        """
        done = self.pwrite(fd, data, offset)
        while done < len(data):
            more = self.pwrite(fd, memoryview(data)[done:], offset + done)
            if more <= 0:
                raise OSError(28, "the disk takes no more")
            done += more
