"""The erasable sidecar of the commitments: one file of fixed slots per writer and segment.

Slot of 64 bytes: record id 16 | label 15, padded with NUL | state 1 | nonce 32. Erasing overwrites state
and nonce in place; the segment, its leaves and every proof stay as they are. Written by the log's writer
thread only; erased by anyone who may write the vault.
"""

import os
from collections.abc import Collection, Iterator
from pathlib import Path
from struct import Struct
from typing import Any

from audit.errors import RecordRefused
from audit.ports import Ports
from audit.vault.commitment import MAX_LABEL_BYTES, NONCE_BYTES
from audit.vault.sidecar import Sidecar

_SLOT = Struct(">16s15sB32s")
_ID_BYTES = 16
_STATE_AT = 31
_LIVE, _ERASED = 1, 2


def pack(record_id: Any, nonces: tuple[tuple[str, bytes], ...]) -> bytes:
    """Return the slots of one record's nonces; also of none, because every record needs a proper id.

    Raises:
        RecordRefused: `record.value` when the id is not 32 hex digits.
    """
    try:
        key = bytes.fromhex(record_id)
    except (TypeError, ValueError):
        key = b""
    if len(key) != _ID_BYTES or len(record_id) != 2 * _ID_BYTES:
        raise RecordRefused("record.value", "a record's id is 32 hex digits")
    return b"".join(_SLOT.pack(key, label.encode(), _LIVE, nonce) for label, nonce in nonces)


class NonceFile(Sidecar):
    """The open sidecar of one writer.

    Args:
        folder: `<log>/vault/nonces/<slot>`.
        ports: the machine.
    """

    def __init__(self, folder: Path, ports: Ports) -> None:
        super().__init__(folder, ports, _whole)


def _whole(fd: int) -> int:
    size = os.fstat(fd).st_size
    return size - size % _SLOT.size


def of_segment(path: Path, label: str) -> dict[bytes, bytes | None]:
    """Return the nonces of one field for all records of a segment, by record id; None for an erased one.

    Args:
        path: the segment's file in the vault; nothing is found where it is not.
        label: name of the field.
    """
    wanted = label.encode().ljust(MAX_LABEL_BYTES, b"\x00")
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return {}
    slots = _SLOT.iter_unpack(data[: len(data) - len(data) % _SLOT.size])
    return {key: nonce if state == _LIVE else None for key, name, state, nonce in slots if name == wanted}


def unpack(slots: bytes, label: str) -> bytes:
    """Return the nonce of a field from one record's slots, as `pack` made them; nothing where it has none."""
    wanted = label.encode().ljust(MAX_LABEL_BYTES, b"\x00")
    whole = slots[: len(slots) - len(slots) % _SLOT.size]
    return next((nonce for _, name, _, nonce in _SLOT.iter_unpack(whole) if name == wanted), b"")


def find(vault: Path, record_id: str, label: str) -> bytes | None:
    """Return a nonce, or None where it was erased or never kept."""
    key, wanted = bytes.fromhex(record_id), label.encode()
    for path in sorted(vault.glob("nonces/*/*.bin")):
        data = path.read_bytes()
        for found, at in _places(data):
            if found == key:
                _, name, state, nonce = _SLOT.unpack_from(data, at)
                if name.rstrip(b"\x00") == wanted and state == _LIVE:
                    return bytes(nonce)
    return None


def erase(vault: Path, record_id: str) -> int:
    """Overwrite all nonces of a record, durably; return how many there were."""
    return erase_all(vault, {bytes.fromhex(record_id)}, Ports())


def erase_all(vault: Path, keys: Collection[bytes], ports: Ports) -> int:
    """Overwrite all nonces of some records, durably; return how many there were.

    From then on their commitments prove nothing and betray nothing.

    Raises:
        OSError: when the disk refuses; erasing again finishes what was begun.
    """
    count = 0
    for path in sorted(vault.glob("nonces/*/*.bin")):
        try:
            places = [at for key, at in _places(path.read_bytes()) if key in keys]
        except FileNotFoundError:  # pruned meanwhile
            continue
        if places:
            _overwrite(path, places, ports)
        count += len(places)
    return count


def live(vault: Path) -> Iterator[bytes]:
    """Yield the ids of the records that have nonces which weren't erased, once for each nonce."""
    for path in sorted(vault.glob("nonces/*/*.bin")):
        try:
            data = path.read_bytes()
        except FileNotFoundError:  # pruned meanwhile
            continue
        yield from (key for key, at in _places(data) if data[at + _STATE_AT] == _LIVE)


def _overwrite(path: Path, places: list[int], ports: Ports) -> None:
    fd = os.open(path, os.O_RDWR)
    try:
        for at in places:
            ports.write_all(fd, bytes([_ERASED]) + bytes(NONCE_BYTES), at + _STATE_AT)
        ports.fdatasync(fd)
    finally:
        os.close(fd)


def _places(data: bytes) -> Iterator[tuple[bytes, int]]:
    for at in range(0, len(data) - _SLOT.size + 1, _SLOT.size):
        yield data[at : at + _ID_BYTES], at
