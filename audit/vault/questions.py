"""The questions that policies were asked, as recorded: one erasable file per writer and segment.

A record holds only a commitment to its question (`policy.input_commit`). The question itself, facts
without any text of a prompt, names its subject and its address, so it stands in the vault and nowhere else:
frames of magic 4 | record id 16 | length u32 | CRC-32 of id and length | state 1 | 3 zeros | JSON. Erasing
overwrites state and JSON in place. What is read counts only when it opens the record's commitment; the CRC
is for finding the next frame behind a broken one.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from struct import Struct
from typing import BinaryIO, Literal, NamedTuple
from zlib import crc32

import orjson

from audit.ports import Ports
from audit.vault.commitment import opens
from audit.vault.nonces import of_segment
from audit.vault.sidecar import Sidecar

LABEL = "input"
MAX_BYTES = 1 << 20
"""A longer question isn't kept; those of the gateway have a few thousand bytes."""

_MAGIC = b"rgq1"
_HEAD = Struct(">4s16sIIB3x")
_KEYED = Struct(">16sI")
_STATE_AT = 28
_LIVE, _ERASED = 1, 2
_BUFFER_BYTES = 1 << 20
_WINDOW_BYTES = 1 << 16

Gone = Literal["erased", "absent", "altered"]


class Frame(NamedTuple):
    """Where one question stands: offset of its head, id of its record, and whether it was erased."""

    at: int
    key: bytes
    erased: bool
    length: int

    @property
    def end(self) -> int:
        """Offset behind the question."""
        return self.at + _HEAD.size + self.length


def pack(questions: Iterable[tuple[str, bytes]]) -> bytes:
    """Return the frames of some records' questions, each given as (record id, JSON)."""
    parts: list[bytes] = []
    for record_id, question in questions:
        key, length = bytes.fromhex(record_id), len(question)
        if length <= MAX_BYTES:
            parts += _HEAD.pack(_MAGIC, key, length, crc32(_KEYED.pack(key, length)), _LIVE), question
    return b"".join(parts)


class QuestionFile(Sidecar):
    """The open sidecar of one writer.

    Args:
        folder: `<log>/vault/questions/<slot>`.
        ports: the machine.
    """

    def __init__(self, folder: Path, ports: Ports) -> None:
        super().__init__(folder, ports, _whole)


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
            file = self._path.open("rb", _BUFFER_BYTES)
        except FileNotFoundError:
            return
        with file:
            self._size = os.fstat(file.fileno()).st_size
            self._frames = {frame.key: frame for frame in _frames(file)}
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
        data = os.pread(self._fd, frame.length, frame.at + _HEAD.size)
        return data if opens(commitment, nonce=nonce, label=LABEL, data=data) else "altered"

    def close(self) -> None:
        """Close the file; harmless when repeated."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1


def erase(vault: Path, record_id: str) -> int:
    """Overwrite the question of a record, durably; return how many there were (one at most, or none)."""
    key = bytes.fromhex(record_id)
    return sum(_overwrite(path, [frame for frame in _of(path) if frame.key == key]) for path in _files(vault))


def erase_subject(vault: Path, subject: str) -> int:
    """Overwrite every question that a subject asked, durably; return how many there were.

    A question names its subject, so it is the questions themselves that tell which ones are meant.
    """
    return sum(_overwrite(path, _asked_by(path, subject)) for path in _files(vault))


def _files(vault: Path) -> list[Path]:
    return sorted(vault.glob("questions/*/*.bin"))


def _of(path: Path) -> Iterator[Frame]:
    with path.open("rb", _BUFFER_BYTES) as file:
        yield from _frames(file)


def _asked_by(path: Path, subject: str) -> list[Frame]:
    name = orjson.dumps(subject)
    found = []
    with path.open("rb") as file:
        for frame in _of(path):
            data = os.pread(file.fileno(), frame.length, frame.at + _HEAD.size)
            if name in data and not frame.erased and orjson.loads(data)["subject"]["id"] == subject:
                found.append(frame)
    return found


def _overwrite(path: Path, frames: list[Frame]) -> int:
    if frames:
        fd = os.open(path, os.O_RDWR)
        try:
            for frame in frames:  # also one that was erased: a crash may have come between state and rest
                os.pwrite(fd, bytes([_ERASED, 0, 0, 0]) + bytes(frame.length), frame.at + _STATE_AT)
            os.fsync(fd)
        finally:
            os.close(fd)
    return len(frames)


def _whole(fd: int) -> int:
    end = 0
    with os.fdopen(os.dup(fd), "rb", _BUFFER_BYTES) as file:
        for frame in _frames(file):
            end = frame.end
    return end


def _frames(file: BinaryIO) -> Iterator[Frame]:
    """Yield every whole frame, also those behind something that is none."""
    size, at = os.fstat(file.fileno()).st_size, 0
    while at + _HEAD.size <= size:
        file.seek(at)
        head = file.read(_HEAD.size)
        if len(head) < _HEAD.size:  # cut meanwhile
            return
        magic, key, length, crc, state = _HEAD.unpack(head)
        frame = Frame(at, key, state != _LIVE, length)
        if magic == _MAGIC and crc == crc32(_KEYED.pack(key, length)) and frame.end <= size:
            yield frame
            at = frame.end
        else:
            at = _next_magic(file, at + 1)


def _next_magic(file: BinaryIO, at: int) -> int:
    """Return where the next head may begin; beyond the end where there is none."""
    file.seek(at)
    while window := file.read(_WINDOW_BYTES):
        found = window.find(_MAGIC)
        if found >= 0:
            return at + found
        if len(window) < len(_MAGIC):
            break
        at += len(window) - len(_MAGIC) + 1
        file.seek(at)
    return at + _HEAD.size
