"""A tar whose bytes depend on nothing but what is in it; written front to back, of members of any size.

No time, no owner, one mode. A member's size is known at its end, so its head is written again then: the file
under it has to be one that can be gone back in.
"""

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import BinaryIO

_BLOCK = 512
_RECORD = 10_240
_MODE = 0o644
_CHUNK = 1 << 20


class Member:
    """One file of the tar while it is written.

    Args:
        out: where its bytes go.
    """

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._digest = sha256()
        self.size = 0

    def write(self, data: bytes) -> None:
        """Add bytes."""
        self._out.write(data)
        self._digest.update(data)
        self.size += len(data)

    @property
    def digest(self) -> str:
        """`sha256:` and the hex digest of what was written."""
        return f"sha256:{self._digest.hexdigest()}"


class Tarball:
    """A tar that is written.

    Args:
        out: a file that is open for writing, at its beginning.

    Attributes:
        digests: of each member, by name.
    """

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self.digests: dict[str, str] = {}

    @contextmanager
    def member(self, name: str) -> Iterator[Member]:
        """Write the next member, piece by piece; one at a time."""
        at = self._out.tell()
        self._out.write(bytes(_BLOCK))
        member = Member(self._out)
        yield member
        self._out.write(bytes(-member.size % _BLOCK))
        end = self._out.tell()
        self._out.seek(at)
        self._out.write(_head(name, member.size))
        self._out.seek(end)
        self.digests[name] = member.digest

    def add(self, name: str, data: bytes) -> None:
        """Write a member that is at hand whole."""
        with self.member(name) as member:
            member.write(data)

    def copy(self, name: str, file: BinaryIO) -> None:
        """Write a member that stands in a file, from the file's beginning."""
        file.seek(0)
        with self.member(name) as member:
            while chunk := file.read(_CHUNK):
                member.write(chunk)

    def finish(self) -> None:
        """Write what ends a tar."""
        end = self._out.tell() + 2 * _BLOCK
        self._out.write(bytes(2 * _BLOCK + -end % _RECORD))
        self._out.flush()


def _head(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, _MODE, 0
    head = info.tobuf(tarfile.GNU_FORMAT)
    if len(head) != _BLOCK:
        raise ValueError(f"a name that one block doesn't hold: {name}")
    return head
