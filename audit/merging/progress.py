"""How far each writer's log is merged: the tree over what the merged log holds of it.

Kept beside the log as a hint that spares reading everything at a start. It is taken only if it is of the very
tree that the checkpoint names; else the entries are read.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Self

import orjson

from audit.errors import LogDamaged
from audit.tlog.tree import Frontier, leaf_hash

SEQUENCER = "sequencer"


@dataclass(slots=True)
class Progress:
    """What the merged log holds.

    Attributes:
        size: entries that are counted here.
        boot: number of the sequencer's lifetime that wrote last; -1 before the first.
        wseq: number that the sequencer's next entry gets.
        writers: the tree over each writer's entries.
    """

    size: int = 0
    boot: int = -1
    wseq: int = 0
    writers: dict[str, Frontier] = field(default_factory=dict)

    def take(self, entries: Iterable[bytes]) -> None:
        """Count entries of the merged log, in their order.

        Raises:
            LogDamaged: `log.damaged`: a statement of the sequencer is not of the records before it.
            ValueError, KeyError, TypeError: one is no record.
        """
        for entry in entries:
            record = orjson.loads(entry)
            writer = record["writer"]
            if writer["id"] == SEQUENCER:
                self.boot, self.wseq = writer["boot"], record["wseq"] + 1
                self._compare(record["heads"])
            else:
                self.writers.setdefault(writer["id"], Frontier()).append(leaf_hash(entry))
            self.size += 1

    def _compare(self, heads: list[dict[str, Any]]) -> None:
        for head in heads:
            tree = self.writers.get(head["id"], Frontier())
            if (head["size"], head["root"]) != (tree.size, tree.root().hex()):
                what = f"entry {self.size} states other records of {head['id']} than stand before it"
                raise LogDamaged("log.damaged", what)

    def heads(self, names: Iterable[str]) -> list[dict[str, Any]]:
        """Return {id, size, root} of those writers that have entries, sorted by id."""
        return [
            {"id": name, "size": self.writers[name].size, "root": self.writers[name].root().hex()}
            for name in sorted(names)
            if self.writers[name].size
        ]

    def as_hint(self, root: bytes) -> bytes:
        """Return what `from_hint` reads.

        Args:
            root: of the merged tree of `size` entries.
        """
        facts = self.facts(root)
        return orjson.dumps({"facts": facts, "sha256": _digest(facts)})

    def facts(self, root: bytes) -> dict[str, Any]:
        """Return what `of` reads, with the root of the merged tree of `size` entries."""
        return {
            "boot": self.boot,
            "root": root.hex(),
            "size": self.size,
            "writers": {
                name: {"hashes": [each.hex() for each in tree.hashes], "size": tree.size}
                for name, tree in self.writers.items()
            },
            "wseq": self.wseq,
        }

    @classmethod
    def of(cls, facts: dict[str, Any]) -> Self:
        """Return what `facts` was made of.

        Raises:
            ValueError, KeyError, TypeError, AttributeError: it is something else.
        """
        writers = {
            name: Frontier(tree["size"], [bytes.fromhex(each) for each in tree["hashes"]])
            for name, tree in facts["writers"].items()
        }
        return cls(facts["size"], facts["boot"], facts["wseq"], writers)

    @classmethod
    def from_hint(cls, data: bytes, size: int, root: bytes) -> Self:
        """Return what a hint says if it is whole and of this very tree, else that nothing is known yet."""
        try:
            found = orjson.loads(data)
            facts = found["facts"]
            if (facts["size"], facts["root"], found["sha256"]) != (size, root.hex(), _digest(facts)):
                return cls()
            return cls.of(facts)
        except (ValueError, KeyError, TypeError, AttributeError):
            return cls()


def _digest(facts: dict[str, Any]) -> str:
    return sha256(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)).hexdigest()
