"""Entry bundles: up to 256 entries in one file (C2SP tlog-tiles, "Log entries"). Knows no record."""

from collections.abc import Sequence

from audit.errors import TlogRefused
from audit.tlog.tiles import FULL

MAX_ENTRY_BYTES = 0xFFFF
_LENGTH_BYTES = 2


class BundleRefused(TlogRefused):
    """The bytes are no bundle, or the entries make none.

    Codes: `bundle.format` (lengths and bytes disagree), `bundle.count`, `bundle.entry_too_long`.
    """


def pack(entries: Sequence[bytes]) -> bytes:
    """Return the bundle of 1 to 256 entries: each a big-endian u16 length and its bytes.

    Raises:
        BundleRefused: `bundle.count`, `bundle.entry_too_long`.
    """
    if not 1 <= len(entries) <= FULL:
        raise BundleRefused("bundle.count", f"a bundle holds 1 to {FULL} entries")
    if any(len(entry) > MAX_ENTRY_BYTES for entry in entries):
        raise BundleRefused("bundle.entry_too_long", f"an entry has at most {MAX_ENTRY_BYTES} bytes")
    return b"".join(part for entry in entries for part in (len(entry).to_bytes(_LENGTH_BYTES, "big"), entry))


def unpack(data: bytes, count: int | None = None) -> list[bytes]:
    """Return the entries of a bundle, which has nothing before, between or after them.

    Args:
        count: how many there must be; None takes 1 to 256.

    Raises:
        BundleRefused: `bundle.format`, `bundle.count`.
    """
    entries: list[bytes] = []
    place = 0
    while place < len(data) and len(entries) <= FULL:
        start = place + _LENGTH_BYTES
        place = start + int.from_bytes(data[place:start], "big")
        if start > len(data) or place > len(data):
            raise BundleRefused("bundle.format", "the bundle ends inside an entry")
        entries.append(data[start:place])
    if not 1 <= len(entries) <= FULL or count not in {None, len(entries)}:
        raise BundleRefused("bundle.count", f"{len(entries)} entries, not {count or f'1 to {FULL}'}")
    return entries
