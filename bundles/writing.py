"""Puts a bundle's files on disk, as a folder or an archive, whole or not at all; knows no file's meaning."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bundles import manifest as manifests
from bundles.archive import pack
from bundles.errors import BundleError
from bundles.files import read_files

if TYPE_CHECKING:
    from collections.abc import Mapping

_ARCHIVES = (".tar.gz", ".tgz")


def write(files: Mapping[str, bytes], target: Path) -> None:
    """Put a bundle in place of the one at a path: an archive if it ends with .tar.gz, else a folder.

    It is written beside and swapped in, so that a failure leaves the old bundle whole.

    Raises:
        BundleError: `bundle.unreadable`, when what is there is no bundle, or nothing can be written there.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.name.endswith(_ARCHIVES) and not target.is_dir():
            _write_archive(pack(files), target)
        else:
            _write_folder(files, target)
    except OSError as error:
        raise BundleError("bundle.unreadable", f"{target}: {error.strerror}") from None


def _write_folder(files: Mapping[str, bytes], folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()) and not (folder / manifests.NAME).is_file():
        raise BundleError("bundle.unreadable", f"{folder} holds no bundle; nothing in it is overwritten")
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".bundle-") as scratch:
        fresh = Path(scratch, "new")
        for name, content in files.items():
            target = fresh / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        if folder.exists():
            folder.rename(Path(scratch, "old"))
        shutil.move(fresh, folder)


def _write_archive(content: bytes, target: Path) -> None:
    if target.exists() and manifests.NAME not in _present(target):
        raise BundleError("bundle.unreadable", f"{target} is no bundle; it is not overwritten")
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o644
    descriptor, beside = tempfile.mkstemp(dir=target.parent, prefix=".bundle-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
            os.fchmod(descriptor, mode)
        Path(beside).replace(target)
    except OSError:
        Path(beside).unlink(missing_ok=True)
        raise


def _present(archive: Path) -> Mapping[str, bytes]:
    try:
        return read_files(archive)
    except BundleError:
        return {}
