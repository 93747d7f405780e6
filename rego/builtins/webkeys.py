"""JSON Web Keys and sets of them (RFC 7517), as OPA's library reads them; knows no signature.

Longer than most modules: what makes a key malformed is one list, that of the members it may have.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from cryptography.hazmat.primitives.asymmetric import ec

from rego.builtins.keys import (
    ECPrivateKey,
    ECPublicKey,
    Ed25519PrivateKey,
    Ed25519PublicKey,
    PrivateKey,
    PublicKey,
    RSAPrivateKey,
    RSAPublicKey,
    X25519PrivateKey,
    X25519PublicKey,
    ec_point,
    ed25519_key,
    x25519_key,
)
from rego.builtins.operands import refuse
from rego.builtins.rawbytes import any_base64, standard_base64
from rego.builtins.x509.certificates import parse_certificate

if TYPE_CHECKING:
    from collections.abc import Mapping

Material: TypeAlias = PublicKey | PrivateKey | bytes

_MAX_KEYS: Final = 1000
_MAX_CHAIN: Final = 10
_MAX_CERTIFICATE: Final = 256 * 1024
_CURVES: Final[Mapping[str, ec.EllipticCurve]] = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
}
#: By type of key: what it must have, and what more bytes a private one may have.
_NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "RSA": ("n", "e"),
    "EC": ("x", "y"),
    "OKP": ("x",),
    "oct": ("k",),
}
_CRT: Final = ("p", "q", "dp", "dq", "qi")
_TEXTS: Final = frozenset({"kid", "use", "x5t", "x5t#S256", "x5u"})
_RAW_SIZE: Final = 32
_ALGORITHM_NAMES: Final = (
    "ES256 ES256K ES384 ES512 EdDSA Ed25519 HS256 HS384 HS512 none PS256 PS384 PS512 RS256 RS384 RS512 "
    "A128KW A192KW A256KW A128GCMKW A192GCMKW A256GCMKW dir ECDH-ES ECDH-ES+A128KW ECDH-ES+A192KW "
    "ECDH-ES+A256KW PBES2-HS256+A128KW PBES2-HS384+A192KW PBES2-HS512+A256KW RSA1_5 RSA-OAEP RSA-OAEP-256 "
    "RSA-OAEP-384 RSA-OAEP-512 A128CBC-HS256 A192CBC-HS384 A256CBC-HS512 A128GCM A192GCM A256GCM"
)
#: Every algorithm that a key may be for; one for another makes the whole set malformed.
_ALGORITHMS: Final = frozenset(_ALGORITHM_NAMES.split())


class _Object(list[tuple[str, Any]]):
    """A JSON object as it stands in the text: a member may stand there twice."""


@dataclass(frozen=True, slots=True)
class WebKey:
    """A key as its JSON says it.

    Args:
        kind: Its type, `kty`.
        private: Whether it says that it is private.
        curve: Its curve, or an empty string.
        numbers: Its other members that are bytes, by name.
        algorithm: What it is for, `alg`, or an empty string.
        identifier: Its `kid`, or an empty string.
    """

    kind: str
    private: bool
    curve: str
    numbers: Mapping[str, bytes]
    algorithm: str
    identifier: str

    def material(self) -> Material:
        """Return the key itself.

        Raises:
            BuiltinError: If its values make none.
        """
        if self.kind == "oct":
            return self.numbers["k"]
        return {"RSA": self._rsa, "EC": self._ec, "OKP": self._okp}[self.kind]()

    def _rsa(self) -> RSAPublicKey | RSAPrivateKey:
        numbers = {name: int.from_bytes(raw) for name, raw in self.numbers.items()}
        if not self.private:
            return RSAPublicKey(numbers["n"], numbers["e"])
        if "p" not in numbers or "q" not in numbers:
            raise refuse("RSA private key without its primes")
        known = (numbers[name] for name in ("n", "e", "d", "p", "q"))
        return RSAPrivateKey(*known, *(numbers.get(name) for name in ("dp", "dq", "qi")))

    def _ec(self) -> ECPublicKey | ECPrivateKey:
        curve = _CURVES[self.curve]
        x, y = int.from_bytes(self.numbers["x"]), int.from_bytes(self.numbers["y"])
        if not self.private:
            return ECPublicKey(curve, x, y)
        return ECPrivateKey(curve, int.from_bytes(self.numbers["d"]), x, y)

    def _okp(self) -> Ed25519PublicKey | Ed25519PrivateKey | X25519PublicKey | X25519PrivateKey:
        raw, edwards = self.numbers["x"], self.curve == "Ed25519"
        if not edwards and self.curve != "X25519":
            raise refuse("invalid curve")
        if not self.private:
            return Ed25519PublicKey(raw) if edwards else X25519PublicKey(raw)
        if not edwards:
            return x25519_key(self.numbers["d"])
        key = ed25519_key(self.numbers["d"])
        if key.raw != raw:
            raise refuse("invalid x value given d value")
        return key


def parse_keys(text: str) -> list[WebKey]:
    """Return the keys of a set, or the one key that stands alone.

    Raises:
        BuiltinError: If the text is neither, or any of its keys is malformed.
    """
    found, alone = _parsed(text)
    sets = [value for name, value in found if name == "keys"]
    if not sets or not alone:
        return [_web_key(found)]
    keys: list[WebKey] = []
    for members in sets:
        if type(members) is not list or len(members) > _MAX_KEYS:
            raise refuse("a JWK set's keys are no array, or too many")
        keys += [_web_key(member) for member in members]
    return keys


def _parsed(text: str) -> tuple[Any, bool]:
    """Return the first JSON value of a text, and whether it stands alone there."""
    source = text.lstrip(" \t\r\n")
    try:
        found, end = _DECODER.raw_decode(source)
    except (ValueError, RecursionError) as error:
        raise refuse("failed to parse a JWK key (set)") from error
    if type(found) is not _Object:
        raise refuse("failed to parse a JWK key (set)")
    return found, not source[end:].strip(" \t\r\n")


def _no_constant(name: str) -> None:
    raise ValueError(name)


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_Object, parse_int=float, parse_float=float, parse_constant=_no_constant
)


def _web_key(members: Any) -> WebKey:
    if type(members) is not _Object:
        raise refuse("a JWK must be an object")
    kind, private = _kind(members)
    numbers, texts = _members(members, kind, private=private)
    key = WebKey(kind, private, texts.get("crv", ""), numbers, texts.get("alg", ""), texts.get("kid", ""))
    _check(key)
    return key


def _kind(members: _Object) -> tuple[str, bool]:
    """Return a key's type and whether it is private; Go finds these two members in any letter case."""
    kind = ""
    for name, value in members:
        if name.lower() == "kty" and value is not None:
            kind = _text(value)
    if kind not in _NEEDED:
        raise refuse("invalid key type")
    return kind, kind != "oct" and any(name.lower() == "d" for name, _ in members)


def _members(members: _Object, kind: str, *, private: bool) -> tuple[dict[str, bytes], dict[str, str]]:
    wanted = {*_NEEDED[kind], *(("d", *_CRT) if kind == "RSA" else ("d",))} if private else set(_NEEDED[kind])
    numbers: dict[str, bytes] = {}
    texts: dict[str, str] = {}
    for name, value in members:
        if name in wanted:
            numbers[name] = any_base64(_text(value))
        elif name in _TEXTS:
            texts[name] = _text(value)
        elif name == "kty" and _text(value) != kind:
            raise refuse("invalid kty value")
        elif name == "alg":
            texts[name] = _member_of(_ALGORITHMS, value)
        elif name == "crv" and kind in {"EC", "OKP"}:
            texts[name] = _text(value)
        elif name == "key_ops":
            for operation in _array(value):
                _text(operation)
        elif name == "x5c":
            _check_chain(value)
    return numbers, texts


def _text(value: Any) -> str:
    """Return a member that is a string; null is an empty one."""
    if value is None:
        return ""
    if type(value) is not str:
        raise refuse("a member of a JWK must be a string")
    return value


def _array(value: Any) -> list[Any]:
    if value is None:
        return []
    if type(value) is not list:
        raise refuse("a member of a JWK must be an array")
    return value


def _member_of(known: frozenset[str], value: Any) -> str:
    found = _text(value)
    if found not in known:
        raise refuse("invalid algorithm")
    return found


def _check_chain(value: Any) -> None:
    if type(value) is not list or len(value) > _MAX_CHAIN:
        raise refuse("x5c is no array, or too long")
    for certificate in value:
        source = "".join(_text(certificate).split())
        if len(source) > _MAX_CERTIFICATE:
            raise refuse("x5c has too large a certificate")
        parse_certificate(standard_base64(source))


def _check(key: WebKey) -> None:
    """Refuse a key that lacks a member, or has one that cannot be right."""
    needed = {*_NEEDED[key.kind], *(("d",) if key.private else ())}
    if not all(key.numbers.get(name) for name in needed):
        raise refuse("required field is missing")
    if key.kind == "RSA":
        e = int.from_bytes(key.numbers["e"])
        if not any(key.numbers["n"]) or e % 2 == 0 or e >= 2**63:
            raise refuse("invalid RSA modulus or exponent")
    elif key.kind == "EC":
        _check_point(key, needed)
    elif key.kind == "OKP":
        sized = key.curve in {"Ed25519", "X25519"}
        if not key.curve or (sized and any(len(key.numbers[name]) != _RAW_SIZE for name in needed)):
            raise refuse("invalid curve, or wrong key size")


def _check_point(key: WebKey, needed: set[str]) -> None:
    curve = _CURVES.get(key.curve)
    if curve is None:
        raise refuse("invalid curve")
    if any(len(key.numbers[name]) != (curve.key_size + 7) // 8 for name in needed):
        raise refuse("wrong key size")
    ec_point(curve, b"\x04" + key.numbers["x"] + key.numbers["y"])
