"""What was erased, told to every running process: `vault/erased`, ids of 16 bytes, one after another.

An id is the pseudonym of an erased subject or the id of an erased decision: random numbers that lead nowhere
any more. The file only grows, so its size says whether there is news. Two kinds of reader: whoever
remembers subjects and keys looks once a second and forgets them all; a writer looks before each group and
keeps nothing in the vault for what is erased, however late its records come.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from audit.ports import Ports

NAME = "erased"
LOOK_EVERY_US = 1_000_000
_ID_BYTES = 16


class Watch:
    """Tells whether something was erased; looks at the disk at most once a second.

    Args:
        vault: the log's vault.
        mono_us: monotonic clock, microseconds.

    Attributes:
        generation: grows with each erasure.
    """

    __slots__ = ("_due_us", "_mono_us", "_path", "generation")

    def __init__(self, vault: Path, mono_us: Callable[[], int]) -> None:
        self._path = str(vault / NAME)
        self._mono_us = mono_us
        self.generation = generation(vault)
        self._due_us = mono_us() + LOOK_EVERY_US

    def news(self) -> bool:
        """Whether something was erased since the last look.

        Raises:
            OSError: when the disk doesn't say.
        """
        now_us = self._mono_us()
        if now_us < self._due_us:
            return False
        self._due_us = now_us + LOOK_EVERY_US
        seen, self.generation = self.generation, _size(self._path)
        return seen != self.generation


class Tombstones:
    """All ids that were erased, for a writer.

    Args:
        vault: the log's vault; the file is made there, so that looking for it is never a failure.

    Raises:
        OSError: when the file can't be made.
    """

    __slots__ = ("_ids", "_path", "_read")

    def __init__(self, vault: Path) -> None:
        (vault / NAME).touch(mode=0o600)
        self._path = str(vault / NAME)
        self._read = 0
        self._ids: set[str] = set()

    def current(self) -> set[str]:
        """Return the ids, in hex, that stand on the disk now.

        Raises:
            OSError: when the disk doesn't say.
        """
        size = _size(self._path)
        if size != self._read:
            data = Path(self._path).read_bytes()
            whole = len(data) - len(data) % _ID_BYTES
            self._ids = {data[at : at + _ID_BYTES].hex() for at in range(0, whole, _ID_BYTES)}
            self._read = size
        return self._ids


def generation(vault: Path) -> int:
    """Return a number that grows with each erasure."""
    return _size(str(vault / NAME))


def bury(vault: Path, ids: Iterable[str], ports: Ports) -> None:
    """Add ids, durably. Only under the vault's lock.

    Raises:
        OSError: when the disk refuses; what was written half is written over by the next one.
    """
    fd = os.open(vault / NAME, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        size = os.fstat(fd).st_size
        ports.write_all(fd, b"".join(map(bytes.fromhex, ids)), size - size % _ID_BYTES)
        ports.fdatasync(fd)
    finally:
        os.close(fd)


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116 - before each group; a third of the time of a Path's
    except FileNotFoundError:
        return 0
