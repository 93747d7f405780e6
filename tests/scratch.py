"""Where tests keep their files: in memory where the machine has room, because a log waits for each `fsync`.

No test can prove by a disk what survives a power cut; those about durability count the calls, and fail them.
`TMPDIR` in the environment chooses another place.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Final

import pytest

_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - what is made there has a name of its own
_ROOM: Final = 4 << 30
"""Bytes that must be free there: a whole run keeps less than half of it, and containers often give 64 MB."""


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Choose the place before anybody makes a file."""
    if "TMPDIR" not in os.environ and _fits(_MEMORY):
        os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)


def _fits(folder: Path) -> bool:
    """Whether files may be made and run there, and there is room for all of them."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return False
    has_room = found.f_bavail * found.f_frsize >= _ROOM
    return has_room and os.access(folder, os.W_OK) and not found.f_flag & os.ST_NOEXEC
