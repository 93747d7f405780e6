"""The digest of one file of a bundle, as OPA takes it for signatures; knows no signature and no key.

Most files are hashed as they are. `data.json` and `.manifest` are parsed first, so that blanks and the order
of keys don't matter: sorted keys, no blanks, strings as Go's encoder writes them, and numbers as they
stand in the source, digit for digit (OPA: `v1/bundle/hash.go`).
"""

from __future__ import annotations

import hashlib
import json
from json.encoder import encode_basestring
from typing import Any, Final, NoReturn

from bundles.errors import BundleError

ALGORITHM: Final = "SHA-256"
"""What signatures are made with; OPA's too."""

# OPA would take MD5, SHA-1 and SHA-224 besides: two bundles with one such digest can be made.
_HASHES: Final = {
    ALGORITHM: "sha256",
    "SHA-384": "sha384",
    "SHA-512": "sha512",
    "SHA-512-256": "sha512_256",
}
_STRUCTURED: Final = frozenset({"data.json", ".manifest", "signatures.json"})


class _Number(str):
    """A number as it is written: `1.10` stays `1.10`, and no digit of a long one is lost."""

    __slots__ = ()


def digest_of(name: str, content: bytes, algorithm: str = ALGORITHM) -> str:
    """The digest, in hex, that a signature's list of files has for this one.

    Args:
        name: the file's name in the bundle, which says how it is hashed.
        algorithm: as OPA spells it.

    Raises:
        BundleError: `bundle.signature` for an algorithm that isn't accepted, `bundle.malformed` for a
            document that isn't JSON, `bundle.unknown_file` for YAML: its digest depends on who parses it.
    """
    if algorithm not in _HASHES:
        raise BundleError("bundle.signature", f"{algorithm!r:.40} is not a hash that is accepted")
    base = name.rsplit("/", 1)[-1]
    if base == "data.yaml":
        raise BundleError("bundle.unknown_file", f"{name} is not read, so it is refused")
    hashed = _canonical(content, name) if base in _STRUCTURED else content
    return hashlib.new(_HASHES[algorithm], hashed).hexdigest()


def _canonical(content: bytes, name: str) -> bytes:
    try:
        value = json.loads(
            content.decode("utf-8"),
            parse_int=_Number,
            parse_float=_Number,
            parse_constant=_refuse,
            object_pairs_hook=_unique,
        )
        parts: list[str] = []
        _write(value, parts)
        return "".join(parts).encode("utf-8")
    except (
        ValueError,
        RecursionError,
    ):  # lone surrogates too: OPA would put another character in their place
        raise BundleError("bundle.malformed", f"{name} is not JSON that has one meaning") from None


def _write(value: Any, parts: list[str]) -> None:
    if isinstance(value, dict):
        before = "{"
        for key in sorted(value):  # by code point, which is the order of the bytes in UTF-8 too
            parts += [before, _quoted(key), ":"]
            _write(value[key], parts)
            before = ","
        parts.append("}" if value else "{}")
    elif isinstance(value, list):
        before = "["
        for each in value:
            parts.append(before)
            _write(each, parts)
            before = ","
        parts.append("]" if value else "[]")
    elif isinstance(value, _Number):
        parts.append(str(value))
    else:
        parts.append(_quoted(value) if isinstance(value, str) else json.dumps(value))


def _quoted(text: str) -> str:
    """As Go's encoder writes a string with HTML escaping off."""
    return encode_basestring(text).replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):  # two readers may keep different ones
        raise ValueError("a key twice")
    return found


def _refuse(_name: str) -> NoReturn:
    raise ValueError("NaN and infinities are not JSON")
