"""From the bytes of a segment file to its frames, and from their bodies to the tree. Knows no record."""

from collections.abc import Iterator
from hashlib import sha256
from struct import Struct
from zlib import crc32

HEADER_BYTES = 8
MAX_BODY_BYTES = 65_535
_HEADER = Struct(">II")


def frames(data: bytes, offset: int) -> Iterator[tuple[int, bytes]]:
    """Yield (end, body) of each whole frame: u32 length, u32 CRC-32 of length and body, body."""
    size = len(data)
    while offset + HEADER_BYTES <= size:
        length, crc = _HEADER.unpack_from(data, offset)
        start = offset + HEADER_BYTES
        body = data[start : start + length] if 0 < length <= MAX_BODY_BYTES else b""
        if not body or len(body) != length or crc32(body, crc32(data[offset : offset + 4])) != crc:
            return
        offset = start + length
        yield offset, body


class Tree:
    """RFC 6962, section 2.1: roots of the complete subtrees, largest first."""

    __slots__ = ("edge", "size")

    def __init__(self) -> None:
        self.edge: list[bytes] = []
        self.size = 0

    def append(self, body: bytes) -> None:
        """Add the leaf SHA-256(0x00 || body)."""
        digest, rest, edge = sha256(b"\x00" + body).digest(), self.size, self.edge
        while rest & 1:
            digest = sha256(b"\x01" + edge.pop() + digest).digest()
            rest >>= 1
        edge.append(digest)
        self.size += 1

    def root(self) -> str:
        """Return the root in hex."""
        digest = self.edge[-1] if self.edge else sha256(b"").digest()
        for left in reversed(self.edge[:-1]):
            digest = sha256(b"\x01" + left + digest).digest()
        return digest.hex()
