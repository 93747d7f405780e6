"""A writer's place in the folder: the first of `w0`, `w1`, ... that no living process holds.

The lock is the kernel's (flock), so a killed process gives its slot back at once, and the next one
continues the same writer's log.
"""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

from audit.errors import LogUnavailable

MAX_SLOTS = 1024


@dataclass(frozen=True, slots=True)
class Slot:
    """A held slot.

    Attributes:
        name: `w<n>`; also the writer's id in every record.
        folder: `<log>/writers/<name>`.
    """

    name: str
    folder: Path
    _fd: int

    def release(self) -> None:
        """Give the slot back."""
        os.close(self._fd)


def take(writers: Path) -> Slot:
    """Lock and return the first free slot.

    Raises:
        LogUnavailable: `log.cannot_open` when more than 1,024 writers live in one folder.
        OSError: when the folder cannot be written.
    """
    for number in range(MAX_SLOTS):
        folder = writers / f"w{number}"
        folder.mkdir(mode=0o700, exist_ok=True)
        fd = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
        except BaseException:
            os.close(fd)
            raise
        else:
            return Slot(folder.name, folder, fd)
    raise LogUnavailable("log.cannot_open", f"{MAX_SLOTS} writers already live in {writers}")
