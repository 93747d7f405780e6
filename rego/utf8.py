"""Go's strings are bytes, ours are characters: how bytes that are no UTF-8 are kept in a string, and shown.

A byte that is not part of a character is kept as a lone surrogate (Python's `surrogateescape`): so what
`base64.decode` gives can be hashed. Whoever prints it shows U+FFFD for each such byte, as Go does.
"""

from __future__ import annotations

import re
from typing import Final

_LONE: Final = re.compile("[\ud800-\udfff]")
_REPLACEMENT: Final = "\ufffd"


def decoded(raw: bytes) -> str:
    """Return bytes as a string that `encoded` makes the same bytes of."""
    return raw.decode("utf-8", "surrogateescape")


def encoded(text: str) -> bytes:
    """Return a string's bytes; a surrogate that stands for no byte, which no Go string has, is U+FFFD."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        kept = re.sub("[\ud800-\udc7f\udd00-\udfff]", _REPLACEMENT, text)
        return kept.encode("utf-8", "surrogateescape")


def shown(text: str) -> str:
    """Return a string with U+FFFD for each byte that is no UTF-8."""
    return text if text.isascii() else _LONE.sub(_REPLACEMENT, text)
