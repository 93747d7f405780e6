"""Examines a folder: every check, in the order in which an operator would look."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from audit.doctor import access, copies, merging, vault, writers
from audit.doctor.finding import Finding
from audit.index import pruned

MIN_FREE_BYTES = 2 << 30
MIN_FREE_SHARE = 0.05


def _wall_us() -> int:
    return time.time_ns() // 1_000


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the examination asks of the machine.

    Attributes:
        wall_us: wall clock, microseconds UTC.
        statvfs: as `os.statvfs`.
    """

    wall_us: Callable[[], int] = _wall_us
    statvfs: Callable[[Path], os.statvfs_result] = os.statvfs


def examine(folder: Path, machine: Surroundings | None = None, *, deep: bool = False) -> Iterator[Finding]:
    """Yield what there is to know of the log in `folder`.

    Args:
        folder: the log; may be live.
        machine: clock and disk; None for this machine's.
        deep: read all segments, and not only each writer's newest.

    Raises:
        OSError: something in it can't be read.
    """
    machine = machine or Surroundings()
    if not folder.is_dir() or not ((folder / "origin.json").is_file() or (folder / "writers").is_dir()):
        yield Finding("folder.missing", ".", str(folder))
        return
    yield from access.modes(folder)
    origin = yield from access.origin(folder)
    yield from access.keys(folder, origin)
    yield from _space(folder, machine)
    now_us = machine.wall_us()
    found = [writers.Writer(slot) for slot in sorted((folder / "writers").glob("w*"))]
    is_pruned = pruned.minimum(folder) > 0
    for each in found:
        yield from each.findings(deep=deep, pruned=is_pruned)
    newest_us = max((each.newest_us for each in found), default=0)
    if newest_us > now_us:
        late_s = (newest_us - now_us) / 1e6
        yield Finding("clock.behind", ".", f"{late_s:.3f} s behind the newest record")
    yield from merging.findings(folder, origin, found, now_us)
    yield from copies.findings(folder, now_us)
    yield from vault.findings(folder, has_records=any(each.size for each in found))


def _space(folder: Path, machine: Surroundings) -> Iterator[Finding]:
    disk = machine.statvfs(folder)
    free, whole = disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize
    if free < MIN_FREE_BYTES or free < whole * MIN_FREE_SHARE:
        yield Finding("space.low", ".", f"{free >> 20} MiB of {whole >> 20} MiB are free")
    if disk.f_files and not disk.f_favail:
        yield Finding("space.low", ".", "no file can be made: there are no inodes left")
