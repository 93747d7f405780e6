"""How the copies to one place stand, kept beside the log for whoever looks at its folder.

A hint for people, never evidence: what is copied, the bucket says.
"""

from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from audit import files
from audit.objects.target import Target

PATTERN = "copying-*.json"


@dataclass(frozen=True, slots=True)
class Standing:
    """How the copies to one place stand.

    Attributes:
        to: the place, in words.
        interval_s: how often they are brought up to date.
        done_us: when that was done last, wall clock, microseconds UTC; when it was first tried if never.
        size: number of entries that were under the log's checkpoint then; 0 if never.
        failed: code of what has failed since; "" if nothing has.
    """

    to: str
    interval_s: float
    done_us: int
    size: int = 0
    failed: str = ""


def read(path: Path) -> Standing | None:
    """Return what `leave` wrote; None if that can't be read."""
    try:
        found = Standing(**orjson.loads(path.read_bytes()))
        known = type(found.done_us) is type(found.size) is int and isinstance(found.interval_s, int | float)
    except (OSError, ValueError, TypeError):
        return None
    return found if known else None


def leave(folder: Path, target: Target, standing: Standing) -> None:
    """Keep it; a disk that refuses costs nothing but that."""
    with suppress(OSError):
        files.replace(place(folder, target), orjson.dumps(asdict(standing), option=orjson.OPT_SORT_KEYS))


def place(folder: Path, target: Target) -> Path:
    """Return where it is kept."""
    return folder / PATTERN.replace("*", target.name)
