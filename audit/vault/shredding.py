"""Removes files whose blocks must not go on holding what stood there."""

import os
from pathlib import Path

from audit.ports import Ports

_CHUNK_BYTES = 1 << 20


def shred(path: Path, ports: Ports) -> None:
    """Overwrite a file, durably, and remove it; harmless when it is gone.

    Raises:
        OSError: when the disk refuses.
    """
    try:
        fd = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return
    try:
        size = os.fstat(fd).st_size
        for at in range(0, size, _CHUNK_BYTES):
            ports.write_all(fd, bytes(min(_CHUNK_BYTES, size - at)), at)
        ports.fdatasync(fd)
    finally:
        os.close(fd)
    path.unlink(missing_ok=True)
