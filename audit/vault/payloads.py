"""Sealed payloads: prompts and replies as AES-256-GCM ciphertext, one erasable file per writer and segment.

A frame of `audit.vault.erasable` whose body is pseudonym 16 | label 15, padded with NUL | 0 | GCM nonce 12 |
ciphertext with its tag. The key is the subject's (`audit.vault.keys`); record id and label are authenticated
along, so a ciphertext can't be moved to another record or field. What was sealed still has to open the
record's commitment. Knows nothing of policies: whoever writes the record says what is sealed.
"""

import os
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from struct import Struct
from typing import Literal, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from audit.ports import Ports
from audit.vault import erasable
from audit.vault.erasable import Frame
from audit.vault.sidecar import Sidecar

MAX_BYTES = 1 << 20
"""The longest payload that is sealed, unless told otherwise."""
CEILING_BYTES = 16 << 20
"""The longest that may be asked for."""

Gone = Literal["erased", "absent", "altered"]

_MAGIC = b"rgs1"
_INNER = Struct(">16s15sx12s")
_PSEUDONYM_BYTES = 16
_NONCE_BYTES = 12
_CONTEXT = b"regent.payload/v1\x00"


@dataclass(frozen=True, slots=True)
class Sealing:
    """What payloads of one subject are sealed with.

    Attributes:
        sref: the subject's pseudonym.
        cipher: AES-256-GCM under the subject's data key.
        limit: bytes; a longer payload isn't sealed.
    """

    sref: str
    cipher: AESGCM
    limit: int


class Payload(NamedTuple):
    """One payload on its way into the vault; only its ciphertext reaches the disk."""

    label: str
    sealing: Sealing
    data: bytes


class Found(NamedTuple):
    """A sealed payload as it stands in a sidecar."""

    sref: str
    label: str
    nonce: bytes
    ciphertext: bytes
    erased: bool


def pack(record_id: str, payloads: Iterable[Payload]) -> bytes:
    """Return the frames of one record's payloads, sealed."""
    key = bytes.fromhex(record_id)
    parts: list[bytes] = []
    for label, sealing, data in payloads:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = sealing.cipher.encrypt(nonce, data, _bound(key, label))
        inner = _INNER.pack(bytes.fromhex(sealing.sref), label.encode(), nonce)
        parts += erasable.pack(_MAGIC, key, len(inner) + len(sealed)), inner, sealed
    return b"".join(parts)


def unpack(frames: bytes) -> list[Found]:
    """Return what one record's frames hold, as `pack` made them."""
    bodies = erasable.unpack(frames, _MAGIC)
    return [_read(each, erased=False) for each in bodies if len(each) >= _INNER.size]


class PayloadFile(Sidecar):
    """The open sidecar of one writer.

    Args:
        folder: `<log>/vault/sealed/<slot>`.
        ports: the machine.
    """

    def __init__(self, folder: Path, ports: Ports) -> None:
        super().__init__(folder, ports, erasable.whole(_MAGIC))


def find(vault: Path, record_id: str) -> list[Found]:
    """Return what is sealed of a record, erased pieces too.

    Raises:
        OSError: when a file can't be read.
    """
    key, found = bytes.fromhex(record_id), list[Found]()
    for path in _files(vault):
        with erasable.open_to_read(path) as file:
            frames = erasable.scan(file, _MAGIC)
            mine = (frame for frame in frames if frame.key == key and frame.length >= _INNER.size)
            found += [_found(file.fileno(), frame) for frame in mine]
    return found


class SealedPayloads:
    """The sealed payloads of one segment, for reading. Keeps about 300 bytes for each, and no payload.

    Args:
        vault: the log's vault.
        slot: name of the writer.
        segment: name of the segment.

    Raises:
        OSError: when the file can't be read.
    """

    def __init__(self, vault: Path, slot: str, segment: str) -> None:
        self._fd = -1
        self._frames: dict[bytes, list[Frame]] = {}
        try:
            file = erasable.open_to_read(vault / "sealed" / slot / f"{segment}.bin")
        except FileNotFoundError:
            return
        with file:
            for frame in erasable.scan(file, _MAGIC):
                if frame.length >= _INNER.size:
                    self._frames.setdefault(frame.key, []).append(frame)
            self._fd = os.dup(file.fileno())

    def find(self, record_id: str) -> list[Found]:
        """Return what is sealed of a record, erased pieces too."""
        return [_found(self._fd, frame) for frame in self._frames.get(bytes.fromhex(record_id), ())]

    def close(self) -> None:
        """Close the file; harmless when repeated."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1


def unseal(found: Found, record_id: str, cipher: AESGCM) -> bytes | None:
    """Return the payload, or None where it isn't what was sealed for this record and field."""
    try:
        return cipher.decrypt(found.nonce, found.ciphertext, _bound(bytes.fromhex(record_id), found.label))
    except InvalidTag:
        return None


def erase(vault: Path, keys: Collection[bytes], ports: Ports, sref: str | None = None) -> list[bytes]:
    """Overwrite sealed payloads, durably; return the ids of their records, once for each payload.

    Args:
        vault: the log's vault.
        keys: ids of records.
        ports: the machine.
        sref: whose payloads go besides, whatever their record: that may have been lost in a crash.

    Raises:
        OSError: when the disk refuses.
    """
    whose = bytes.fromhex(sref) if sref is not None else None

    def meant(fd: int, frame: Frame) -> bool:
        if frame.key in keys:
            return True
        return whose is not None and erasable.body(fd, frame)[:_PSEUDONYM_BYTES] == whose

    return erasable.erase(_files(vault), _MAGIC, meant, ports)


def _found(fd: int, frame: Frame) -> Found:
    return _read(erasable.body(fd, frame), erased=frame.erased)


def _read(data: bytes, *, erased: bool) -> Found:
    sref, label, nonce = _INNER.unpack_from(data)
    name = label.rstrip(b"\x00").decode("ascii", "replace")
    return Found(sref.hex(), name, nonce, data[_INNER.size :], erased)


def _files(vault: Path) -> list[Path]:
    return sorted(vault.glob("sealed/*/*.bin"))


def _bound(key: bytes, label: str) -> bytes:
    return _CONTEXT + key + label.encode()
