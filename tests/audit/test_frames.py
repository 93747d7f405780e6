"""Pins the frames of a segment file."""

import struct
import zlib

from hypothesis import given
from hypothesis import strategies as st

from audit.frames import pack, scan

BODIES = st.lists(st.binary(min_size=1, max_size=80), max_size=6)


@given(BODIES)
def test_what_is_packed_is_scanned(bodies: list[bytes]) -> None:
    """Frames read back whole and in order, and zeros after them end the scan."""
    data = b"".join(map(pack, bodies))
    assert bodies == [body for _, body in scan(data)]
    assert bodies == [body for _, body in scan(data + bytes(64))]


def test_the_layout_is_as_documented() -> None:
    """A frame is u32 length, u32 CRC-32 over length and body, body, big-endian."""
    length = struct.pack(">I", 3)
    assert pack(b"abc") == length + struct.pack(">I", zlib.crc32(length + b"abc")) + b"abc"


@given(st.data())
def test_a_flipped_bit_ends_the_scan_before_it(data: st.DataObject) -> None:
    """No damaged frame is ever taken for a whole one."""
    bodies = data.draw(BODIES.filter(bool))
    whole = b"".join(map(pack, bodies))
    bit = data.draw(st.integers(0, len(whole) * 8 - 1))
    spoiled = bytearray(whole)
    spoiled[bit // 8] ^= 1 << bit % 8
    found = [body for _, body in scan(bytes(spoiled))]
    assert found == bodies[: len(found)]
    assert len(found) < len(bodies)
