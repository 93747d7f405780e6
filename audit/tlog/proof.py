"""A file that proves that one entry is in a log, to whoever has the keys (C2SP tlog-proof)."""

from dataclasses import dataclass
from typing import Self

from audit.errors import TlogRefused
from audit.tlog.forms import HASH_BYTES, SIZE_LIMIT, base64, number, unbase64, unbase64_hash
from audit.tlog.tree import leaf_hash, verify_inclusion
from audit.tlog.trust import Trusted, TrustPolicy

HEADER = "c2sp.org/tlog-proof@v1"
MAX_HASHES = 63  # of an inclusion proof in a tree of fewer than 2^63 leaves


class ProofRefused(TlogRefused):
    """The file is no proof, or proves something else.

    Codes: `proof.format`, `proof.extra`, `proof.index`, `proof.hash`, `proof.inclusion` (the entry does not
    stand there in the checkpoint's tree).
    """


@dataclass(frozen=True, slots=True)
class LogProof:
    """Where an entry stands, why, and in which tree; not verified.

    Attributes:
        index: of the entry in the log, from 0.
        hashes: the audit path, nearest sibling first.
        checkpoint: a signed note, verbatim.
        extra: opaque, signed by nobody; empty if there is none.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes = b""

    def __post_init__(self) -> None:
        if not 0 <= self.index < SIZE_LIMIT:
            raise ProofRefused("proof.index", "an index is between 0 and 2^63 - 1")
        if len(self.hashes) > MAX_HASHES or any(len(each) != HASH_BYTES for each in self.hashes):
            raise ProofRefused("proof.hash", f"a proof has at most {MAX_HASHES} hashes of {HASH_BYTES} bytes")
        if not self.checkpoint:
            raise ProofRefused("proof.format", "a proof ends in a checkpoint")

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read the form; the checkpoint is not looked at.

        Raises:
            ProofRefused: any of its codes but `proof.inclusion`.
        """
        head, gap, checkpoint = data.partition(b"\n\n")
        try:
            header, *lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError as error:
            raise ProofRefused("proof.format", "the lines above the checkpoint are ASCII") from error
        if header != HEADER or not gap:
            raise ProofRefused("proof.format", f"a proof starts with {HEADER} and has an empty line")
        extra: bytes | None = b""
        if lines and lines[0].startswith("extra "):
            extra = unbase64(lines.pop(0).removeprefix("extra "))
            if not extra:
                raise ProofRefused("proof.extra", "extra data is base64, and omitted if there is none")
        index = number(lines[0].removeprefix("index ")) if lines and lines[0].startswith("index ") else None
        if index is None:
            raise ProofRefused("proof.index", "the next line is `index` and a plain decimal")
        hashes = [unbase64_hash(line) for line in lines[1:]]
        if None in hashes:
            raise ProofRefused("proof.hash", f"a line is not {HASH_BYTES} bytes in base64")
        return cls(index, tuple(each for each in hashes if each is not None), checkpoint, extra or b"")

    def __bytes__(self) -> bytes:
        lines = [HEADER]
        if self.extra:
            lines.append(f"extra {base64(self.extra)}")
        lines += [f"index {self.index}", *map(base64, self.hashes), "", ""]
        return "\n".join(lines).encode() + self.checkpoint

    def verify(self, entry: bytes, policy: TrustPolicy) -> Trusted:
        """Return the trusted checkpoint in whose tree `entry` stands at `index`.

        Raises:
            NoteRefused: when the checkpoint's note does not open.
            PolicyRefused: when the policy is not met.
            ProofRefused: `proof.inclusion`.
        """
        trusted = policy.check(self.checkpoint)
        tree = trusted.checkpoint
        if not verify_inclusion(self.index, tree.size, leaf_hash(entry), self.hashes, tree.root):
            raise ProofRefused("proof.inclusion", f"the entry is not number {self.index} of {tree.size}")
        return trusted
