"""The lists of a log that grow in a copy, too: its public keys, and where it begins since it was pruned."""

from pathlib import Path

from audit.errors import LogDamaged
from audit.keys import PUBLIC, PUBLIC_MLDSA44
from audit.merging import floor
from audit.rotation import NOTES, RETIRED

NAMES = (NOTES, PUBLIC, PUBLIC_MLDSA44, floor.NAME)
"""In the order in which they are brought up to date: the chain before the key that it leads to."""

MAX_BYTES = 1 << 24


def is_older(folder: Path, name: str, now: bytes, there: bytes) -> bool:
    """Tell whether what stands in a copy is an earlier form of a list; False if it is a later one.

    Args:
        folder: the log.
        name: of the list.
        now: what the log had there when it was looked at.
        there: what the copy has, which is something else.

    Raises:
        LogDamaged: `copy.other_bytes`: it is neither.
        OSError: the log can't be read.
    """
    if name == floor.NAME:
        before, after = _begins(there), _begins(now)
        older, later = before < after, before > after
    elif name == NOTES:
        older, later = now.startswith(there), there.startswith(now)
    else:
        older = there in _retired(folder)
        later = (folder / name).read_bytes() != now  # rotated just now, and another copier has seen it
    if not older and not later:
        raise LogDamaged("copy.other_bytes", f"the copy's {name} is none that the log ever had")
    return older


def _begins(data: bytes) -> int:
    try:
        return floor.read(data)[0].size
    except LogDamaged as error:
        raise LogDamaged("copy.other_bytes", f"the copy's {floor.NAME}: {error}") from error


def _retired(folder: Path) -> list[bytes]:
    try:
        return (folder / RETIRED).read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        return []
