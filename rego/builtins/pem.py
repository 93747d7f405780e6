"""PEM blocks (RFC 7468), found as Go's `encoding/pem` finds them; knows nothing of what is in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rego.builtins.operands import refuse
from rego.builtins.rawbytes import standard_base64
from rego.errors import BuiltinError

if TYPE_CHECKING:
    from collections.abc import Iterator

_BEGIN: Final = b"-----BEGIN "
_END: Final = b"\n-----END "
_DASHES: Final = b"-----"
#: Header lines read in search of a block. They may be read again for each block that starts among them,
#: so that a few hundred kilobytes of them would cost hours.
_MAX_HEADER_LINES: Final = 10_000


@dataclass(frozen=True, slots=True)
class Block:
    """A PEM block.

    Args:
        label: What it says that it holds, such as `CERTIFICATE`.
        content: The bytes it holds.
        end: Where in the data the line after it starts.
    """

    label: bytes
    content: bytes
    end: int


def blocks(data: bytes) -> Iterator[Block]:
    """Yield the blocks of data; text around them and blocks that are broken are passed over."""
    start = 0
    while (block := first(data, start)) is not None:
        yield block
        start = block.end


def first(data: bytes, start: int = 0) -> Block | None:
    """Return the first block that begins at or after a place, or None.

    Raises:
        BuiltinError: If too many header lines stand before one.
    """
    lines_left = _MAX_HEADER_LINES
    while (end := data.find(_END, start)) >= 0:
        begin, start = data.rfind(_BEGIN, start, end), end + len(_END)
        if begin < 0 or (begin > 0 and data[begin - 1 : begin] != b"\n"):
            continue
        label, body = _line(data, begin + len(_BEGIN))
        if not label.endswith(_DASHES):
            continue
        body, seen = _after_headers(data, body, lines_left)
        lines_left -= seen
        if lines_left <= 0:
            raise refuse("PEM data has too many header lines")
        block = _block(data, label.removesuffix(_DASHES), body, end, headers=seen > 1)
        if block is not None:
            return block
    return None


def _line(data: bytes, start: int) -> tuple[bytes, int]:
    """Return a line without what ends it, and where the next one starts."""
    end = data.find(b"\n", start)
    if end < 0:
        return data[start:].rstrip(b" \t"), len(data)
    return data[start:end].removesuffix(b"\r").rstrip(b" \t"), end + 1


def _after_headers(data: bytes, start: int, limit: int) -> tuple[int, int]:
    """Return where the first line without a colon starts, and how many lines were read to find it."""
    for seen in range(1, limit + 1):
        line, following = _line(data, start)
        if b":" not in line:
            return start, seen
        start = following
    return start, limit


def _block(data: bytes, label: bytes, body: int, end: int, *, headers: bool) -> Block | None:
    if body >= len(data) or (headers and body > end):
        return None
    name = end + len(_END)
    trailer = data[name : name + len(label) + len(_DASHES)]
    rest, following = _line(data, name + len(trailer))
    if trailer != label + _DASHES or rest:
        return None
    try:
        encoded = data[body:end].replace(b" ", b"").replace(b"\t", b"") if body < end else b""
        return Block(label, standard_base64(encoded.decode("latin-1")), following)
    except BuiltinError:
        return None
