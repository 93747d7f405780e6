"""What a writer puts beside its records and must be able to take back: nonces, questions, sealed payloads."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from audit.ports import Ports
from audit.vault import payloads, questions
from audit.vault.gates import Gate
from audit.vault.nonces import NonceFile
from audit.vault.payloads import PayloadFile
from audit.vault.questions import QuestionFile
from audit.vault.sidecar import Sidecar
from audit.vault.tombstones import Tombstones
from audit.writing.group import Group, Kept


@dataclass(frozen=True, slots=True)
class Vault:
    """The writer's sidecars.

    Attributes:
        gate: to be entered around everything that is written of one group, also to the log itself.
        erased: what must not be kept any more.
        nonces: what opens the commitments.
        questions: what policies were asked; None where that is not kept.
        sealed: prompts and replies as ciphertext; None where nothing can be sealed.
    """

    gate: Gate
    erased: Tombstones
    nonces: NonceFile
    questions: QuestionFile | None
    sealed: PayloadFile | None

    @classmethod
    def open(cls, vault: Path, slot: str, ports: Ports, *, keep_questions: bool, seals: bool = False) -> Self:
        """Make the folders of one writer; the files follow with its first records.

        Args:
            vault: the log's vault.
            slot: name of the writer.
            ports: the machine.
            keep_questions: whether to keep what policies were asked.
            seals: whether payloads may be brought to be sealed.

        Raises:
            OSError: when a folder can't be made.
        """
        beside = private(vault / "nonces" / slot)
        asked = private(vault / "questions" / slot) if keep_questions else None
        sealed = private(private(vault / "sealed") / slot) if seals else None
        return cls(
            Gate(beside),
            Tombstones(vault),
            NonceFile(beside, ports),
            QuestionFile(asked, ports) if asked else None,
            PayloadFile(sealed, ports) if sealed else None,
        )

    @property
    def _files(self) -> tuple[Sidecar | None, ...]:
        return (self.nonces, self.questions, self.sealed)

    @property
    def dirty(self) -> bool:
        """Whether something was written and not synced."""
        return (
            self.nonces.dirty
            or (self.questions is not None and self.questions.dirty)
            or (self.sealed is not None and self.sealed.dirty)
        )

    def append(self, segment: str, group: Group) -> None:
        """Write what belongs to the records of a group, except for what is erased already.

        Raises:
            OSError: when the disk refuses.
        """
        kept: list[Kept] = group.kept
        if not kept:
            return
        if gone := self.erased.current():
            kept = [each for each in kept if gone.isdisjoint((each.sref, each.id, each.ref))]
        self._append(self.nonces, segment, b"".join([each.slots for each in kept]))
        if self.questions is not None:
            asked = [(each.id, each.question) for each in kept if each.question is not None]
            self._append(self.questions, segment, questions.pack(asked))
        if self.sealed is not None:
            sealed = [payloads.pack(each.id, each.sealed) for each in kept if each.sealed]
            self._append(self.sealed, segment, b"".join(sealed))

    @staticmethod
    def _append(file: Sidecar, segment: str, entries: bytes) -> None:
        if entries:
            file.append(segment, entries)

    def sync(self) -> None:
        """Make everything durable.

        Raises:
            OSError: when the disk refuses.
        """
        for file in self._files:
            if file is not None:
                file.sync()

    def close(self) -> None:
        """Close the files without a sync; `append` opens them anew."""
        for file in self._files:
            if file is not None:
                file.close()

    def release(self) -> None:
        """Close the files and give up the gate, for good."""
        self.close()
        self.gate.close()


def private(folder: Path) -> Path:
    """Make a folder, closed to everybody else: the vault holds what undoes the pseudonyms."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_mode & 0o077:
        folder.chmod(0o700)
    return folder
