"""One writer's segments: whether they hold together, and what the writer once said of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from audit.doctor.finding import Finding
from audit.reading.stream import Bodies
from audit.reading.tail import durable


class Writer:
    """A writer's folder, read when it is made up for.

    Args:
        slot: the folder.

    Attributes:
        name: id of the writer.
        slot: its folder.
        size: records that were found.
        newest_us: time of the last one; 0 where there is none.
    """

    def __init__(self, slot: Path) -> None:
        self.name = slot.name
        self.slot = slot
        self.size = 0
        self.newest_us = 0
        self._closed = True

    def findings(self, *, deep: bool, pruned: bool = False) -> Iterator[Finding]:
        """Look at the segments; at the newest two only, unless `deep`. Of a pruned log the first are gone."""
        paths = sorted((self.slot / "seg").glob("[0-9]*.log"))
        looked_at = paths if deep else paths[-2:]
        self.size = int(looked_at[0].stem) if looked_at else 0
        if deep and self.size and not pruned:
            yield self._finding("writer.broken", f"records before {self.size} are not there")
        for number, path in enumerate(looked_at, 1):
            if int(path.stem) != self.size:
                yield self._finding("writer.broken", f"segment {path.stem} follows record {self.size - 1}")
                self.size = int(path.stem)
            yield from self._segment(path, last=number == len(looked_at))
        yield from self._promises()

    def _segment(self, path: Path, *, last: bool) -> Iterator[Finding]:
        body = b""
        with path.open("rb") as file:
            bodies = Bodies(file)
            for body in bodies:  # noqa: B007 - the last one is looked at below
                self.size += 1
        if last and body:
            record: dict[str, Any] = orjson.loads(body)
            self.newest_us = record["t_us"]
            self._closed = record["typ"] == "writer.close"
        if bodies.left and not last:
            yield self._finding(
                "writer.broken", f"segment {path.stem} ends with {bodies.left} bytes of no record"
            )
        elif self.alive is False:
            if bodies.left:
                yield self._finding("writer.torn", f"{bodies.left} bytes at the end of segment {path.stem}")
            if last and not self._closed:
                yield self._finding("writer.crashed", "there is no writer.close at the end")

    def _promises(self) -> Iterator[Finding]:
        promised = durable(self.slot) or 0
        if self.size < promised:
            yield self._finding("writer.rolled_back", f"{self.size} records of {promised} that were durable")
        try:
            head = int(orjson.loads((self.slot / "head.json").read_bytes())["size"])
        except (OSError, ValueError, KeyError, TypeError):
            return  # a hint: without it a start takes longer, and that is all
        if self.size < head:
            yield self._finding(
                "writer.rolled_back", f"{self.size} records, {head} when a segment was last ended"
            )

    @property
    def alive(self) -> bool | None:
        """Whether a process holds the writer's lock; None where the machine doesn't tell.

        Asked of the kernel's list: taking the lock, even for a moment, could send a gateway that starts right
        now to another slot.
        """
        try:
            inode = (self.slot / "lock").stat().st_ino
            locks = Path("/proc/locks").read_text(encoding="ascii")
        except OSError:
            return None
        return any(f":{inode} " in line and "FLOCK" in line for line in locks.splitlines())

    def _finding(self, code: str, what: str) -> Finding:
        return Finding(code, f"writers/{self.name}", what)
