"""A log that grows, and can grow into a fork: checkpoints and proofs for witnesses."""

from collections.abc import Sequence

from audit.tlog.checkpoint import Checkpoint
from audit.tlog.keys import SigningKey
from audit.tlog.note import sign_note
from audit.tlog.tree import consistency_proof, leaf_hash, root_of

ORIGIN = "log.example/a"


class GrowingLog:
    """A signed log of numbered leaves; two with one key and different words are a fork.

    Args:
        word: what the leaves say.
        key: signs its checkpoints.
    """

    def __init__(self, word: str = "leaf", key: SigningKey | None = None) -> None:
        self.key = key or SigningKey.generate(ORIGIN)
        self.leaves = [leaf_hash(f"{word} {number}".encode()) for number in range(64)]
        self.proven: list[tuple[int, int]] = []

    def note(self, size: int) -> bytes:
        """Return the signed checkpoint at a size."""
        return sign_note(self.text(size), [self.key])

    def text(self, size: int) -> str:
        """Return the text of the checkpoint at a size."""
        return str(Checkpoint(self.key.name, size, root_of(self.leaves[:size])))

    def proof(self, old: int, new: int) -> list[bytes]:
        """Return a consistency proof; from 0 it is empty."""
        return consistency_proof(self.leaves[:new], old) if old else []

    async def prove(self, old: int, new: int) -> Sequence[bytes]:
        """Return a consistency proof as a client asks for it."""
        self.proven.append((old, new))
        return self.proof(old, new)
