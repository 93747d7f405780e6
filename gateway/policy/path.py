"""Bundles from a folder or an archive on this machine, followed as they are replaced; knows no store."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final

from bundles import manifest
from bundles.errors import BundleError
from bundles.files import read_archive, read_files
from gateway.policy.offer import MAX_ARCHIVE_BYTES, Offer, Read

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.policy.aside import Aside

POLL_S: Final = 0.1
"""Seconds between two looks: one costs some 50 us, so this is a two-thousandth of a core."""
LOOKS: Final = 4
"""A folder is replaced file by file: what doesn't fit together is looked at again, for less than a second."""

Mark = tuple[int, ...]


class Watch:
    """Looks again and again whether a bundle, or a file, is another one than it was.

    Args:
        path: what to look at.
        jobs: where the disk is asked.
    """

    def __init__(self, path: Path, jobs: Aside) -> None:
        self._path = path
        self._jobs = jobs
        self._seen: Mark = ()

    async def look(self) -> bool:
        """Take note of what is there now; whether there is anything."""
        self._seen = await self._jobs.run(partial(mark, self._path))
        return bool(self._seen)

    async def change(self) -> None:
        """Wait until something else is there than was noted; that it is gone is no news."""
        while True:
            found = await self._jobs.run(partial(mark, self._path))
            if found not in ((), self._seen):
                self._seen = found
                return
            await asyncio.sleep(POLL_S)

    def forget(self) -> None:
        """Take what is there for something else the next time."""
        self._seen = ()


class PathSource:
    """A `Source` over one path.

    A folder counts as changed when its manifest does: `regent bundle build` and `stamp` write it last.

    Args:
        path: the folder or the .tar.gz.
        jobs: where the disk is asked.
    """

    required = True

    def __init__(self, path: Path, jobs: Aside) -> None:
        self._path = path
        self._watch = Watch(path, jobs)

    async def first(self) -> Offer:
        """The bundle that is there now."""
        await self._watch.look()
        return self._offer(looks=1)

    async def next(self) -> Offer:
        """Wait until the manifest or the archive is another."""
        await self._watch.change()
        return self._offer(looks=LOOKS)

    async def accepted(self, archive: bytes) -> None:
        """Nothing is kept: the path is the place where it is kept."""

    async def close(self) -> None:
        """Nothing is open."""

    def _offer(self, *, looks: int) -> Offer:
        return Offer(str(self._path), partial(_read, self._path), looks=looks)


def mark(path: Path) -> Mark:
    """What changes whenever a bundle is replaced or rewritten; empty if there is none."""
    try:
        found = path.stat()
        if path.is_dir():
            found = (path / manifest.NAME).stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_size, found.st_ino, found.st_dev


def read_packed(path: Path) -> Read:
    """The files of an archive, and the archive.

    Raises:
        BundleError: `bundle.unreadable`, `bundle.malformed` or `bundle.too_large`.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_ARCHIVE_BYTES + 1)
    except OSError as error:
        raise BundleError("bundle.unreadable", f"{path}: {error.strerror}") from None
    if len(content) > MAX_ARCHIVE_BYTES:
        raise BundleError("bundle.too_large", f"{path} is larger than {MAX_ARCHIVE_BYTES} bytes")
    return Read(read_archive(content), content)


def _read(path: Path) -> Read:
    return Read(read_files(path)) if path.is_dir() else read_packed(path)
