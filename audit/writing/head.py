"""`head.json`: what a writer remembers about its own log between two lives. A hint, never evidence.

`base.json`, of the same form, stands for segments that were pruned: the tree before the first that stayed.

It spares reading closed segments at start, and it lets a start notice that records are gone. A hint that
does not agree with itself is ignored, and everything is read.
"""

from dataclasses import dataclass
from pathlib import Path

import orjson

from audit import files
from audit.tlog.tree import Frontier

HEAD, BASE = "head.json", "base.json"


@dataclass(frozen=True, slots=True)
class Start:
    """State at the beginning of a segment: its first index, the last boot seen, the tree before it."""

    index: int
    boot: int
    hashes: tuple[bytes, ...]

    @property
    def name(self) -> str:
        """Name of the segment, without its ending."""
        return f"{self.index:012d}"


@dataclass(frozen=True, slots=True)
class Head:
    """A segment to begin reading at, and the size and root that must at least be found."""

    start: Start
    size: int
    root: bytes


def write(slot: Path, head: Head, name: str = HEAD) -> None:
    """Replace the hint, atomically and durably."""
    start = head.start
    text = orjson.dumps(
        {
            "boot": start.boot,
            "hashes": [each.hex() for each in start.hashes],
            "root": head.root.hex(),
            "size": head.size,
            "start": start.index,
            "start_root": Frontier(start.index, start.hashes).root().hex(),
        }
    )
    files.replace(slot / name, text)


def read(slot: Path, name: str = HEAD) -> Head | None:
    """Return the hint, or None when there is none or it does not agree with itself."""
    try:
        found = orjson.loads((slot / name).read_bytes())
        hashes = tuple(bytes.fromhex(each) for each in found["hashes"])
        if Frontier(found["start"], hashes).root().hex() != found["start_root"]:
            return None
        start = Start(found["start"], int(found["boot"]), hashes)
        return Head(start, int(found["size"]), bytes.fromhex(found["root"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return None
