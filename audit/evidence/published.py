"""The merged log as it is published: its checkpoint, opened by the log's own keys, and the tree under it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from audit.errors import LogDamaged, LogUnavailable, TlogRefused
from audit.evidence.refused import EvidenceRefused
from audit.index import pruned
from audit.keys import verifiers
from audit.rotation import retired
from audit.tlog.checkpoint import Checkpoint
from audit.tlog.note import OpenedNote, open_note
from audit.tlog.tile_reader import TileReader
from audit.tlog.tiles import FULL

WHAT_TO_DO = "wait a second for the gateway's sequencer, or run `regent audit merge`"


@dataclass(frozen=True, slots=True)
class Published:
    """One state of a merged log. It stays what it is while the log grows.

    Attributes:
        folder: the log.
        signed: the checkpoint's exact bytes.
        note: the same, opened.
        checkpoint: what it states.
        tree: the entries under it, each checked against the root before it is given out.
        minimum: index of the first entry that was not pruned.
    """

    folder: Path
    signed: bytes
    note: OpenedNote
    checkpoint: Checkpoint
    tree: TileReader
    minimum: int

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Read what is published now.

        Raises:
            LogUnavailable: `log.cannot_open`.
            EvidenceRefused: `evidence.nothing_merged`.
            LogDamaged: `log.checkpoint`, `log.key`.
        """
        if not (folder / "origin.json").is_file():
            raise LogUnavailable("log.cannot_open", f"there is no log in {folder}")
        try:
            signed = (folder / "checkpoint").read_bytes()
            note = open_note(signed, [*verifiers(folder), *retired(folder)])
            stated = Checkpoint.parse(note.text)
        except FileNotFoundError as error:
            raise EvidenceRefused(
                "evidence.nothing_merged", f"nothing of this log is merged and signed yet: {WHAT_TO_DO}"
            ) from error
        except TlogRefused as error:
            raise LogDamaged("log.checkpoint", f"the checkpoint is not this log's: {error}") from error
        except OSError as error:
            raise LogUnavailable("log.cannot_open", f"cannot read the log: {error}") from error
        if not stated.size:
            raise EvidenceRefused("evidence.nothing_merged", f"the log has no entries yet: {WHAT_TO_DO}")
        tree = TileReader(lambda path: (folder / path).read_bytes(), stated.size, stated.root)
        return cls(folder, signed, note, stated, tree, pruned.minimum(folder))

    @property
    def size(self) -> int:
        """Entries under the checkpoint."""
        return self.checkpoint.size

    def entries(self, begin: int, end: int) -> Iterator[tuple[int, bytes]]:
        """Yield (index, entry) of a range, in order, a bundle in memory at a time.

        Raises:
            TlogRefused: the files aren't what the checkpoint stands for.
            OSError: they can't be read.
        """
        for bundle in range(begin // FULL, -(-end // FULL)):
            for index, entry in enumerate(self.tree.entries(bundle), bundle * FULL):
                if begin <= index < end:
                    yield index, entry

    def entry(self, index: int) -> bytes:
        """Return one entry.

        Raises:
            EvidenceRefused: `evidence.range`: there is none of this index under the checkpoint, or no more.
            TlogRefused, OSError: as `entries`.
        """
        if not self.minimum <= index < self.size:
            raise EvidenceRefused(
                "evidence.range", f"the checkpoint covers the entries {self.minimum} to {self.size - 1}"
            )
        return self.tree.entries(index // FULL)[index % FULL]
