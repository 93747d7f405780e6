"""An erasable file beside each segment of one writer: what belongs to its records and must be able to go.

Written by the log's writer thread only, with the group it belongs to; synced at least once a second, not
with every group. Erased in place by anyone who may write the vault. Knows no format: whoever uses it says
where a file's last whole entry ends.
"""

import os
from collections.abc import Callable
from pathlib import Path

from audit.ports import Ports


class Sidecar:
    """The open file of one writer; moves along with its segments.

    Args:
        folder: `<log>/vault/<kind>/<slot>`.
        ports: the machine.
        whole: tells of an open file how many bytes are whole entries; the rest is cut.
    """

    def __init__(self, folder: Path, ports: Ports, whole: Callable[[int], int]) -> None:
        self._folder = folder
        self._ports = ports
        self._whole = whole
        self._fd = -1
        self._segment = ""
        self._offset = 0
        self.dirty = False

    def append(self, segment: str, entries: bytes) -> None:
        """Write entries beside the segment named `segment`; not yet durable.

        Raises:
            OSError: when the disk refuses.
        """
        if segment != self._segment:
            self._turn_to(segment)
        self._ports.write_all(self._fd, entries, self._offset)
        self._offset += len(entries)
        self.dirty = True

    def sync(self) -> None:
        """Make all entries durable."""
        if self.dirty:
            self._ports.fdatasync(self._fd)
            self.dirty = False

    def close(self) -> None:
        """Close without a sync; `append` opens anew."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd, self._segment, self.dirty = -1, "", False

    def _turn_to(self, segment: str) -> None:
        self.sync()
        self.close()
        self._fd = os.open(self._folder / f"{segment}.bin", os.O_RDWR | os.O_CREAT, 0o600)
        # An entry that a kill left half written would shift all later ones.
        self._offset = self._whole(self._fd)
        os.ftruncate(self._fd, self._offset)
        self._segment = segment
