"""Blobs in a folder: atomic, durable, closed to other users, safe for several processes on one machine."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bundles.store.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]*(/[A-Za-z0-9][A-Za-z0-9._@-]*)*", re.ASCII)


class FolderBlobs:
    """**Adapter** of a folder to `Blobs`.

    A blob is a file of its key's path. A version is the content's SHA-256, as an object store's ETag is.
    Writers take turns by a lock on `.lock`; readers need none, because files are replaced by renaming.

    Args:
        folder: made when first written to, with mode 0700; its files have mode 0600.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, key: str) -> tuple[bytes, str] | None:
        """See `Blobs.read`."""
        try:
            content = self._path(key).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _unavailable(self.folder, error) from None
        return content, _version(content)

    def write(self, key: str, content: bytes, expected: str | None) -> str:
        """See `Blobs.write`."""
        path = self._path(key)
        try:
            with self._alone():
                present = self.read(key)
                if (present[1] if present else None) != expected:
                    raise StoreError("store.conflict", f"somebody else has changed {key} in the meantime")
                _make_folder(path.parent, self.folder)
                _replace(path, content)
        except OSError as error:
            raise _unavailable(self.folder, error) from None
        return _version(content)

    def names(self, prefix: str) -> list[str]:
        """See `Blobs.names`."""
        top = self.folder / prefix.rpartition("/")[0]
        try:
            found = [
                path.relative_to(self.folder).as_posix()
                for path in (top.rglob("*") if top.is_dir() else ())
                if not path.name.startswith(".") and path.is_file()
            ]
        except OSError as error:
            raise _unavailable(self.folder, error) from None
        return sorted(name for name in found if name.startswith(prefix))

    def _path(self, key: str) -> Path:
        """A key comes from a command line or a file of the store: neither may lead out of the folder."""
        if not _KEY.fullmatch(key):
            raise StoreError("store.unknown", f"{key!r:.120} is not the name of anything in a store")
        return self.folder / key

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Between looking at a version and replacing the file nobody else may write."""
        _make_folder(self.folder, self.folder)
        lock = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)  # which frees the lock


def _make_folder(folder: Path, top: Path) -> None:
    if folder.is_dir():
        return
    if folder != top:
        _make_folder(folder.parent, top)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _sync(folder.parent)


def _replace(path: Path, content: bytes) -> None:
    """Write beside, sync, rename: after a power cut the old content is there or the new one, whole."""
    beside = path.with_name(f".{path.name}.new")  # the lock makes one name enough, so nothing piles up
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        beside.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        raise
    _sync(path.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _version(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _unavailable(folder: Path, error: OSError) -> StoreError:
    return StoreError("store.unavailable", f"{folder}: {error.strerror}")
