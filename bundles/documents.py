"""Strict documents: what two readers could understand differently is refused; knows no bundle's layout."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, NoReturn

import yaml

from bundles.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Mapping


def parse_object(raw: bytes, name: str) -> dict[str, Any]:
    """Read one JSON object.

    Refused besides malformed JSON: a key twice in one object (two readers may keep different ones),
    NaN and infinities, lone surrogates (no other program could write them back), anything but UTF-8.

    Args:
        raw: the document.
        name: what to call it in an error.

    Raises:
        BundleError: `bundle.malformed`.
    """
    try:
        text = raw.decode("utf-8")
        value = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite
        )
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise BundleError("bundle.malformed", f"{name}: {_cause(error)}") from None
    if not isinstance(value, dict):
        raise BundleError("bundle.malformed", f"{name} is not a JSON object")
    return value


def check_yaml(raw: bytes, name: str) -> None:
    """Refuse YAML that has a key twice in one mapping: `opa` would silently keep the last one.

    Raises:
        BundleError: `bundle.malformed`.
    """
    try:
        root = yaml.compose(raw, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError):
        raise BundleError("bundle.malformed", f"{name} is not YAML") from None
    waiting, seen = [root], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:  # an alias, which may lead round in a circle
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            keys = [key.value for key, _ in node.value]
            if len(set(map(str, keys))) != len(keys):
                line = node.start_mark.line + 1
                raise BundleError("bundle.malformed", f"{name}: the mapping at line {line} has a key twice")
            waiting += [below for _, below in node.value]
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value


def canonical(value: Any) -> bytes:
    """The one spelling of a JSON value that digests are taken over: sorted keys, no blanks, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def readable(value: Mapping[str, Any]) -> bytes:
    """A JSON object as people edit and compare it: sorted keys, two blanks of indent, a final newline."""
    return (json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False) + "\n").encode()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object has a key twice")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError("NaN and infinities are not JSON")


def _cause(error: Exception) -> str:
    """Say what is wrong without quoting the document."""
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON at line {error.lineno}, column {error.colno}"
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8"
    if isinstance(error, UnicodeEncodeError):
        return "a lone surrogate"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return str(error)
