"""What a writer puts beside its records and must be able to take back: nonces and questions."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from audit.ports import Ports
from audit.vault.nonces import NonceFile
from audit.vault.questions import QuestionFile, pack
from audit.writing.group import Group


@dataclass(frozen=True, slots=True)
class Vault:
    """The writer's sidecars.

    Attributes:
        nonces: what opens the commitments.
        questions: what policies were asked; None where that is not kept.
    """

    nonces: NonceFile
    questions: QuestionFile | None

    @classmethod
    def open(cls, vault: Path, slot: str, ports: Ports, *, keep_questions: bool) -> Self:
        """Make the folders of one writer; the files follow with its first records.

        Args:
            vault: the log's vault.
            slot: name of the writer.
            ports: the machine.
            keep_questions: whether to keep what policies were asked.

        Raises:
            OSError: when a folder can't be made.
        """
        nonces = NonceFile(private(vault / "nonces" / slot), ports)
        if not keep_questions:
            return cls(nonces, None)
        return cls(nonces, QuestionFile(private(vault / "questions" / slot), ports))

    @property
    def dirty(self) -> bool:
        """Whether something was written and not synced."""
        return self.nonces.dirty or (self.questions is not None and self.questions.dirty)

    def append(self, segment: str, group: Group) -> None:
        """Write what belongs to the records of a group.

        Raises:
            OSError: when the disk refuses.
        """
        if group.slots:
            self.nonces.append(segment, b"".join(group.slots))
        if self.questions is not None and group.questions:
            self.questions.append(segment, pack(group.questions))

    def sync(self) -> None:
        """Make everything durable.

        Raises:
            OSError: when the disk refuses.
        """
        self.nonces.sync()
        if self.questions is not None:
            self.questions.sync()

    def close(self) -> None:
        """Close without a sync."""
        self.nonces.close()
        if self.questions is not None:
            self.questions.close()


def private(folder: Path) -> Path:
    """Make a folder, closed to everybody else: the vault holds what undoes the pseudonyms."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_mode & 0o077:
        folder.chmod(0o700)
    return folder
