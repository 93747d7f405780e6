"""How far a log is copied to one place: a hint beside the log that spares asking the bucket for everything.

Taken only if it is of the very tree that the checkpoint names; the bucket is then still asked whether it has
the end of what the hint says.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import orjson

from audit import files
from audit.objects.target import Target
from audit.tlog.tiles import FULL


def recall(folder: Path, target: Target, size: int, root_at: Callable[[int], bytes]) -> int:
    """Return the number of entries whose full tiles and bundles were sent, a multiple of 256; 0 if unknown.

    Args:
        folder: the log.
        target: where to.
        size: of the checkpoint.
        root_at: the root of the log at a smaller size.
    """
    try:
        found = orjson.loads(_path(folder, target).read_bytes())
        sent, root = found["sent"], bytes.fromhex(found["root"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0
    is_one = isinstance(sent, int) and not sent % FULL and 0 <= sent <= size
    return sent if is_one and root_at(sent) == root else 0


def leave(folder: Path, target: Target, sent: int, root: bytes) -> None:
    """Keep what `recall` reads; a disk that refuses only costs the next start some work."""
    with suppress(OSError):
        files.replace(
            _path(folder, target), orjson.dumps({"root": root.hex(), "sent": sent, "to": str(target)})
        )


def _path(folder: Path, target: Target) -> Path:
    return folder / f"copied-{target.name}.json"
