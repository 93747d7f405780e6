"""A clock for leases: it goes on while the machine runs, whatever is done to the time of day.

All processes of a machine share it. Where a system hasn't got one, the time of day has to do.
"""

from __future__ import annotations

import time
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str:
    """Return what tells this start of the machine from others; empty where nothing does."""
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def uptime_us() -> int:
    """Return microseconds since some moment that lasts until the machine is started again."""
    return time.clock_gettime_ns(_CLOCK) // 1000


# Without a name for this start of the machine its leases couldn't be told from those of the last one.
_CLOCK = time.CLOCK_BOOTTIME if hasattr(time, "CLOCK_BOOTTIME") else time.CLOCK_REALTIME
