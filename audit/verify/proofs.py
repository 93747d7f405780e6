"""C2SP `tlog-proof`: one entry, shown to stand in a checkpoint by hashes that fit in a small file."""

from dataclasses import dataclass

from audit.verify.checkpoints import Checkpoint, Malformed, decimal, read_checkpoint, read_hash, strict_base64
from audit.verify.merkle import includes, leaf_hash
from audit.verify.notes import Key, Refused, open_note

_HEADER = "c2sp.org/tlog-proof@v1"
_MAX_HASHES = 63


@dataclass(frozen=True, slots=True)
class Proof:
    """The parts of a proof file: the entry's index, the hashes beside its path, the signed checkpoint."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes


def read_proof(data: bytes) -> Proof:
    """Return the parts of a proof file; nothing in it is verified yet.

    Raises:
        Malformed: when it is none.
    """
    head, gap, checkpoint = data.partition(b"\n\n")
    try:
        header, *lines = head.decode().split("\n")
    except UnicodeDecodeError:
        raise Malformed("the proof is not UTF-8") from None
    if header != _HEADER or not gap or not checkpoint:
        raise Malformed("it is no proof of version 1 with a checkpoint behind an empty line")
    if lines and lines[0].startswith("extra "):
        strict_base64(lines.pop(0).removeprefix("extra "))
    if not lines or not lines[0].startswith("index ") or len(lines) > 1 + _MAX_HASHES:
        raise Malformed("a proof has an index line, and at most 63 hashes after it")
    index = decimal(lines[0].removeprefix("index "))
    return Proof(index, tuple(read_hash(line) for line in lines[1:]), checkpoint)


def check_proof(proof: Proof, entry: bytes, keys: list[Key], origin: str) -> Checkpoint:
    """Return the checkpoint that the entry is shown to stand in.

    Args:
        proof: the parts of the proof file.
        entry: the entry's exact bytes.
        keys: known keys, witnesses among them; one of a log must have signed.
        origin: name of the log.

    Raises:
        Malformed: when the checkpoint is none.
        Refused: when the checkpoint is not the log's, or the hashes do not lead from the entry to it.
    """
    note = open_note(proof.checkpoint, keys)
    found = read_checkpoint(note.text)
    if found.origin != origin or all(one.key.name != origin for one in note.signed):
        raise Refused("the checkpoint is not signed by the log")
    if not includes(proof.index, found.size, leaf_hash(entry), proof.hashes, found.root):
        raise Refused("the hashes do not lead from the entry to the checkpoint's root")
    return found
