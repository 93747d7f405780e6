"""Amounts with units, semantic versions and UUIDs."""

from __future__ import annotations

import re
import secrets
import uuid
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from rego import numeric
from rego.builtins.operands import refuse, text
from rego.gotext import lower
from rego.values import UNDEFINED, Value, canonical

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rego.builtins.context import Context

_POWERS: Final = "kmgtpe"
_BYTES: Final[Mapping[str, int]] = {
    "": 1,
    **{letter + end: 1000 ** (power + 1) for power, letter in enumerate(_POWERS) for end in ("", "b")},
    **{letter + end: 1024 ** (power + 1) for power, letter in enumerate(_POWERS) for end in ("i", "ib")},
}
_AMOUNTS: Final[Mapping[str, Fraction]] = {
    "m": Fraction(0.001),  # OPA multiplies with the double
    "": Fraction(1),
    "k": Fraction(1000),
    "K": Fraction(1000),
    "M": Fraction(1000**2),
    **{letter: Fraction(1000 ** (power + 1)) for power, letter in enumerate(_POWERS) if power > 1},
    **{letter.upper(): Fraction(1000 ** (power + 1)) for power, letter in enumerate(_POWERS) if power > 1},
    **{f"{letter}i": Fraction(1024 ** (power + 1)) for power, letter in enumerate(_POWERS)},
    **{f"{letter.upper()}i": Fraction(1024 ** (power + 1)) for power, letter in enumerate(_POWERS)},
}
_AMOUNT: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_MAX_EXPONENT_DIGITS: Final = 6
_PLACES: Final = 10**10  # OPA gives ten decimal places
_INVISIBLE: Final = -100  # an amount of so many places is nothing, whatever its unit


def _split(source: str, name: str) -> tuple[str, str]:
    """Return an amount and its unit; `e` may begin an exponent or a unit."""
    if " " in source:
        raise refuse(f"{name}: spaces not allowed in resource strings")
    place = 0
    while place < len(source):
        char, following = source[place], source[place + 1 : place + 2]
        if not (char.isascii() and char.isdigit()) and char not in ".eE+-":
            break
        if char in "eE":
            if not following or following not in "0123456789+-":
                break
            place += following in "+-"
            digits = re.match(r"[0-9]*", source[place + 1 :])
            if digits and len(digits.group()) > _MAX_EXPONENT_DIGITS:
                raise refuse(f"{name}: exponent too large")
        place += 1
    if place == 0 or not source:
        raise refuse(f"{name}: no amount provided")
    return source[:place], source[place:]


def _amount(source: str, name: str) -> Fraction:
    if _AMOUNT.fullmatch(source) is None:
        raise refuse(f"{name}: could not parse amount to a number")
    amount = Decimal(source)
    return Fraction(0) if not amount or amount.adjusted() < _INVISIBLE else numeric.exact(amount)


def _parse(value: Value) -> Value:
    name = "units.parse"
    amount, unit = _split(text(value, 1).replace('"', ""), name)
    factor = _AMOUNTS.get(unit[:1] + lower(unit[1:]))
    if factor is None:
        raise refuse(f"{name}: unit {unit} not recognized")
    exact = _amount(amount, name) * factor
    if exact.denominator == 1:
        return exact.numerator
    scaled = (abs(exact.numerator) * _PLACES * 2 // exact.denominator + 1) // 2
    whole, fraction = divmod(scaled, _PLACES)
    return Decimal(f"{'-' if exact < 0 else ''}{whole}.{fraction:010d}")


def _parse_bytes(value: Value) -> Value:
    name = "units.parse_bytes"
    amount, unit = _split(lower(text(value, 1)).replace('"', ""), name)
    factor = _BYTES.get(unit)
    if factor is None:
        raise refuse(f"{name}: byte unit {unit} not recognized")
    return int(numeric.rounded(numeric.rounded(_amount(amount, name)) * factor))


# ── semantic versions ───────────────────────────────────────────────────────────────────────────

_SEMVER: Final = re.compile(
    r"v?(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)"
    r"(?:-((?:[0-9A-Za-z-]+)(?:\.[0-9A-Za-z-]+)*))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
)
_MAX_INT: Final = 2**63
_MAX_DIGITS: Final = 20


def _version(value: str) -> tuple[tuple[int, ...], list[str]] | None:
    match = _SEMVER.fullmatch(value)
    if match is None or max(map(_clamped, match.groups()[:3])) >= _MAX_INT:
        return None
    before = match.group(4).split(".") if match.group(4) else []
    if any(len(part) > 1 and part.isdigit() and part.startswith("0") for part in before):
        return None
    return tuple(map(int, match.groups()[:3])), before


def _semver_is_valid(value: Value) -> bool:
    return type(value) is str and _version(value) is not None


def _semver_compare(left: Value, right: Value) -> int:
    found = [_version(text(value, place)) for place, value in enumerate((left, right), 1)]
    for place, version in enumerate(found, 1):
        if version is None:
            raise refuse(f"operand {place}: string is not a valid SemVer")
    one, two = (_precedence(version) for version in found if version)
    return int(one > two) - int(one < two)


def _precedence(version: tuple[tuple[int, ...], list[str]]) -> Any:
    numbers, before = version
    parts = [(0, _clamped(part), "") if part.isdigit() else (1, 0, part) for part in before]
    return numbers, not before, parts


def _clamped(digits: str) -> int:
    """Return a number, or one beyond a machine's integer for all that are: OPA cannot tell those apart."""
    return int(digits) if len(digits) < _MAX_DIGITS and int(digits) < _MAX_INT else _MAX_INT


# ── UUIDs ───────────────────────────────────────────────────────────────────────────────────────

# What stands around the 36 characters in the middle of 38 is not looked at, as in Go.
_UUID: Final = re.compile(
    r"(?:(?i:urn:uuid:)|(?P<any>.))?"
    r"([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})(?(any).)"
    r"|([0-9a-f]{32})",
    re.IGNORECASE | re.DOTALL | re.ASCII,
)
_VARIANTS: Final = (
    (0x80, 0x00, "Reserved"),
    (0xC0, 0x80, "RFC4122"),
    (0xE0, 0xC0, "Microsoft"),
    (0xE0, 0xE0, "Future"),
)
_DOMAINS: Final = {0: "Person", 1: "Group", 2: "Org"}
_GREGORIAN_100NS: Final = 122_192_928_000_000_000  # from 1582-10-15 to 1970-01-01


def _uuid_parse(value: Value) -> Value:
    match = _UUID.fullmatch(text(value, 1))
    if match is None or not (match["any"] or "").isascii():
        return UNDEFINED
    raw = bytes.fromhex("".join(part for part in match.groups()[1:] if part))
    version = raw[6] >> 4
    made: dict[Any, Value] = {
        "version": version,
        "variant": next(name for mask, bits, name in _VARIANTS if raw[8] & mask == bits),
    }
    if version in {1, 2}:
        made |= _uuid_parts(raw)
    if version == 2:  # noqa: PLR2004 - DCE security
        made |= {"id": int.from_bytes(raw[:4], "big"), "domain": _DOMAINS.get(raw[9], f"Domain{raw[9]}")}
    return made


def _uuid_parts(raw: bytes) -> dict[Any, Value]:
    ticks = int.from_bytes(bytes([raw[6] & 0x0F, raw[7]]) + raw[4:6] + raw[:4], "big")
    scope = "local" if raw[10] & 2 else "global"
    cast = "multicast" if raw[10] & 1 else "unicast"
    return {
        "time": _wrapped((ticks - _GREGORIAN_100NS) * 100),
        "nodeid": raw[10:].hex("-"),
        "macvariables": f"{scope}:{cast}",
        "clocksequence": int.from_bytes(raw[8:10], "big") & 0x3FFF,
    }


def _wrapped(value: int) -> int:
    """Return what a machine's signed integer of 64 bits makes of a number; OPA lets it overflow."""
    return (value + 2**63) % 2**64 - 2**63


def _uuid_new(context: Context, key: Value) -> str:
    name = ("uuid", canonical(key))
    if name not in context.cache:
        context.cache[name] = str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))
    return str(context.cache[name])


TABLE: Final[Mapping[str, Callable[..., Any]]] = {
    "units.parse": _parse,
    "units.parse_bytes": _parse_bytes,
    "semver.is_valid": _semver_is_valid,
    "semver.compare": _semver_compare,
    "uuid.parse": _uuid_parse,
}
CONTEXTUAL: Final[Mapping[str, Callable[..., Any]]] = {"uuid.rfc4122": _uuid_new}
