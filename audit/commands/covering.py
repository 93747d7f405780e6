"""Waits until a record stands under a published checkpoint, for who must not act before that."""

import time
from pathlib import Path

from audit.commands.journal import origin
from audit.errors import LogUnavailable
from audit.index import merged
from audit.merging.once import merge

PATIENCE_S = 60.0
_PAUSE_S = 0.1


def await_covered(
    folder: Path,
    record_id: str,
    since: int,
    *,
    witnesses: Path | None = None,
    patience_s: float = PATIENCE_S,
) -> None:
    """Return once the published checkpoint covers a record that was written a moment ago.

    Where no gateway runs that merges, it is merged here.

    Args:
        folder: the log.
        record_id: of the record.
        since: size of the log before it was written.
        witnesses: the tlog-policy that names the log's witnesses, who are asked where it is merged here.
        patience_s: how long it may take where a gateway merges.

    Raises:
        LogUnavailable: `log.unmerged`: it wasn't merged in time; `log.no_key`: and can't be merged here.
        LogDamaged: the log can't be read or merged.
        OSError: likewise.
    """
    end_s = time.monotonic() + patience_s
    sought, looked = f'"id":"{record_id}"'.encode(), since
    while True:
        try:
            merge(folder, origin(folder), witnesses)
        except LogUnavailable as error:
            if error.code != "log.merging":
                raise
        size = size_of(folder)
        if any(sought in entry for entry in merged.entries(folder, looked, size)):
            return
        looked = size
        if time.monotonic() > end_s:
            raise LogUnavailable("log.unmerged", "the gateway doesn't merge: see `regent audit doctor`")
        time.sleep(_PAUSE_S)


def size_of(folder: Path) -> int:
    """Return how many entries the published checkpoint covers.

    Raises:
        LogDamaged: it is none. OSError: it can't be read.
    """
    log = merged.checkpoint(folder)
    return log.size if log else 0
