"""Who may do what at the same time: the kernel's locks on the vault, freed with the process that holds them.

One lock for those who erase, hold or prune, one at a time; and a gate for each writer, closed while a
group goes to the disk. Whoever has written a tombstone waits at each gate once: groups of before are then
in the files, where a search finds them, and those of after know of the tombstone.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from audit.errors import LogUnavailable

_WAIT_S = 30.0
_PAUSE_S = 0.001


class Gate:
    """A writer's gate; enter it around each group.

    Args:
        folder: `<log>/vault/nonces/<slot>`, which is the lock.

    Raises:
        OSError: when the folder can't be opened.
    """

    __slots__ = ("_fd",)

    def __init__(self, folder: Path) -> None:
        self._fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)

    def __enter__(self) -> None:
        fcntl.flock(self._fd, fcntl.LOCK_SH)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        fcntl.flock(self._fd, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give the gate up; harmless when repeated."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1


def pass_all(vault: Path, wait_s: float = _WAIT_S) -> None:
    """Return when every group that was on its way to the disk has arrived or failed.

    Raises:
        LogUnavailable: `vault.busy` when a writer's group takes longer than `wait_s` seconds.
        OSError: when a gate can't be opened.
    """
    end = time.monotonic() + wait_s
    for folder in sorted(vault.glob("nonces/*/")):
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            while not _taken(fd):
                if time.monotonic() > end:
                    raise LogUnavailable("vault.busy", f"the writer {folder.name} doesn't finish its group")
                time.sleep(_PAUSE_S)
        finally:
            os.close(fd)


@contextmanager
def administration(vault: Path) -> Iterator[None]:
    """Be the only one who erases, holds or prunes.

    Raises:
        LogUnavailable: `vault.busy` when somebody else is at it, `vault.unavailable` when there is no vault.
    """
    try:
        fd = os.open(vault / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise LogUnavailable("vault.unavailable", f"cannot open the vault: {error}") from error
    try:
        if not _taken(fd):
            raise LogUnavailable("vault.busy", "another command erases, holds or prunes")
        yield
    finally:
        os.close(fd)


def _taken(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
