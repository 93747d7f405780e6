"""DER (ITU-T X.690), read element by element as Go's `cryptobyte` reads it; knows no certificate.

A library would give certificates as its own model; what OPA prints of them are the raw bytes of their
parts, and what it refuses is what Go refuses.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final, NamedTuple, TypeAlias

from rego.builtins.operands import refuse

OID: TypeAlias = tuple[int, ...]

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
OBJECT_IDENTIFIER: Final = 0x06
UTC_TIME: Final = 0x17
GENERALIZED_TIME: Final = 0x18
SEQUENCE: Final = 0x30
SET: Final = 0x31
CONTEXT: Final = 0x80
CONSTRUCTED: Final = 0x20

#: The longest integer, in bits. A longer one has more digits than Python prints, and computing with it
#: would let a small certificate cost minutes.
MAX_INTEGER_BITS: Final = 14_000
_HIGH_TAG: Final = 0x1F
_LONG: Final = 0x80
_MAX_LENGTH_OCTETS: Final = 4
_MAX_LENGTH: Final = 2**31
_MAX_ARC: Final = 2**31
_UTC_TIME: Final = re.compile(
    rb"([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})?(Z|[+-][0-9]{4})"
)
_GENERAL_TIME: Final = re.compile(
    rb"([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})(Z|[+-][0-9]{4})"
)


class Element(NamedTuple):
    """An element: its identifier octet, all its bytes, and its contents alone."""

    tag: int
    raw: bytes
    content: bytes


class BitString(NamedTuple):
    """A bit string: its bytes, and how many bits of them count."""

    content: bytes
    length: int

    def right_aligned(self) -> bytes:
        """Return the bits as the low ones of the bytes."""
        shift = len(self.content) * 8 - self.length
        if not shift:
            return self.content
        return (int.from_bytes(self.content) >> shift).to_bytes(len(self.content))

    def at(self, place: int) -> bool:
        """Tell a bit; those beyond the end are not set."""
        return place < self.length and bool(self.content[place // 8] >> (7 - place % 8) & 1)


class Reader:
    """Elements one after the other. Every method that reads raises `BuiltinError` at malformed ones."""

    __slots__ = ("_data", "_place")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    def __bool__(self) -> bool:
        return self._place < len(self._data)

    def peek(self, tag: int) -> bool:
        """Tell whether the next element has a tag."""
        return bool(self) and self._data[self._place] == tag

    def read(self, tag: int | None = None) -> Element:
        """Return the next element, which must have the tag, if one is given."""
        data, place = self._data, self._place
        if len(data) < place + 2 or data[place] & _HIGH_TAG == _HIGH_TAG:
            raise refuse("malformed DER: no element")
        found, length, body = data[place], data[place + 1], place + 2
        if length & _LONG:
            body += length & ~_LONG
            length = _long_length(data[place + 2 : body], length & ~_LONG)
        end = body + length
        if end > len(data) or (tag is not None and found != tag):
            raise refuse("malformed DER: element too short, or of another type")
        self._place = end
        return Element(found, data[place:end], data[body:end])

    def optional(self, tag: int) -> Element | None:
        """Return the next element if it has a tag."""
        return self.read(tag) if self.peek(tag) else None

    def explicit(self, number: int, tag: int) -> bytes | None:
        """Return the contents of an optional element in a context-specific one, as `encoding/asn1` reads it.

        That reads a key's last members loosely: it heeds no length of the outer element,
        and takes an inner one of another type for none.
        """
        data, place = self._data, self._place
        if place == len(data):
            return None
        outer, outer_length, body = _header(data, place)
        if body == len(data) or (not outer_length and outer & ~CONSTRUCTED == CONTEXT | number):
            raise refuse("explicit tag has no child")
        if outer != CONTEXT | CONSTRUCTED | number:
            return None
        inner, length, start = _header(data, body)
        if inner != tag:
            return None
        if start + length > len(data):
            raise refuse("data truncated")
        self._place = start + length
        return data[start : self._place]

    def following(self) -> int:
        """Return the identifier octet of what follows, whose header must be well-formed; 0 at the end."""
        return _header(self._data, self._place)[0] if self else 0

    def inside(self, tag: int = SEQUENCE) -> Reader:
        """Return a reader of the next element's contents."""
        return Reader(self.read(tag).content)

    def integer(self, tag: int = INTEGER) -> int:
        """Return the next element, an integer in the fewest octets."""
        raw = self.read(tag).content
        padded = len(raw) > 1 and ((raw[0] == 0 and raw[1] < _LONG) or (raw[0] == 0xFF and raw[1] >= _LONG))  # noqa: PLR2004 - sign octets
        if not raw or padded or len(raw) * 8 > MAX_INTEGER_BITS:
            raise refuse("malformed or too long an integer")
        return int.from_bytes(raw, signed=True)

    def small_integer(self, tag: int = INTEGER) -> int:
        """Return the next element, an integer of 64 bits."""
        found = self.integer(tag)
        if not -(2**63) <= found < 2**63:
            raise refuse("integer too large")
        return found

    def boolean(self) -> bool:
        """Return the next element, a boolean."""
        raw = self.read(BOOLEAN).content
        if raw not in {b"\x00", b"\xff"}:
            raise refuse("malformed boolean")
        return raw == b"\xff"

    def oid(self) -> OID:
        """Return the next element, an object identifier."""
        return oid_of(self.read(OBJECT_IDENTIFIER).content)

    def bits(self) -> BitString:
        """Return the next element, a bit string."""
        return bits_of(self.read(BIT_STRING).content)

    def time(self) -> datetime:
        """Return the next element, a UTCTime or a GeneralizedTime."""
        return time_of(self.read(UTC_TIME if self.peek(UTC_TIME) else GENERALIZED_TIME))


def _header(data: bytes, place: int) -> tuple[int, int, int]:
    """Return an element's identifier octet, its length, and where its contents begin; they may be cut off."""
    identifier = data[place]
    if identifier & _HIGH_TAG == _HIGH_TAG:
        place = _after_high_tag(data, place)
    if place + 1 >= len(data):
        raise refuse("malformed DER: no element")
    length, body = data[place + 1], place + 2
    if length & _LONG:
        count = length & ~_LONG
        length, body = _long_length(data[body : body + count], count), body + count
        if length >= _MAX_LENGTH:
            raise refuse("malformed DER: length")
    return identifier, length, body


def _after_high_tag(data: bytes, place: int) -> int:
    """Return the place of the last octet of an identifier of more than one (X.690 section 8.1.2.4)."""
    octets = data[place + 1 : place + 6]
    count = next((at for at, octet in enumerate(octets) if octet < _LONG), None)
    if count is None or octets[0] == _LONG or (count == 0 and octets[0] < _HIGH_TAG):
        raise refuse("malformed DER: identifier")
    return place + 1 + count


def _long_length(octets: bytes, count: int) -> int:
    length = int.from_bytes(octets)
    if not 0 < count <= _MAX_LENGTH_OCTETS or len(octets) < count or length < _LONG or octets[0] == 0:
        raise refuse("malformed DER: length")
    return length


def oid_of(raw: bytes) -> OID:
    """Return an object identifier from its contents."""
    arcs: list[int] = []
    value, fresh = 0, True
    for octet in raw:
        if (fresh and octet == _LONG) or value >= _MAX_ARC >> 7:
            raise refuse("malformed object identifier")
        value, fresh = value << 7 | octet & 0x7F, octet < _LONG
        if fresh:
            arcs.append(value)
            value = 0
    if not arcs or not fresh:
        raise refuse("malformed object identifier")
    first = min(arcs[0] // 40, 2)
    return (first, arcs[0] - first * 40, *arcs[1:])


def bits_of(raw: bytes) -> BitString:
    """Return a bit string from its contents."""
    unused = raw[0] if raw else 8
    if unused > 7 or (unused and len(raw) == 1) or (raw[-1] & (1 << unused) - 1 and len(raw) > 1):  # noqa: PLR2004 - bits of an octet
        raise refuse("malformed bit string")
    return BitString(raw[1:], (len(raw) - 1) * 8 - unused)


def time_of(element: Element) -> datetime:
    """Return the time that an element names, in its own zone."""
    short = element.tag == UTC_TIME
    match = (_UTC_TIME if short else _GENERAL_TIME).fullmatch(element.content)
    if match is None:
        raise refuse("malformed time")
    *digits, zone = match.groups()
    year, month, day, hour, minute, second = (int(part or 0) for part in digits)
    if short:
        year += 1900 if year >= 50 else 2000  # noqa: PLR2004 - RFC 5280 section 4.1.2.5.1
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=_zone(zone))
    except ValueError as error:
        raise refuse("malformed time") from error


def _zone(text: bytes) -> timezone:
    if text == b"Z":
        return UTC
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[3:]))
    if not offset or int(text[3:]) > 59:  # noqa: PLR2004 - minutes; and DER writes no offset as Z
        raise ValueError("no such offset")
    return timezone(-offset if text[:1] == b"-" else offset)
