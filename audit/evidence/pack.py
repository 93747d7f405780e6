"""Writes an evidence pack: one state of a log and one selection make the same bytes (docs/evidence-pack.md).

Entries pass one bundle at a time. What has to stand beside them and grows with them (their indices, what is
disclosed) waits in files without a name; everything else is small.
"""

import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import orjson

from audit import keys, rotation
from audit.evidence import proving
from audit.evidence.census import Census, Policy
from audit.evidence.manifest import manifest
from audit.evidence.published import Published
from audit.evidence.released import Releases
from audit.evidence.selection import Selection
from audit.evidence.tarball import Tarball
from audit.tlog.forms import HASH_BYTES
from audit.tlog.tiles import FULL

Bundles = Callable[[str, str], bytes | None]
"""Returns a policy bundle's archive (.tar.gz) by (revision, digest), either of which may be empty."""

_ENTRIES, _INDEX, _LEAVES, _RANGE = "entries.jsonl", "index.txt", "leaves.bin", "range.proof"
_DISCLOSED, _POLICY = "disclosed.jsonl", "trust.policy"
_AS_IN_THE_LOG = ("origin.json", keys.PUBLIC, keys.PUBLIC_MLDSA44, rotation.NOTES)
_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be handed over, besides the entries.

    Attributes:
        selection: the entries.
        earlier: sizes from which the pack must show that the log only grew.
        receipts: files of receipts, each with one on a line.
        trust: a tlog-policy, for information.
        labels: fields that are disclosed.
        tool: what makes the pack, for its manifest.
    """

    selection: Selection
    earlier: Sequence[int] = ()
    receipts: Sequence[bytes] = ()
    trust: bytes | None = None
    labels: Sequence[str] = ()
    tool: str = "regent"


@dataclass(slots=True)
class Contents:
    """What came into a pack.

    Attributes:
        published: the log.
        order: what was ordered.
        census: what its records say in numbers.
        released: (label, result) -> how many fields were disclosed, or why not.
        bundles: policies that decided, and the name of each one's archive in the pack; None where it
            was not found.
    """

    published: Published
    order: Order
    census: Census = field(default_factory=Census)
    released: dict[tuple[str, str], int] = field(default_factory=dict)
    bundles: dict[Policy, str | None] = field(default_factory=dict)


Reports = Callable[[Contents], Iterable[tuple[str, bytes]]]
"""Writes reports about what came into a pack, as (name, bytes)."""


def write(
    published: Published,
    order: Order,
    out: BinaryIO,
    *,
    releases: Releases | None = None,
    bundles: Bundles | None = None,
    reports: Reports | None = None,
) -> Contents:
    """Write a pack.

    Args:
        published: the log.
        order: what to hand over.
        out: a file that is open for reading and writing, at its beginning.
        releases: opens what is disclosed.
        bundles: finds policies.
        reports: writes about it all.

    Raises:
        TlogRefused, OSError: the log can't be read.
        EvidenceRefused: `evidence.range`: an earlier size was none of this log.
    """
    packing = _Packing(published, order, Tarball(out))
    packing.heads()
    packing.entries(releases)
    packing.proofs()
    packing.bundles(bundles)
    for name, data in reports(packing.contents) if reports else ():
        packing.tar.add(name, data)
    packing.seal()
    return packing.contents


class _Packing:
    def __init__(self, published: Published, order: Order, tar: Tarball) -> None:
        self.published, self.order, self.tar = published, order, tar
        self.contents = Contents(published, order)

    def heads(self) -> None:
        """Everything that says what log it is."""
        self.tar.add("checkpoint", self.published.signed)
        for name in _AS_IN_THE_LOG:
            path = self.published.folder / name
            if path.is_file():
                self.tar.add(name, path.read_bytes())
        if self.order.trust is not None:
            self.tar.add(_POLICY, self.order.trust)

    def entries(self, releases: Releases | None) -> None:
        """The entries, their indices, and what is disclosed of them."""
        census, selection = self.contents.census, self.order.selection
        with ExitStack() as opened:
            index_file = opened.enter_context(tempfile.TemporaryFile())
            disclosed = opened.enter_context(tempfile.TemporaryFile())
            with self.tar.member(_ENTRIES) as member:
                for index, entry in selection.entries(self.published):
                    member.write(entry + b"\n")
                    index_file.write(b"%d\n" % index)
                    record = _record(entry)
                    census.see(index, record)
                    if releases is not None and record is not None:
                        disclosed.writelines(releases.of(record))
            self.tar.copy(_INDEX, index_file)
            if releases is not None:
                self.tar.copy(_DISCLOSED, disclosed)
                self.contents.released = dict(releases.counts)

    def proofs(self) -> None:
        """What leads from the entries, and from earlier sizes, to the checkpoint."""
        selection, size = self.order.selection, self.published.size
        if selection.span is None:
            for index in selection.shown or ():
                self.tar.add(f"proofs/{index}.tlog-proof", proving.prove(self.published, index))
        else:
            self.tar.add(_RANGE, proving.beside(self.published, *selection.span))
            if selection.shown is not None:
                with self.tar.member(_LEAVES) as member:
                    for hashes in _leaves(self.published, *selection.span):
                        member.write(hashes)
        for earlier in sorted(set(self.order.earlier)):
            self.tar.add(f"consistency/{earlier}-{size}.txt", proving.growth(self.published, earlier))
        for number, receipts in enumerate(self.order.receipts):
            self.tar.add(f"receipts/{number}.txt", receipts)

    def bundles(self, found: Bundles | None) -> None:
        """The policies that decided, one archive for each revision."""
        held: dict[str, str | None] = {}
        for policy in sorted(self.contents.census.policies, key=lambda each: (each.revision, each.digest)):
            name = policy.revision or policy.digest.removeprefix("sha256:")
            if name not in held:
                data = found(policy.revision, policy.digest) if found and _REVISION.fullmatch(name) else None
                held[name] = f"bundles/{name}.tar.gz" if data is not None else None
                if data is not None:
                    self.tar.add(f"bundles/{name}.tar.gz", data)
            self.contents.bundles[policy] = held[name]

    def seal(self) -> None:
        """The manifest, which names everything else."""
        published, selection = self.published, self.order.selection
        made: dict[str, Any] = {
            "filter": selection.wanted,
            # The log's own time, so that the same log makes the same pack.
            "made_us": _record_us(published.entry(published.size - 1)),
            "origin": published.checkpoint.origin,
            "range": list(selection.span) if selection.span else None,
            "size": published.size,
            "tool": self.order.tool,
        }
        self.tar.add("manifest.json", manifest(made, self.tar.digests))
        self.tar.finish()


def _leaves(published: Published, begin: int, end: int) -> Iterator[bytes]:
    for bundle in range(begin // FULL, -(-end // FULL)):
        first = bundle * FULL
        hashes = published.tree.tile(0, bundle)
        yield hashes[max(0, begin - first) * HASH_BYTES : (end - first) * HASH_BYTES]


def _record(entry: bytes) -> Any:
    try:
        return orjson.loads(entry)
    except ValueError:
        return None


def _record_us(entry: bytes) -> int:
    record = _record(entry)
    t_us = record.get("t_us") if isinstance(record, dict) else None
    return t_us if isinstance(t_us, int) else 0
