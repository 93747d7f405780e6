"""Distinguished names and the strings in them; knows no certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from rego.builtins import der
from rego.builtins.operands import refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rego.builtins.der import OID, Element, Reader

_UTF8, _NUMERIC, _PRINTABLE, _T61, _IA5, _BMP = 0x0C, 0x12, 0x13, 0x14, 0x16, 0x1E
#: Beyond the standard's: certificates with a wildcard or an ampersand in such a string are common.
_PRINTABLE_EXTRA: Final = frozenset(b" '()+,-./:=?*&")


class Attribute(NamedTuple):
    """An attribute of a name: its type, and its value as it is printed."""

    kind: OID
    value: Any


def ia5(raw: bytes) -> str:
    """Return a string of ASCII.

    Raises:
        BuiltinError: If it has other characters.
    """
    if not raw.isascii():
        raise refuse("malformed IA5String")
    return raw.decode()


def _printable(raw: bytes) -> str:
    if not all(char in _PRINTABLE_EXTRA or (char < 0x80 and chr(char).isalnum()) for char in raw):  # noqa: PLR2004 - ASCII
        raise refuse("invalid PrintableString")
    return raw.decode()


def _numeric(raw: bytes) -> str:
    if raw.strip(b"0123456789 "):
        raise refuse("invalid NumericString")
    return raw.decode()


def _utf8(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise refuse("invalid UTF-8 string") from error


def _bmp(raw: bytes) -> str:
    if len(raw) % 2:
        raise refuse("invalid BMPString")
    points = [int.from_bytes(raw[place : place + 2]) for place in range(0, len(raw), 2)]
    if points and not points[-1]:
        points.pop()
    if any(0xD800 <= point <= 0xDFFF or 0xFDD0 <= point <= 0xFDEF or point >= 0xFFFE for point in points):  # noqa: PLR2004 - surrogates and noncharacters
        raise refuse("invalid BMPString")
    return "".join(map(chr, points))


_STRINGS: Final[Mapping[int, Callable[[bytes], str]]] = {
    _UTF8: _utf8,
    _NUMERIC: _numeric,
    _PRINTABLE: _printable,
    _T61: lambda raw: raw.decode("latin-1"),
    _IA5: ia5,
    _BMP: _bmp,
}
_OTHERS: Final[Mapping[int, Callable[[Element], Any]]] = {
    der.BOOLEAN: lambda element: der.Reader(element.raw).boolean(),
    der.INTEGER: lambda element: der.Reader(element.raw).small_integer(),
    der.BIT_STRING: lambda element: der.bits_of(element.content),
    der.OBJECT_IDENTIFIER: lambda element: der.oid_of(element.content),
    der.UTC_TIME: der.time_of,
    der.GENERALIZED_TIME: der.time_of,
    der.OCTET_STRING: lambda element: element.content,
}


def string_of(element: Element) -> str:
    """Return the string in an element.

    Raises:
        BuiltinError: If it is none, or has characters that its type does not have.
    """
    read = _STRINGS.get(element.tag)
    if read is None:
        raise refuse("unsupported string type")
    return read(element.content)


def value_of(element: Element) -> Any:
    """Return what an element of any type holds; None of a type that is not printed."""
    if element.tag in _STRINGS:
        return string_of(element)
    read = _OTHERS.get(element.tag)
    return None if read is None else read(element)


def name_of(raw: bytes, value: Callable[[Element], Any] = string_of) -> list[Attribute]:
    """Return the attributes of a Name, in order and without its grouping.

    Args:
        raw: Its DER.
        value: What reads an attribute's value.

    Raises:
        BuiltinError: If it is malformed.
    """
    found: list[Attribute] = []
    outer = der.Reader(raw).inside()
    while outer:
        group = outer.inside(der.SET)
        while group:
            found.append(attribute(group.inside(), value))
    return found


def attribute(reader: Reader, value: Callable[[Element], Any]) -> Attribute:
    """Return one attribute from its contents."""
    return Attribute(reader.oid(), value(reader.read()))
