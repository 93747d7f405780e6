"""Proofs as text: of an entry (C2SP tlog-proof), of what lies beside a range, of growth since a size."""

from collections.abc import Callable
from pathlib import Path

from audit.errors import LogDamaged, LogUnavailable, TlogRefused
from audit.evidence.published import Published
from audit.evidence.refused import EvidenceRefused
from audit.tlog.checkpoint import Checkpoint
from audit.tlog.forms import base64
from audit.tlog.note import text_of
from audit.tlog.proof import LogProof
from audit.tlog.tree import range_nodes

_RANGE = "regent.range/v1"


def prove(published: Published, index: int) -> bytes:
    """Return the `.tlog-proof` of an entry.

    Raises:
        EvidenceRefused: `evidence.range`.
        TlogRefused, OSError: the tree can't be read.
    """
    if not 0 <= index < published.size:
        raise EvidenceRefused("evidence.range", f"the checkpoint covers entries 0 to {published.size - 1}")
    return bytes(LogProof(index, tuple(published.tree.inclusion_proof(index)), published.signed))


def prover(folder: Path) -> Callable[[int], bytes]:
    """Return what proves entries of a log by their index, all under the checkpoint that stands there now.

    Raises:
        LogUnavailable, LogDamaged, EvidenceRefused: as `Published.open`; also when a proof is made.
    """
    published = Published.open(folder)

    def proof(index: int) -> bytes:
        try:
            return prove(published, index)
        except TlogRefused as error:
            raise LogDamaged("log.damaged", f"the tree can't be read: {error}") from error
        except OSError as error:
            raise LogUnavailable("log.cannot_open", f"cannot read the log: {error}") from error

    return proof


def beside(published: Published, first: int, end: int) -> bytes:
    """Return `range.proof`: the hashes of everything left and right of a range.

    Raises:
        TlogRefused, OSError: the tree can't be read.
    """
    nodes = [*range_nodes(0, first), *range_nodes(end, published.size)]
    hashes = [base64(published.tree.node(level, index)) for level, index in nodes]
    return "\n".join([_RANGE, f"{first} {end} {published.size}", *hashes, ""]).encode()


def growth(published: Published, size: int) -> bytes:
    """Return `consistency/<size>-<size of the checkpoint>.txt`.

    Raises:
        EvidenceRefused: `evidence.range`: the log never had that size, or it has it still.
        TlogRefused, OSError: the tree can't be read.
    """
    if not 0 < size <= published.size:
        raise EvidenceRefused("evidence.range", f"a log of {published.size} entries never had {size}")
    return "".join(f"{base64(each)}\n" for each in published.tree.consistency_proof(size)).encode()


def kept_size(published: Published, kept: bytes) -> int:
    """Return the size of a checkpoint that somebody kept, once it is clear that the log continues it.

    Raises:
        EvidenceRefused: `evidence.input`: it is no checkpoint; `evidence.not_extended`: it is one of another
            log or of another history.
        TlogRefused, OSError: the tree can't be read.
    """
    try:
        stated = Checkpoint.parse(text_of(kept))
    except TlogRefused as error:
        raise EvidenceRefused("evidence.input", f"what was kept is no checkpoint: {error}") from error
    fits = stated.origin == published.checkpoint.origin and 0 < stated.size <= published.size
    if not fits or published.tree.root_at(stated.size) != stated.root:
        raise EvidenceRefused(
            "evidence.not_extended",
            f"this log does not continue the kept checkpoint of size {stated.size}",
        )
    return stated.size
