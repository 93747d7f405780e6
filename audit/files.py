"""Small files that are whole and durable, or not there: written beside their place and then put there."""

import os
import secrets
from pathlib import Path


def replace(path: Path, data: bytes) -> None:
    """Put `data` in the place of whatever `path` was, atomically and durably.

    Raises:
        OSError: it can't be written; `path` is as before, or already new.
    """
    draft = _draft(path, data)
    try:
        os.replace(draft, path)  # noqa: PTH105 - named as the call that may fail
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def create(path: Path, data: bytes) -> bool:
    """Make `path` with `data`, durably; tell whether it was this call: of several at once exactly one wins.

    Raises:
        OSError: it can't be written.
    """
    draft = _draft(path, data)
    try:
        os.link(draft, path)
        made = True
    except FileExistsError:
        made = False
    finally:
        draft.unlink()
    sync_folder(path.parent)
    return made


def sync_folder(folder: Path) -> None:
    """Make the folder's entries durable.

    Raises:
        OSError: it can't be synced.
    """
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _draft(path: Path, data: bytes) -> Path:
    draft = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    try:
        write(draft, data)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    return draft


def write(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write `data` into the file at `path` and sync it; neither atomic, nor is a new file's name durable.

    Raises:
        OSError: it can't be written; what is there then is unknown.
    """
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(fd, rest) :]
        os.fsync(fd)
    finally:
        os.close(fd)
