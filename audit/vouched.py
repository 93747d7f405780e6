"""Whether somebody else has vouched for the log lately: read from what the sequencer's process leaves behind.

For gateways that are to serve only while a quorum of witnesses signs. Asked before every record, so the
disk is looked at no more than once a second.
"""

from pathlib import Path

from audit.ports import Ports

WITNESSED = "witnessed"
"""A file whose age is that of the last checkpoint with a quorum."""

_LOOK_US = 1_000_000


class Vouched:
    """The age of the last quorum.

    Args:
        folder: the log.
        max_age_s: how old it may be.
        ports: clocks.
    """

    def __init__(self, folder: Path, max_age_s: int, ports: Ports | None = None) -> None:
        self._path = folder / WITNESSED
        self._max_age_us = max_age_s * 1_000_000
        self._ports = ports or Ports()
        self._looked_us: int | None = None
        self._lately = False

    def lately(self) -> bool:
        """Tell whether a quorum signed within the time. A clock that stepped back makes nothing fresh."""
        now_us = self._ports.mono_us()
        if self._looked_us is None or now_us - self._looked_us >= _LOOK_US:
            self._looked_us = now_us
            self._lately = self._look()
        return self._lately

    def _look(self) -> bool:
        try:
            signed_us = self._path.stat().st_mtime_ns // 1_000
        except OSError:
            return False
        age_us = self._ports.wall_us() - signed_us
        return -_LOOK_US <= age_us <= self._max_age_us
