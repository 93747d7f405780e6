"""The questions that policies were asked, as recorded: one erasable file per writer and segment.

A record holds only a commitment to its question (`policy.input_commit`). The question itself, facts
without any text of a prompt, names its subject and its address, so it stands in the vault and nowhere else:
as JSON in frames of `audit.vault.erasable`. What is read counts only when it opens the record's commitment.
"""

import os
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Literal

import orjson

from audit.ports import Ports
from audit.vault import erasable
from audit.vault.commitment import opens
from audit.vault.erasable import Frame
from audit.vault.nonces import of_segment
from audit.vault.sidecar import Sidecar

LABEL = "input"
MAX_BYTES = 1 << 20
"""A longer question isn't kept; those of the gateway have a few thousand bytes."""

_MAGIC = b"rgq1"

Gone = Literal["erased", "absent", "altered"]


def pack(questions: Iterable[tuple[str, bytes]]) -> bytes:
    """Return the frames of some records' questions, each given as (record id, JSON)."""
    parts: list[bytes] = []
    for record_id, question in questions:
        if len(question) <= MAX_BYTES:
            parts += erasable.pack(_MAGIC, bytes.fromhex(record_id), len(question)), question
    return b"".join(parts)


class QuestionFile(Sidecar):
    """The open sidecar of one writer.

    Args:
        folder: `<log>/vault/questions/<slot>`.
        ports: the machine.
    """

    def __init__(self, folder: Path, ports: Ports) -> None:
        super().__init__(folder, ports, erasable.whole(_MAGIC))


class Questions:
    """The questions of one segment, for reading. Keeps about 400 bytes per record, and no question.

    Args:
        vault: the log's vault.
        slot: name of the writer.
        segment: name of the segment.
    """

    def __init__(self, vault: Path, slot: str, segment: str) -> None:
        self._beside = vault / "nonces" / slot / f"{segment}.bin"
        self._path = vault / "questions" / slot / f"{segment}.bin"
        self._size = 0
        self._fd = -1
        self._load()

    def _load(self) -> None:
        self.close()
        self._nonces = of_segment(self._beside, LABEL)
        self._frames: dict[bytes, Frame] = {}
        try:
            file = erasable.open_to_read(self._path)
        except FileNotFoundError:
            return
        with file:
            self._size = os.fstat(file.fileno()).st_size
            self._frames = {frame.key: frame for frame in erasable.scan(file, _MAGIC)}
            self._fd = os.dup(file.fileno())

    def _has_grown(self) -> bool:
        """Whether more was written since: of a live log, a record may be read that came later than this."""
        try:
            return self._path.stat().st_size > self._size
        except FileNotFoundError:
            return False

    def get(self, record_id: str, commitment: str) -> bytes | Gone:
        """Return the question that a record commits to, or why there is none.

        Args:
            record_id: id of the record.
            commitment: its `policy.input_commit`.

        Returns:
            the question's JSON; `erased`; `absent` when it was never kept or is lost; `altered` when what is
            there isn't what the record commits to.
        """
        key = bytes.fromhex(record_id)
        if key not in self._frames and self._has_grown():
            self._load()
        frame, nonce = self._frames.get(key), self._nonces.get(key, b"")
        if nonce is None or (frame is not None and frame.erased):
            return "erased"
        if frame is None or not nonce:
            return "absent"
        data = erasable.body(self._fd, frame)
        return data if opens(commitment, nonce=nonce, label=LABEL, data=data) else "altered"

    def close(self) -> None:
        """Close the file; harmless when repeated."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1


def erase(vault: Path, keys: Collection[bytes], ports: Ports, subject: str | None = None) -> list[bytes]:
    """Overwrite questions, durably; return the ids of their records.

    Args:
        vault: the log's vault.
        keys: ids of records.
        ports: the machine.
        subject: whose questions go besides, whatever their record: a question names its subject, and the
            record of one may have been lost in a crash.

    Raises:
        OSError: when the disk refuses.
    """
    name = orjson.dumps(subject) if subject is not None else None

    def meant(fd: int, frame: Frame) -> bool:
        if frame.key in keys:
            return True
        return name is not None and not frame.erased and _asks(erasable.body(fd, frame), name)

    return erasable.erase(sorted(vault.glob("questions/*/*.bin")), _MAGIC, meant, ports)


def _asks(question: bytes, name: bytes) -> bool:
    """Whether it was `name`, in JSON, who asked; one that is merely mentioned didn't."""
    if name not in question:
        return False
    try:
        return bool(orjson.loads(question)["subject"]["id"] == orjson.loads(name))
    except (ValueError, KeyError, TypeError):
        return True  # it can't be read, and the name stands in it
