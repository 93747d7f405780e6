"""Frames of a segment file: u32 length | u32 CRC-32 | body, both numbers big-endian.

The CRC (zlib's CRC-32, over length and body) finds torn writes and rotten bits at memory speed with the
standard library alone; against people it is worth nothing, that is the tree's work. A length of zero is
no frame: the rest of an open segment is zeros, written ahead.
"""

from collections.abc import Iterator
from struct import Struct
from zlib import crc32

from audit.canonical import MAX_BYTES

HEADER_BYTES = 8
_LENGTH = Struct(">I")
_HEADER = Struct(">II")


def pack(body: bytes) -> bytes:
    """Return `body` as a frame."""
    length = _LENGTH.pack(len(body))
    return length + _LENGTH.pack(crc32(body, crc32(length))) + body


def scan(data: bytes, offset: int = 0) -> Iterator[tuple[int, bytes]]:
    """Yield (offset after the frame, body) for each whole frame; stop at the first that is not."""
    end = len(data)
    unpack = _HEADER.unpack_from
    while offset + HEADER_BYTES <= end:
        length, crc = unpack(data, offset)
        start = offset + HEADER_BYTES
        if not 0 < length <= MAX_BYTES or start + length > end:
            return
        body = data[start : start + length]
        if crc32(body, crc32(data[offset : offset + 4])) != crc:
            return
        offset = start + length
        yield offset, body
