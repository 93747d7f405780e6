"""Copies in object storage: whether they lag behind the log, by what the copier itself says of them."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from audit.doctor.finding import Finding
from audit.errors import LogDamaged
from audit.index import merged
from audit.objects import standing

GRACE_S = 60
"""How long the requests of one copy may take."""


def findings(folder: Path, now_us: int) -> Iterator[Finding]:
    """Look at each place that copies go to, or went to."""
    size = 0
    with suppress(LogDamaged):  # told already
        goal = merged.checkpoint(folder)
        size = goal.size if goal else 0
    for path in sorted(folder.glob(standing.PATTERN)):
        found = standing.read(path)
        if found is None or found.size >= size:
            continue
        since_s = (now_us - found.done_us) / 1e6
        if since_s > 2 * found.interval_s + GRACE_S:
            what = f"{found.to} has {found.size} of {size} entries, nothing came through for {since_s:.0f} s"
            yield Finding("copies.behind", path.name, f"{what}{found.failed and f': {found.failed}'}")
