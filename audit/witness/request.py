"""What a log sends to a witness: the body of `add-checkpoint`. Both sides use it; it verifies nothing."""

from dataclasses import dataclass
from typing import Self

from audit.errors import TlogRefused
from audit.tlog.forms import HASH_BYTES, SIZE_LIMIT, base64, number, unbase64_hash

MAX_HASHES = 63
# 63 hashes and a checkpoint with sixteen of the largest signatures that signed-note speaks of, and some room.
MAX_BODY = 128 * 1024
_HEAD_LIMIT = 4096  # the old size and 63 hashes have less than 3 KB


class RequestRefused(TlogRefused):
    """The body is no request of tlog-witness. Code: `witness.request`."""

    def __init__(self, message: str) -> None:
        super().__init__("witness.request", message)


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """A checkpoint and why it extends what the witness cosigned last.

    Attributes:
        old_size: size of that last one; 0 if there is none.
        proof: consistency proof from there; empty from 0.
        note: the signed checkpoint, verbatim.
    """

    old_size: int
    proof: tuple[bytes, ...]
    note: bytes

    def __post_init__(self) -> None:
        if not 0 <= self.old_size < SIZE_LIMIT:
            raise RequestRefused("the old size is between 0 and 2^63 - 1")
        if len(self.proof) > MAX_HASHES or any(len(each) != HASH_BYTES for each in self.proof):
            raise RequestRefused(f"a proof has at most {MAX_HASHES} hashes of {HASH_BYTES} bytes")

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """Read the form; whether the rest is a note is not looked at.

        Raises:
            RequestRefused: with its one code.
        """
        head, gap, note = body.partition(b"\n\n")
        if not gap or len(head) > _HEAD_LIMIT or not head.isascii():
            raise RequestRefused("a request has an old size, a proof, an empty line and a checkpoint")
        first, *lines = head.decode("ascii").split("\n")
        old_size = number(first.removeprefix("old ")) if first.startswith("old ") else None
        if old_size is None:
            raise RequestRefused("the first line is `old` and a plain decimal")
        proof = [unbase64_hash(line) for line in lines]
        if None in proof:
            raise RequestRefused(f"a line of the proof is not {HASH_BYTES} bytes in base64")
        return cls(old_size, tuple(each for each in proof if each is not None), note)

    def __bytes__(self) -> bytes:
        lines = [f"old {self.old_size}", *map(base64, self.proof), "", ""]
        return "\n".join(lines).encode() + self.note
