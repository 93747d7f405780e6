"""Bytes as Go's strings hold them, and Go's base64; knows nothing of keys or tokens.

A Go string may hold bytes that are no UTF-8, a Rego string here may not: where such bytes become text,
each invalid one becomes U+FFFD, as `encoding/json` does it.
"""

from __future__ import annotations

import binascii
import re
from typing import Final

from rego.builtins.operands import refuse
from rego.utf8 import encoded

_STANDARD: Final = re.compile(r"[A-Za-z0-9+/]*")
_URL: Final = re.compile(r"[A-Za-z0-9_-]*")
_FROM_URL: Final = str.maketrans("-_", "+/")
_INVALID: Final = re.compile("[\ud800-\udfff]")
_QUANTUM: Final = 4


def as_text(raw: bytes) -> str:
    """Return bytes as text, with U+FFFD for each byte that is no part of valid UTF-8."""
    return _INVALID.sub("\ufffd", raw.decode("utf-8", "surrogateescape"))


def standard_base64(text: str) -> bytes:
    """Decode base64 with padding (RFC 4648 section 4), ignoring line ends.

    Raises:
        BuiltinError: If it is none.
    """
    return _decoded(_without_lines(text), _STANDARD, padded=True)


def url_base64(text: str) -> bytes:
    """Decode base64url whose padding may be missing, as `base64url.decode` does.

    Raises:
        BuiltinError: If it is none.
    """
    if not text.endswith("="):
        missing = -len(encoded(text)) % _QUANTUM
        if missing == _QUANTUM - 1:
            raise refuse("illegal base64url string")
        text += "=" * missing
    return _decoded(_without_lines(text), _URL, padded=True)


def any_base64(text: str) -> bytes:
    """Decode base64 or base64url, with or without padding, as the members of a JWK are.

    Raises:
        BuiltinError: If it is none of them.
    """
    alphabet = _STANDARD if "+" in text or "/" in text else _URL
    return _decoded(_without_lines(text), alphabet, padded=text.endswith("="))


def _without_lines(text: str) -> str:
    return text.replace("\r", "").replace("\n", "")


def _decoded(text: str, alphabet: re.Pattern[str], *, padded: bool) -> bytes:
    body = text.rstrip("=") if padded else text
    padding = len(text) - len(body)
    wrong = len(text) % _QUANTUM != 0 or padding > 2 if padded else len(body) % _QUANTUM == 1  # noqa: PLR2004 - at most "=="
    if wrong or alphabet.fullmatch(body) is None:
        raise refuse("illegal base64 data")
    return binascii.a2b_base64(body.translate(_FROM_URL) + "=" * (-len(body) % _QUANTUM))
