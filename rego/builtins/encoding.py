"""Text forms of values and bytes: JSON, base64, hex and URL queries."""

from __future__ import annotations

import base64
import binascii
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote_plus, unquote_to_bytes

from rego import numeric
from rego.builtins.operands import object_, refuse, text
from rego.errors import OperandError
from rego.output import to_json, to_text
from rego.values import Value, key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_HTML: Final = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)
_OPTIONS: Final = {"prefix": str, "indent": str, "pretty": bool}


def _bytes(value: Value) -> bytes:
    return text(value, 1).encode("utf-8", "surrogatepass")


def _string(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


# ── JSON ────────────────────────────────────────────────────────────────────────────────────────


def _marshal(value: Value) -> str:
    return to_text(value).translate(_HTML)


def _marshal_with_options(value: Value, options: Value) -> str:
    given = object_(options, 2)
    for name, option in given.items():
        if _OPTIONS.get(name) is not type(option):
            raise OperandError(f"operand 2 object contained unknown key or wrong value at {name!r}")
    if not given.get("pretty", "prefix" in given or "indent" in given):
        return _marshal(value)
    prefix, indent = given.get("prefix", ""), given.get("indent", "\t")
    return str(prefix) + _pretty(to_json(value), str(prefix), str(indent), 0)


def _pretty(value: Any, prefix: str, indent: str, depth: int) -> str:
    if not value or type(value) not in {dict, list}:
        return _marshal(value)
    line = f"\n{prefix}{indent * (depth + 1)}"
    end = f"\n{prefix}{indent * depth}"
    if type(value) is list:
        return "[" + ",".join(line + _pretty(item, prefix, indent, depth + 1) for item in value) + end + "]"
    parts = (
        f"{line}{_marshal(name)}: {_pretty(value[name], prefix, indent, depth + 1)}" for name in sorted(value)
    )
    return "{" + ",".join(parts) + end + "}"


def _unmarshal(value: Value) -> Value:
    try:
        return _parsed(text(value, 1))
    except ValueError as error:
        raise refuse(f"invalid JSON: {error}") from error


def _parsed(source: str) -> Value:
    return json.loads(source, parse_float=_number, parse_constant=_no_constant)


def _number(source: str) -> numeric.Number:
    return numeric.of_decimal(Decimal(source))


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


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
    try:
        return _string(base64.b64decode(_without_lines(text(value, 1)), validate=True))
    except (binascii.Error, ValueError) as error:
        raise refuse("illegal base64 data") from error


def _without_lines(value: str) -> str:
    return value.replace("\r", "").replace("\n", "")


def _is_base64(value: Value) -> bool:
    if type(value) is not str:
        return False
    try:
        base64.b64decode(_without_lines(value), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _base64url(value: Value) -> str:
    return base64.urlsafe_b64encode(_bytes(value)).decode()


def _base64url_no_pad(value: Value) -> str:
    return _base64url(value).rstrip("=")


def _base64url_decode(value: Value) -> str:
    source = text(value, 1)
    if not source.endswith("="):
        source += "=" * (-len(source) % 4)
    if len(source) % 4 or "+" in source or "/" in source:
        raise refuse("illegal base64url string")
    try:
        return _string(base64.b64decode(source, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError) as error:
        raise refuse("illegal base64 data") from error


def _hex(value: Value) -> str:
    return _bytes(value).hex()


def _hex_decode(value: Value) -> str:
    try:
        return _string(binascii.unhexlify(text(value, 1)))
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
    return _string(unquote_to_bytes(source.replace("+", " ")))


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
    "json.marshal": _marshal,
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
