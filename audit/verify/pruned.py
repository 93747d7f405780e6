"""Logs whose beginning was pruned: what `pruned.json` says, and whether the log's records vouch for it.

Of what was pruned the hashes are still there, so the tree is whole, and everything that was ever signed or
promised can be held against it. What is gone is what the entries said. That it went by the log's own rules is
told by records in the tree: each pruning is announced by one before anything goes.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from audit.verify.merkle import HASH_BYTES, Tree
from audit.verify.numbering import NoRecord
from audit.verify.sources import Source
from audit.verify.tiles import MAX_BUNDLE_BYTES, WIDTH, tile_path
from audit.verify.verdict import Report, Verdict

PATH = "pruned.json"
MAX_BYTES = 64_000_000
_DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Floor:
    """Where a pruned log begins.

    Attributes:
        index: of the first entry that stays, by the log's own word; 0 if it doesn't say.
        trees: of each writer, over its records before that; None if that isn't known.
    """

    index: int = 0
    trees: dict[str, Tree] | None = None


def read(source: Source, size: int, report: Report) -> Floor | None:
    """Return where a log begins whose first bundle is gone; None of one that has it.

    Raises:
        Unreadable: when a file is there and cannot be read.
    """
    if size < WIDTH or source.read(tile_path(None, 0), MAX_BUNDLE_BYTES) is not None:
        return None
    data = source.read(PATH, MAX_BYTES)
    if data is None:
        what = "it is missing: where the writers of a log stood whose beginning is gone"
        report.add(Verdict.INCOMPLETE, PATH, what)
        return Floor()
    try:
        found = json.loads(data)
        index = found["minimum_index"]
        if type(index) is not int or index % WIDTH or not 0 < index <= size:
            raise NoRecord("a minimum index is a multiple of 256 within the log")
        return Floor(index, {str(name): tree_of(each) for name, each in found["writers"].items()})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        report.add(Verdict.TAMPERED, PATH, f"it is none that the log writes: {type(error).__name__}")
        return Floor()


def tree_of(stated: dict[str, Any]) -> Tree:
    """Return the tree of a number of records and the roots of its complete subtrees.

    Raises:
        ValueError, KeyError, TypeError: it is none.
    """
    tree = Tree()
    tree.size = stated["size"]
    tree.edge = [bytes.fromhex(each) for each in stated["hashes"]]
    if type(tree.size) is not int or len(tree.edge) != tree.size.bit_count() or tree.size < 0:
        raise NoRecord("it is no tree")
    if any(len(each) != HASH_BYTES for each in tree.edge):
        raise NoRecord("a hash has 32 bytes")
    return tree


@dataclass(frozen=True, slots=True)
class _Begun:
    """The record of a pruning that began."""

    where: int
    t_us: int
    before_us: int
    minimum: int
    by: str


@dataclass(slots=True)
class Prunings:
    """What the records say of prunings and of legal holds.

    Attributes:
        first_us: time of the first entry that is there.
    """

    first_us: int = 0
    _begun: list[_Begun] = field(default_factory=list)
    _holds: list[tuple[int, bool, tuple[Any, ...]]] = field(default_factory=list)

    def take(self, record: dict[str, Any], where: int) -> None:
        """Note a `prune` or `legal_hold` record.

        Raises:
            NoRecord, KeyError, TypeError: when it lacks what its kind has.
        """
        t_us = record["t_us"]
        if record["typ"] == "legal_hold":
            what = tuple(str(record[name]) for name in ("sref", "tenant", "basis"))
            self._holds.append((t_us, record["action"] == "set", what))
        elif record["stage"] == "begun":
            least, before_us = record["minimum_index"] or 0, record["before_us"]
            if not type(least) is type(before_us) is int:
                raise NoRecord("a number is none")
            self._begun.append(_Begun(where, t_us, before_us, least, str(record["by"])))

    def finish(self, gone: int, report: Report) -> None:
        """Hold what is gone against what was announced.

        Args:
            gone: number of entries of which only the hashes are there.
            report: takes what is wrong.
        """
        for each in self._begun:
            if held := self._standing(each.t_us):
                what = f"it prunes while {held} legal holds stand, and nothing may go then"
                report.add(Verdict.INCOMPLETE, f"entry {each.where}", what)
        if not gone:
            return
        # A record vouches for what stands before it, never for what was still to come.
        vouching = [each for each in self._begun if each.minimum <= each.where]
        least = max((each.minimum for each in vouching), default=0)
        if least < gone:
            what = f"entries {least} to {gone - 1} are gone, and no record says that they were pruned"
            report.add(Verdict.INCOMPLETE, "tile/entries", what)
            return
        last = next(each for each in vouching if each.minimum == least)
        days = (last.t_us - last.before_us) // _DAY_US
        report.notes.append(
            f"entries 0 to {gone - 1} were pruned by the order of {last.by} (entry {last.where}): what was"
            f" from before {_iso(last.before_us)}, {days} days earlier;"
            f" the first that stays is of {_iso(self.first_us)}"
        )

    def _standing(self, t_us: int) -> int:
        """Return how many holds stood at a time.

        By time, and not by place: records that several writers wrote in a second are merged in any order.
        """
        standing: set[tuple[Any, ...]] = set()
        for _, sets, what in sorted(each for each in self._holds if each[0] <= t_us):
            (standing.add if sets else standing.discard)(what)
        return len(standing)


def _iso(t_us: int) -> str:
    try:
        return datetime.fromtimestamp(t_us // 1_000_000, UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return f"{t_us} us"
