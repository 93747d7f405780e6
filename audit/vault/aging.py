"""How old what lies in the vault is: sidecars of segments, by their newest record."""

import re
from pathlib import Path

from audit.errors import LogUnavailable
from audit.reading.stream import Bodies

_KINDS = ("sealed", "questions", "nonces")
_T_US = re.compile(rb'"t_us":([0-9]+)')


def old_sidecars(vault: Path, slot: str, paths: list[Path], before_us: int) -> list[Path]:
    """Return a writer's sidecars that are older than a point in time.

    Args:
        vault: the log's vault.
        slot: name of the writer.
        paths: its segments, oldest first.
        before_us: the point in time, microseconds UTC.

    Raises:
        LogUnavailable: `log.cannot_open` when a segment holds what is no record.
        OSError: when it can't be read.
    """
    old, stems = [], {path.stem for path in paths}
    beside = {path for kind in _KINDS for path in (vault / kind / slot).glob("*.bin")}
    for stem in sorted({path.stem for path in beside}):
        if stem in stems:
            # Clocks may step, so a whole segment must be too old; and the last one is being written.
            path = next(path for path in paths if path.stem == stem)
            if path is paths[-1] or newest_us(path) >= before_us:
                break
        elif not paths or stem > paths[0].stem:  # its segment isn't known (yet)
            break
        old += sorted(path for path in beside if path.stem == stem)
    return old


def newest_us(path: Path) -> int:
    """Return the time of a segment's newest record, microseconds UTC; 0 where there is none."""
    with path.open("rb") as file:
        return max((t_us(body) for body in Bodies(file)), default=0)


def t_us(body: bytes) -> int:
    """Return the time of a record, microseconds UTC.

    Raises:
        LogUnavailable: `log.cannot_open` when it is no record.
    """
    return number(_T_US, body)


def number(pattern: re.Pattern[bytes], body: bytes) -> int:
    """Return what the log itself wrote under a name; of several the last, as keys are sorted.

    Raises:
        LogUnavailable: `log.cannot_open` when it is no record.
    """
    found = pattern.findall(body)
    if not found:
        raise LogUnavailable("log.cannot_open", "the log holds what is no record; see `verify`")
    return int(found[-1])
