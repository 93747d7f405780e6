"""Text forms of values and bytes: JSON, base64, hex and URL queries.

Longer than most modules: four small families that OPA, too, keeps in one place.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote_plus, unquote_to_bytes

from rego import numeric, utf8
from rego.builtins.operands import bounded, object_, refuse, text
from rego.errors import BuiltinError, OperandError
from rego.output import to_json, to_text
from rego.values import UNDEFINED, Value, key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_OPTIONS: Final = {"prefix": str, "indent": str, "pretty": bool}
_STANDARD: Final = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_URL: Final = re.compile(r"[A-Za-z0-9_-]*={0,2}")
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_MAX_DEPTH: Final = 10_000  # of Go's `encoding/json`
_LONE_ESCAPE: Final = re.compile(r"\\u[dD][89a-fA-F]")


def _bytes(value: Value) -> bytes:
    return utf8.encoded(text(value, 1))


# ── JSON ────────────────────────────────────────────────────────────────────────────────────────


def _marshal_with_options(value: Value, options: Value) -> str:
    given = object_(options, 2)
    for name, option in given.items():
        if _OPTIONS.get(name) is not type(option):
            raise OperandError(f"operand 2 object contained unknown key or wrong value at {name!r}")
    if not given.get("pretty", "prefix" in given or "indent" in given):
        return to_text(value)
    prefix = str(given.get("prefix", ""))
    return prefix + _Pretty(prefix, str(given.get("indent", "\t"))).text(to_json(value), 0)


class _Pretty:
    """Writes JSON in lines, as Go's `json.MarshalIndent`."""

    def __init__(self, prefix: str, indent: str) -> None:
        self.prefix = prefix
        self.indent = indent
        self.size = 0

    def line(self, depth: int) -> str:
        self.size = bounded(self.size + len(self.prefix) + depth * len(self.indent))
        return f"\n{self.prefix}{self.indent * depth}"

    def text(self, value: Any, depth: int) -> str:
        if not value or type(value) not in {dict, list}:
            return to_text(value)
        inner = depth + 1
        if type(value) is list:
            parts = [self.line(inner) + self.text(item, inner) for item in value]
            return "[" + ",".join(parts) + self.line(depth) + "]"
        parts = [
            f"{self.line(inner)}{to_text(name)}: {self.text(value[name], inner)}" for name in sorted(value)
        ]
        return "{" + ",".join(parts) + self.line(depth) + "}"


def _unmarshal(value: Value) -> Value:
    source = text(value, 1)
    try:
        return _parsed(source)
    except ValueError as error:
        found = _before_null(source)
        if found is UNDEFINED:
            raise refuse(f"invalid JSON: {error}") from error
        return found


def _before_null(source: str) -> Value:
    """Return a document that is followed by `null`: OPA asks for one more token, and takes that for none."""
    try:
        found, end = _DECODER.raw_decode(source.lstrip(_SPACE))
    except ValueError:
        return UNDEFINED
    follows = source.lstrip(_SPACE)[end:].lstrip(_SPACE)
    return found if follows.startswith("null") else UNDEFINED


def _parsed(source: str) -> Value:
    try:
        found = _DECODER.decode(utf8.shown(source))
    except RecursionError:
        if _depth(source) > _MAX_DEPTH:
            raise ValueError("exceeded max depth") from None
        raise  # Go reads deeper than Python
    return _without_lone(found) if _LONE_ESCAPE.search(source) else found


def _depth(source: str) -> int:
    """Return how deep the brackets of a text go, those in strings aside."""
    opened = accumulate(
        1 if char in "[{" else -1 for char in re.findall(r"[\[\]{}]", _STRING.sub("", source))
    )
    return max(opened, default=0)


def _without_lone(value: Value) -> Value:
    """Return a document with U+FFFD for each surrogate that an escape wrote without its other half."""
    if type(value) is str:
        return utf8.shown(value)
    if type(value) is list:
        return [_without_lone(item) for item in value]
    if type(value) is dict:
        return {utf8.shown(name): _without_lone(item) for name, item in value.items()}
    return value


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_SPACE: Final = " \t\r\n"
_DECODER: Final = json.JSONDecoder(
    parse_int=numeric.spelled, parse_float=numeric.spelled, parse_constant=_no_constant
)


def _is_json(value: Value) -> bool:
    if type(value) is not str:
        return False
    try:
        _parsed(value)
    except ValueError:
        return False
    return True


# ── base64 and hex ──────────────────────────────────────────────────────────────────────────────


def _base64(value: Value) -> str:
    return base64.b64encode(_bytes(value)).decode()


def _base64_decode(value: Value) -> str:
    return utf8.decoded(_from_base64(text(value, 1), _STANDARD))


def _from_base64(source: str, alphabet: re.Pattern[str]) -> bytes:
    """Decode base64; ends of lines count nowhere, bits past the last byte may be anything."""
    plain = source.replace("\r", "").replace("\n", "")
    if alphabet.fullmatch(plain) is None or len(plain) % 4:
        raise refuse("illegal base64 data")
    return base64.b64decode(plain, altchars=b"-_" if alphabet is _URL else None)


def _is_base64(value: Value) -> bool:
    if type(value) is not str:
        return False
    try:
        _from_base64(value, _STANDARD)
    except BuiltinError:
        return False
    return True


def _base64url(value: Value) -> str:
    return base64.urlsafe_b64encode(_bytes(value)).decode()


def _base64url_no_pad(value: Value) -> str:
    return _base64url(value).rstrip("=")


def _base64url_decode(value: Value) -> str:
    source = text(value, 1)
    if not source.endswith("="):
        missing = -len(utf8.encoded(source)) % 4  # ends of lines are counted, as in OPA
        if missing == 3:  # noqa: PLR2004 - one character of four is none
            raise refuse("illegal base64url string")
        source += "=" * missing
    return utf8.decoded(_from_base64(source, _URL))


def _hex(value: Value) -> str:
    return _bytes(value).hex()


def _hex_decode(value: Value) -> str:
    try:
        return utf8.decoded(binascii.unhexlify(text(value, 1)))
    except (binascii.Error, ValueError) as error:
        raise refuse("encoding/hex: invalid string") from error


# ── URL queries ─────────────────────────────────────────────────────────────────────────────────


def _query(value: Value) -> str:
    return quote_plus(_bytes(value))


def _query_decode(value: Value) -> str:
    return _unquoted(text(value, 1))


def _unquoted(source: str) -> str:
    for part in source.split("%")[1:]:
        if len(part) < 2 or not all(char in "0123456789abcdefABCDEF" for char in part[:2]):  # noqa: PLR2004 - %XX
            raise refuse("invalid URL escape")
    return utf8.decoded(unquote_to_bytes(source.replace("+", " ")))


def _query_object(value: Value) -> str:
    pairs: list[str] = []
    for name, given in sorted(to_json(object_(value, 1)).items()):
        many = [given] if type(given) is str else given
        if type(many) is not list or not all(type(item) is str for item in many):
            raise OperandError("operand 1 values must be string, array[string], or set[string]")
        pairs += [f"{quote_plus(name)}={quote_plus(item)}" for item in many]
    return "&".join(pairs)


def _query_decode_object(value: Value) -> dict[Any, Value]:
    found: dict[Any, list[str]] = {}
    for pair in filter(None, text(value, 1).split("&")):
        if ";" in pair:
            raise refuse("invalid semicolon separator in query")
        name, _, item = pair.partition("=")
        found.setdefault(key_of(_unquoted(name)), []).append(_unquoted(item))
    return found


TABLE: Final[Mapping[str, Callable[..., Any]]] = {
    "json.marshal": to_text,
    "json.marshal_with_options": _marshal_with_options,
    "json.unmarshal": _unmarshal,
    "json.is_valid": _is_json,
    "base64.encode": _base64,
    "base64.decode": _base64_decode,
    "base64.is_valid": _is_base64,
    "base64url.encode": _base64url,
    "base64url.encode_no_pad": _base64url_no_pad,
    "base64url.decode": _base64url_decode,
    "hex.encode": _hex,
    "hex.decode": _hex_decode,
    "urlquery.encode": _query,
    "urlquery.decode": _query_decode,
    "urlquery.encode_object": _query_object,
    "urlquery.decode_object": _query_decode_object,
}
