"""One group of records on its way to where they become durable: encoded, numbered, hashed.

Pure memory: nothing here waits or fails for the machine's sake. A group that does not become durable is
thrown away whole, and the numbers it used are used again.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from audit import frames
from audit.canonical import encode
from audit.record import Record
from audit.tlog.tree import Frontier, leaf_hash
from audit.vault import nonces
from audit.vault.payloads import Payload


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the log promises about one durable record.

    Attributes:
        writer: id of the writer.
        boot: number of the writer's process lifetime, from 0.
        wseq: number of the record in that boot, from 0, without holes.
        index: index of the leaf in the writer's tree.
        leaf_hash: hex of SHA-256(0x00 || stored bytes).
        t_us: wall clock at which the log took the record, microseconds UTC.
    """

    writer: str
    boot: int
    wseq: int
    index: int
    leaf_hash: str
    t_us: int


class Kept(NamedTuple):
    """What one record leaves in the vault, and whose it is.

    Attributes:
        id: the record's.
        ref: id of the decision that it ends, if it is an end.
        sref: pseudonym of its subject, if it has one.
        slots: slots of its nonces.
        question: what the policy was asked.
        sealed: payloads to be sealed.
    """

    id: str
    ref: str | None
    sref: str | None
    slots: bytes
    question: bytes | None
    sealed: tuple[Payload, ...]


class Group:
    """Records gathered for one write.

    Args:
        writer: the `writer` object of every record, {id, boot}.
        wseq: number of the first record.
        frontier: the durable tree; copied.
        t_us: wall clock of the group.
        mono_us: monotonic clock of the group.

    Attributes:
        bodies: the records' stored bytes, in order.
        size: bytes of frames so far.
        frontier: the tree with this group's leaves.
        wseq: number that the next record gets.
        kept: what goes to the vault.
    """

    __slots__ = ("_mono_us", "_t_us", "_writer", "bodies", "frontier", "kept", "size", "wseq")

    def __init__(
        self, writer: dict[str, Any], wseq: int, frontier: Frontier, t_us: int, mono_us: int
    ) -> None:
        self._writer = writer
        self._t_us = t_us
        self._mono_us = mono_us
        self.bodies: list[bytes] = []
        self.frontier = frontier.copy()
        self.wseq = wseq
        self.size = 0
        self.kept: list[Kept] = []

    def add(self, record: Record) -> Receipt:
        """Add one record and return the receipt that holds once the group is durable.

        Raises:
            RecordRefused: the record has no canonical form; the group is as before.
        """
        body = record.body
        body["writer"] = self._writer
        body["wseq"] = self.wseq
        body["t_us"] = self._t_us
        body["mono_us"] = self._mono_us
        data = encode(body)
        slots = nonces.pack(body.get("id"), record.nonces)
        leaf = leaf_hash(data)
        receipt = Receipt(
            self._writer["id"], self._writer["boot"], self.wseq, self.frontier.size, leaf.hex(), self._t_us
        )
        self.frontier.append(leaf)
        self.bodies.append(data)
        self.size += frames.HEADER_BYTES + len(data)
        if slots or record.question is not None:
            sref = record.sref or body.get("sref")
            self.kept.append(Kept(body["id"], body.get("ref"), sref, slots, record.question, record.sealed))
        self.wseq += 1
        return receipt

    def tree(self) -> dict[str, Any]:
        """Return {size, root} of everything before the next record."""
        return {"size": self.frontier.size, "root": self.frontier.root().hex()}

    def frames(self) -> bytes:
        """Return the group as it stands in a segment."""
        return b"".join(map(frames.pack, self.bodies))
