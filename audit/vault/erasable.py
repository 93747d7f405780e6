"""Frames that can be overwritten in place: how questions and sealed payloads stand in their sidecars.

magic 4 | record id 16 | length u32 | CRC-32 of id and length | state 1 | 3 zeros | body, big-endian. Erasing
overwrites state and body, so that what follows is still found. The CRC is for finding the next frame behind a
broken one; it binds nothing. What a body means is its owner's business, and so is checking it.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from struct import Struct
from typing import BinaryIO, NamedTuple
from zlib import crc32

from audit.ports import Ports

_HEAD = Struct(">4s16sIIB3x")
_KEYED = Struct(">16sI")
_STATE_AT = 28
_LIVE, _ERASED = 1, 2
_BUFFER_BYTES = 1 << 20
_WINDOW_BYTES = 1 << 16


class Frame(NamedTuple):
    """Where one body stands: offset of its head, id of its record, whether it was erased, its length."""

    at: int
    key: bytes
    erased: bool
    length: int

    @property
    def end(self) -> int:
        """Offset behind the body."""
        return self.at + _HEAD.size + self.length


def pack(magic: bytes, key: bytes, length: int) -> bytes:
    """Return the head of a frame, which the body follows."""
    return _HEAD.pack(magic, key, length, crc32(_KEYED.pack(key, length)), _LIVE)


def unpack(data: bytes, magic: bytes) -> list[bytes]:
    """Return the bodies of frames that follow each other, up to the first that is none."""
    bodies, at = [], 0
    while at + _HEAD.size <= len(data):
        found, key, length, crc, _ = _HEAD.unpack_from(data, at)
        at += _HEAD.size + length
        if found != magic or crc != crc32(_KEYED.pack(key, length)) or at > len(data):
            break
        bodies.append(data[at - length : at])
    return bodies


def body(fd: int, frame: Frame) -> bytes:
    """Return a frame's body."""
    return os.pread(fd, frame.length, frame.at + _HEAD.size)


def scan(file: BinaryIO, magic: bytes) -> Iterator[Frame]:
    """Yield every whole frame of an open file, also those behind something that is none."""
    size, at = os.fstat(file.fileno()).st_size, 0
    while at + _HEAD.size <= size:
        file.seek(at)
        head = file.read(_HEAD.size)
        if len(head) < _HEAD.size:  # cut meanwhile
            return
        found, key, length, crc, state = _HEAD.unpack(head)
        frame = Frame(at, key, state != _LIVE, length)
        if found == magic and crc == crc32(_KEYED.pack(key, length)) and frame.end <= size:
            yield frame
            at = frame.end
        else:
            at = _next_magic(file, at + 1, magic)


def whole(magic: bytes) -> Callable[[int], int]:
    """Return what tells where the last whole frame of an open file ends."""

    def end_of(fd: int) -> int:
        end = 0
        with os.fdopen(os.dup(fd), "rb", _BUFFER_BYTES) as file:
            for frame in scan(file, magic):
                end = frame.end
        return end

    return end_of


def open_to_read(path: Path) -> BinaryIO:
    """Return a sidecar, buffered for a scan."""
    return path.open("rb", _BUFFER_BYTES)


def erase(
    paths: Iterable[Path],
    magic: bytes,
    meant: Callable[[int, Frame], bool],
    ports: Ports,
) -> list[bytes]:
    """Overwrite, durably, the frames that are meant, and return the ids of their records.

    Frames that were erased before are overwritten again: a crash may have come between state and rest.

    Args:
        paths: sidecars; one that is gone meanwhile has nothing to erase.
        magic: of their frames.
        meant: tells of an open file and a frame whether it goes.
        ports: the machine.

    Raises:
        OSError: when the disk refuses; erasing again finishes what was begun.
    """
    erased: list[bytes] = []
    for path in paths:
        try:
            file = open_to_read(path)
        except FileNotFoundError:
            continue
        with file:
            frames = [frame for frame in scan(file, magic) if meant(file.fileno(), frame)]
        if frames:
            _overwrite(path, frames, ports)
        erased += (frame.key for frame in frames)
    return erased


def _overwrite(path: Path, frames: list[Frame], ports: Ports) -> None:
    fd = os.open(path, os.O_RDWR)
    try:
        for frame in frames:
            ports.write_all(fd, bytes([_ERASED, 0, 0, 0]) + bytes(frame.length), frame.at + _STATE_AT)
        ports.fdatasync(fd)
    finally:
        os.close(fd)


def _next_magic(file: BinaryIO, at: int, magic: bytes) -> int:
    """Return where the next head may begin; beyond the end where there is none."""
    file.seek(at)
    while window := file.read(_WINDOW_BYTES):
        found = window.find(magic)
        if found >= 0:
            return at + found
        if len(window) < len(magic):
            break
        at += len(window) - len(magic) + 1
        file.seek(at)
    return at + _HEAD.size
