"""Hashes and message authentication codes, as hexadecimal text."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any, Final

from rego import utf8
from rego.builtins.operands import text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rego.values import Value


def _raw(value: Value, place: int) -> bytes:
    return utf8.encoded(text(value, place))


def _hash(name: str) -> Callable[[Value], str]:
    def call(value: Value) -> str:
        return hashlib.new(name, _raw(value, 1), usedforsecurity=False).hexdigest()

    return call


def _hmac(name: str) -> Callable[[Value, Value], str]:
    def call(value: Value, key: Value) -> str:
        return hmac.new(_raw(key, 2), _raw(value, 1), name).hexdigest()

    return call


def _equal(one: Value, two: Value) -> bool:
    return hmac.compare_digest(_raw(one, 1), _raw(two, 2))


TABLE: Final[Mapping[str, Callable[..., Any]]] = {
    "crypto.md5": _hash("md5"),
    "crypto.sha1": _hash("sha1"),
    "crypto.sha256": _hash("sha256"),
    "crypto.hmac.md5": _hmac("md5"),
    "crypto.hmac.sha1": _hmac("sha1"),
    "crypto.hmac.sha256": _hmac("sha256"),
    "crypto.hmac.sha512": _hmac("sha512"),
    "crypto.hmac.equal": _equal,
}
