"""A bundle's files from a folder or a tar.gz, within limits; knows nothing of what the files mean.

A bundle may come from the network, so each guard here names the attack that it stops.
"""

from __future__ import annotations

import errno
import gzip
import io
import os
import stat
import tarfile
import zlib
from typing import IO, TYPE_CHECKING, cast

from bundles.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

MAX_FILES = 4096
MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_TOTAL_BYTES = 256 * 1024 * 1024


def read_files(path: Path) -> dict[str, bytes]:
    """Read every file below a folder or in a .tar.gz.

    Args:
        path: the folder or the archive. The path itself may be a link, nothing inside may be.

    Returns:
        content by name, names relative with `/` between the parts, in sorted order.

    Raises:
        BundleError: `bundle.unreadable`, `bundle.malformed` or `bundle.too_large`.
    """
    try:
        if path.is_dir():
            return _collected(_from_folder(path))
        with path.open("rb") as packed:
            return _collected(_from_archive(packed))
    except OSError as error:
        raise BundleError("bundle.unreadable", f"{path}: {error.strerror}") from None


def read_small(path: Path, most_bytes: int) -> bytes:
    """Read a file that somebody named, unless it is larger than such a file can be.

    Raises:
        OSError: it can't be read, or is too large (`EFBIG`).
    """
    with path.open("rb") as file:
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise OSError(errno.EFBIG, f"larger than {most_bytes} bytes", str(path))
    return content


def refuse_links(folder: Path) -> None:
    """Refuse links below a folder of sources: `opa` passes over them, and the rule would be gone unnoticed.

    Raises:
        BundleError: `bundle.unreadable`.
    """
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            where = path.relative_to(folder).as_posix()
            raise BundleError(
                "bundle.unreadable", f"{where} is a link, and no bundle has any: put a copy there"
            )


def read_archive(content: bytes) -> dict[str, bytes]:
    """Read every file in the bytes of a .tar.gz, as `read_files` does.

    Raises:
        BundleError: `bundle.malformed` or `bundle.too_large`.
    """
    return _collected(_from_archive(io.BytesIO(content)))


def _collected(entries: Iterable[tuple[str, bytes]]) -> dict[str, bytes]:
    found = _Collected()
    try:
        for name, content in entries:
            found.add(name, content)
    except tarfile.TarError as error:
        raise BundleError("bundle.malformed", f"not a tar archive: {type(error).__name__}") from None
    except (EOFError, zlib.error, gzip.BadGzipFile, ValueError, RecursionError) as error:
        raise BundleError("bundle.malformed", f"not a gzip of a tar: {type(error).__name__}") from None
    return dict(sorted(found.files.items()))


class _Collected:
    """Files gathered so far, held against the limits."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self._total = 0

    def add(self, name: str, content: bytes) -> None:
        """Take one file in."""
        name = _checked_name(name)
        if name in self.files:  # two readers may take different ones of two namesakes
            raise BundleError("bundle.malformed", f"{name} is there twice")
        self._total += len(content)
        if len(self.files) >= MAX_FILES or self._total > MAX_TOTAL_BYTES:
            raise BundleError("bundle.too_large", f"more than {MAX_FILES} files or {MAX_TOTAL_BYTES} bytes")
        self.files[name] = content


def _checked_name(name: str) -> str:
    """The name without OPA's leading slash; path traversal and names that print as others are refused."""
    relative = name.removeprefix("/").removeprefix("./")
    parts = relative.split("/")
    if not relative.isprintable() or "\\" in relative or any(part in {"", ".", ".."} for part in parts):
        raise BundleError("bundle.malformed", f"a file name is not a plain relative path: {name!r}")
    return relative


def _from_folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    for parent, folders, names in os.walk(folder, onerror=_raise):
        for name in folders:
            if os.path.islink(os.path.join(parent, name)):  # noqa: PTH114, PTH118 - os.walk speaks in strings
                raise BundleError("bundle.malformed", f"{name} is a link")
        for name in sorted(names):
            full = os.path.join(parent, name)  # noqa: PTH118 - os.walk speaks in strings
            yield os.path.relpath(full, folder).replace(os.sep, "/"), _plain_file(full, name)


def _plain_file(full: str, name: str) -> bytes:
    """Read one file without following a link out of the folder and without waiting for a named pipe."""
    try:
        descriptor = os.open(full, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        if os.path.islink(full):  # noqa: PTH114 - os.walk speaks in strings
            raise BundleError("bundle.malformed", f"{name} is a link") from None
        raise
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise BundleError("bundle.malformed", f"{name} is not a plain file")
        return _limited(file, name)


def _from_archive(packed: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    with (
        gzip.GzipFile(fileobj=packed) as unpacked,
        tarfile.open(fileobj=cast("IO[bytes]", _Tap(unpacked)), mode="r|") as archive,
    ):
        for member in archive:
            if member.isdir():
                continue
            if not member.isreg() or member.issparse():  # links, devices; holes that unpack to gigabytes
                raise BundleError("bundle.malformed", f"{member.name!r} is not a plain file")
            file = archive.extractfile(member)
            if file is None:
                raise BundleError("bundle.malformed", f"{member.name!r} has no content")
            yield member.name, _limited(file, member.name)


class _Tap:
    """Lets at most the permitted bytes through: a small gzip can unpack to terabytes, in headers too."""

    def __init__(self, source: IO[bytes] | gzip.GzipFile) -> None:
        self._source = source
        self._left = MAX_TOTAL_BYTES

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes."""
        content = self._source.read(min(size, self._left + 1))
        self._left -= len(content)
        if self._left < 0:
            raise BundleError("bundle.too_large", f"unpacks to more than {MAX_TOTAL_BYTES} bytes")
        return content


def _limited(file: IO[bytes], name: str) -> bytes:
    content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise BundleError("bundle.too_large", f"{name} has more than {MAX_FILE_BYTES} bytes")
    return content


def _raise(error: OSError) -> None:
    raise error
