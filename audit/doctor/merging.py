"""What lags behind: the merged log behind the writers, the index behind the merged log."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import orjson

from audit.doctor.finding import Finding
from audit.doctor.writers import Writer
from audit.errors import LogDamaged
from audit.index import merged, schema
from audit.index.merged import WIDTH, Checkpoint
from audit.index.place import Place
from audit.index.search import Search
from audit.reading.tail import Tail

MERGE_DELAY_S = 10
"""How long a record may wait for a checkpoint: what receipts promise."""
_INDEX_DELAY_S = 60
_BACK = 64 * WIDTH


def findings(folder: Path, origin: str | None, writers: Sequence[Writer], now_us: int) -> Iterator[Finding]:
    """Look at the checkpoint, at what it covers of each writer, and at the index."""
    try:
        goal = merged.checkpoint(folder)
    except LogDamaged as error:
        yield Finding("checkpoint.unreadable", "checkpoint", str(error))
        return
    if goal is None:
        if any(writer.size for writer in writers):
            yield Finding("sequencer.none", "checkpoint", "there is none")
        return
    if origin is not None and goal.origin != origin:
        yield Finding("checkpoint.other", "checkpoint", f"of {goal.origin!r}, the log is {origin!r}")
    try:
        sizes = _merged_sizes(folder, goal, {writer.name for writer in writers})
    except LogDamaged as error:
        yield Finding("bundle.missing", "tile", str(error))
        sizes = None
    for writer in writers if sizes is not None else ():
        yield from _waiting(writer, (sizes or {}).get(writer.name, 0), now_us)
    yield from _index(folder, goal, now_us)


def _merged_sizes(folder: Path, goal: Checkpoint, names: set[str]) -> dict[str, int]:
    """Return how many records of each writer are merged, by what the sequencer last stated of them.

    Reads back from the end until everybody was named, or nobody new can be.
    """
    found: dict[str, int] = {}
    end = goal.size
    while end > 0 and names - found.keys():
        start = max(0, (end - 1) // WIDTH * WIDTH)
        for body in reversed(list(merged.entries(folder, start, end))):
            if b'"typ":"writer.head"' not in body:
                continue
            record = orjson.loads(body)
            for head in record["heads"]:
                found.setdefault(head["id"], head["size"])
            if record["beat"]:  # it names all who had anything
                return found
        end = start
    return found


def _waiting(writer: Writer, size: int, now_us: int) -> Iterator[Finding]:
    tail = Tail(writer.slot, Place(size=size))
    waiting = (min(writer.size, tail.durable) if tail.durable is not None else writer.size) - size
    first = next(tail.oldest_first(), None) if waiting > 0 else None
    if first is None:
        return
    since_s = (now_us - orjson.loads(first)["t_us"]) / 1e6
    if since_s > MERGE_DELAY_S:
        what = f"{waiting} records wait, the first one for {since_s:.0f} s"
        yield Finding("sequencer.behind", f"writers/{writer.name}", what)


def _index(folder: Path, goal: Checkpoint, now_us: int) -> Iterator[Finding]:
    if not (folder / schema.FILE).is_file():
        yield Finding("index.none", schema.FILE, "there is none")
        return
    search = Search.open(folder)
    if search is None:
        yield Finding("index.unusable", schema.FILE, "it is not of this log, or can't be read")
        return
    try:
        behind = goal.size - search.size
        since_s = now_us / 1e6 - (folder / "checkpoint").stat().st_mtime
        if behind > _BACK or (behind and since_s > _INDEX_DELAY_S):
            yield Finding("index.behind", schema.FILE, f"{behind} entries behind the checkpoint")
        if search.skipped:
            yield Finding("index.skipped", schema.FILE, f"{search.skipped} entries")
    finally:
        search.close()
