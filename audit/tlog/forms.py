"""The forms that all C2SP texts share: decimals, base64, key names. One spelling of each value is taken."""

import re
from base64 import b64decode, b64encode

HASH_BYTES = 32
_DIRT = re.compile("[\x00-\x1f\ud800-\udfff]")
SIZE_LIMIT = 1 << 63  # sizes and indices stay below: other implementations keep them in signed 64 bits


def number(text: str, limit: int = SIZE_LIMIT) -> int | None:
    """Return the decimal below `limit` that `text` spells, or None; no sign, space or leading zero."""
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(limit)):
        return None
    value = int(text)
    return value if value < limit and str(value) == text else None


def unbase64(text: str) -> bytes | None:
    """Return what `text` encodes in base64 (RFC 4648, 4) with padding and zero spare bits, or None."""
    try:
        data = b64decode(text, validate=True)
    except ValueError:
        return None
    return data if base64(data) == text else None


def unbase64_hash(text: str) -> bytes | None:
    """Return the 32 bytes that `text` encodes, or None."""
    data = unbase64(text)
    return data if data is not None and len(data) == HASH_BYTES else None


def base64(data: bytes) -> str:
    """Return `data` in standard base64 with padding."""
    return b64encode(data).decode("ascii")


def is_clean(text: str) -> bool:
    """Tell whether `text` is valid Unicode without ASCII control characters (newline is one)."""
    return _DIRT.search(text) is None


def is_key_name(name: str) -> bool:
    """Tell whether `name` may name a key: not empty, no Unicode space, no plus, no control character."""
    return bool(name) and is_clean(name) and not any(char == "+" or char.isspace() for char in name)
