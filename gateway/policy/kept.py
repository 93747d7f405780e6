"""The last good bundle of a server, on disk: what a gateway starts from when the server can't be reached.

Only the gateway's own account can write there; what is read is checked like any other bundle nevertheless.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bundles.errors import BundleError
from gateway.policy.path import read_packed

if TYPE_CHECKING:
    from gateway.policy.offer import Read


class Kept:
    """One archive in a folder that is closed to others.

    Args:
        path: the archive.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def exists(self) -> bool:
        """Whether there is one."""
        return self.path.is_file()

    def read(self) -> Read:
        """What was kept, not checked.

        Raises:
            BundleError: it can't be read.
        """
        return read_packed(self.path)

    def write(self, archive: bytes) -> None:
        """Keep `archive` in place of what was kept: whole or not at all, also if the power goes.

        Raises:
            BundleError: `bundle.unreadable`, the disk doesn't take it.
        """
        folder = self.path.parent
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, beside = tempfile.mkstemp(dir=folder, prefix=".last-good-")  # mode 0600
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(archive)
                    file.flush()
                    os.fsync(descriptor)
                Path(beside).replace(self.path)
            except OSError:
                Path(beside).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise BundleError("bundle.unreadable", f"{self.path}: {error.strerror}") from None
