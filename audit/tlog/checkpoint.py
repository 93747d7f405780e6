"""The text of a checkpoint: which tree, how large, what root (C2SP tlog-checkpoint). Knows no signature."""

from dataclasses import dataclass
from typing import Self

from typing_extensions import override

from audit.errors import TlogRefused
from audit.tlog.forms import HASH_BYTES, SIZE_LIMIT, base64, is_clean, number, unbase64_hash
from audit.tlog.tree import EMPTY_ROOT

_LINES = 3


class CheckpointRefused(TlogRefused):
    """The text is no checkpoint.

    Codes: `checkpoint.format` (lines), `checkpoint.origin`, `checkpoint.size`, `checkpoint.root`,
    `checkpoint.extension`.
    """


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One state of one log.

    Attributes:
        origin: the log's identity, one line.
        size: number of leaves, below 2^63.
        root: RFC 6962 root hash at that size.
        extensions: opaque lines; Regent writes none.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.origin or not is_clean(self.origin):
            raise CheckpointRefused("checkpoint.origin", "an origin is one line that is not empty")
        if not 0 <= self.size < SIZE_LIMIT:
            raise CheckpointRefused("checkpoint.size", "a size is between 0 and 2^63 - 1")
        if len(self.root) != HASH_BYTES:
            raise CheckpointRefused("checkpoint.root", f"a root has {HASH_BYTES} bytes")
        if not all(line and is_clean(line) for line in self.extensions):
            raise CheckpointRefused("checkpoint.extension", "an extension is one line that is not empty")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text of a note, with its last newline.

        A root that cannot be the root of its size is taken as it stands, also at size 0: see `is_possible`.

        Raises:
            CheckpointRefused: any of its codes.
        """
        if not text.endswith("\n"):
            raise CheckpointRefused("checkpoint.format", "a checkpoint ends in a newline")
        lines = text[:-1].split("\n")
        if len(lines) < _LINES:
            raise CheckpointRefused("checkpoint.format", "a checkpoint has at least three lines")
        origin, size_text, root_text, *extensions = lines
        size, root = number(size_text), unbase64_hash(root_text)
        if size is None:
            raise CheckpointRefused("checkpoint.size", "the size is no plain decimal below 2^63")
        if root is None:
            raise CheckpointRefused("checkpoint.root", f"the root is not {HASH_BYTES} bytes in base64")
        return cls(origin, size, root, tuple(extensions))

    @override
    def __str__(self) -> str:
        return "\n".join((self.origin, str(self.size), base64(self.root), *self.extensions, ""))

    @property
    def is_possible(self) -> bool:
        """False for a tree of no leaves with another root than the empty tree's; the rest takes a proof."""
        return self.size > 0 or self.root == EMPTY_ROOT
