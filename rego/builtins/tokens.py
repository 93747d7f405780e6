"""JSON Web Tokens in compact serialization (RFC 7515, RFC 7519): decoded and verified as OPA does it.

The imports are heavy: see `ON_DEMAND`. Signing stands beside it, in `token_signing`.

Longer than most modules: what a token is and what it must meet are checked in one order, from top to bottom.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.asymmetric import padding

from rego.builtins import encoding
from rego.builtins.keys import ECPublicKey, Ed25519PublicKey, RSAPublicKey, subject_public_key
from rego.builtins.operands import object_, refuse, text
from rego.builtins.pem import first
from rego.builtins.rawbytes import as_text, url_base64
from rego.builtins.signatures import (
    ALGORITHMS,
    Algorithm,
    verify,
    verify_ec,
    verify_ed25519,
    verify_mac,
    verify_rsa,
)
from rego.builtins.webkeys import Material, parse_keys
from rego.builtins.x509.certificates import parse_certificate
from rego.utf8 import encoded
from rego.values import Value, compare_numbers, is_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from decimal import Decimal

    from rego.builtins.context import Context

_PARTS: Final = 3
_SECOND: Final = 1_000_000_000
_TYPE: Final = "JWT"
_TEXT_PARAMETERS: Final = ("alg", "cty", "kid", "typ")
_TEXT_CONSTRAINTS: Final = frozenset({"secret", "alg", "iss", "aud"})
_UNVERIFIED: Final[tuple[Value, ...]] = (False, {}, {})


# ── tokens ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Token:
    """A token's three parts, still encoded."""

    header: str
    payload: str
    signature: str

    def signed(self) -> bytes:
        """Return the bytes that its signature is over."""
        return encoded(f"{self.header}.{self.payload}")


def _split(value: Value) -> _Token:
    parts = text(value, 1).split(".", _PARTS)
    if len(parts) != _PARTS:
        raise refuse(f"encoded JWT must have {_PARTS} sections")
    return _Token(*parts)


def _header_of(token: _Token) -> dict[Any, Value]:
    header = _object(as_text(url_base64(token.header)))
    if "enc" in header:
        raise refuse("JWT is a JWE object, which is not supported")
    return header


def _object(source: str) -> dict[Any, Value]:
    try:
        found = _unmarshal(source)
    except RecursionError as error:
        raise refuse("invalid JSON: nested too deeply") from error
    if type(found) is not dict:
        raise refuse("decoded JSON type was not an Object")
    return found


_unmarshal: Final[Callable[[Value], Value]] = encoding.TABLE["json.unmarshal"]


def _decode(value: Value) -> list[Value]:
    token = _split(value)
    header, payload = _header_of(token), as_text(url_base64(token.payload))
    if _string(header.get("cty", "")) == _TYPE:
        return _decode(payload.strip("\"'"))
    return [header, _object(payload), url_base64(token.signature).hex()]


def _string(value: Value) -> str:
    if type(value) is not str:
        raise refuse("a registered parameter or claim must be a string")
    return value


@dataclass(frozen=True, slots=True)
class _Header:
    """The parameters of a header that say how to verify; absent ones are empty."""

    algorithm: str
    content: str
    key: str
    critical_unknown: bool

    @classmethod
    def of(cls, header: dict[Any, Value]) -> _Header:
        """Return what a header says.

        Raises:
            BuiltinError: If a parameter has a value of the wrong type.
        """
        texts = {name: _string(header.get(name, "")) for name in _TEXT_PARAMETERS}
        critical = _critical(header["crit"]) if "crit" in header else set()
        known = {*_TEXT_PARAMETERS, "crit"}
        unknown = not critical.isdisjoint(header.keys() - known)
        return cls(texts["alg"], texts["cty"], texts["kid"], unknown)


def _critical(value: Value) -> set[str]:
    """Return the names of a list; what follows one that is no string doesn't count, as in OPA."""
    names: set[str] = set()
    if type(value) is list:
        for name in value:
            if type(name) is not str:
                break
            names.add(name)
    if not names:
        raise refuse("crit: must be a nonempty list")
    return names


# ── keys ────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Key:
    """A key to verify with, the algorithm that it is for and its name; those are empty if not known."""

    material: Material | None
    algorithm: str = ""
    identifier: str = ""


def _keys(source: str) -> list[_Key]:
    """Return the keys in a PEM certificate or public key, or in a JWK or a set of them."""
    data = encoded(source)
    block = first(data)
    if block is None:
        named = [(key.material(), key.algorithm, key.identifier) for key in parse_keys(source)]
        return [_Key(*given) for given in named if not given[1] or given[1] in ALGORITHMS]
    if block.end < len(data):
        raise refuse("extra data after a PEM certificate block")
    if block.label == b"CERTIFICATE":
        return [_Key(parse_certificate(block.content).key_info.key)]
    if block.label == b"PUBLIC KEY":
        return [_Key(subject_public_key(block.content))]
    raise refuse("failed to extract a Key from the PEM certificate")


def _holds(keys: Sequence[_Key], header: _Header, check: Callable[[Material | None], bool]) -> bool:
    """Tell whether a check holds of the key that the header names or, if none has its name, of any other."""
    if header.key:
        for key in keys:
            if key.identifier == header.key:
                return check(key.material)
    return any(check(key.material) for key in keys if key.algorithm in {"", header.algorithm})


def _verifier(algorithm: Algorithm) -> Callable[[Value, Value], bool]:
    """Return `io.jwt.verify_*` for asymmetric keys; only public ones count."""

    def call(value: Value, source: Value) -> bool:
        token = _split(value)
        keys, signature = _keys(text(source, 2)), url_base64(token.signature)
        header, signed = _Header.of(_header_of(token)), token.signed()
        return _holds(keys, header, lambda key: _is_signed(algorithm, key, signed, signature))

    return call


def _is_signed(algorithm: Algorithm, key: Material | None, signed: bytes, signature: bytes) -> bool:
    """Tell whether a signature holds, as the builtins for one algorithm see it.

    They let pass a bit more than `decode_verify` does: a salt of any length, and an ECDSA signature of any.
    """
    digest = algorithm.hash
    if digest is None:
        return type(key) is Ed25519PublicKey and verify_ed25519(key, signed, signature)
    if algorithm.family == "ES":
        return type(key) is ECPublicKey and verify_ec(key, digest, signed, signature)
    salt = padding.PSS.AUTO if algorithm.family == "PS" else None
    return type(key) is RSAPublicKey and verify_rsa(key, digest, signed, signature, pss_salt=salt)


def _mac_verifier(algorithm: Algorithm) -> Callable[[Value, Value], bool]:
    """Return `io.jwt.verify_hs*`, which looks at no header."""

    def call(value: Value, secret: Value) -> bool:
        source, key = text(value, 1), encoded(text(secret, 2))
        token = _split(source)
        signature = url_base64(token.signature)
        return algorithm.hash is not None and verify_mac(key, algorithm.hash, token.signed(), signature)

    return call


# ── verification against constraints ────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Constraints:
    """What a token must meet; empty strings demand nothing.

    Args:
        keys: Keys to verify with, or None where there is a secret.
        secret: The secret, or an empty string.
        algorithm: The only algorithm that it may use.
        issuer: Its `iss`.
        audience: A member of its `aud`.
        time_ns: When it must be valid, nanoseconds since 1970 UTC.
    """

    keys: Sequence[_Key] | None
    secret: str
    algorithm: str
    issuer: str
    audience: str
    time_ns: float

    @classmethod
    def of(cls, given: dict[Any, Value], now_ns: int) -> _Constraints:
        """Return what the constraints' object says.

        Raises:
            BuiltinError: If it says what is not known, or gives no key or two kinds of them.
        """
        if not given.keys() <= _TEXT_CONSTRAINTS | {"cert", "time"}:
            raise refuse("unknown token validation constraint")
        texts = {name: _string(given.get(name, "")) for name in _TEXT_CONSTRAINTS}
        keys = _keys(_string(given["cert"])) if "cert" in given else None
        time_ns = _time(given.get("time", now_ns))
        if (keys is None) == (not texts["secret"]):
            raise refuse("duplicate key constraints, or none")
        return cls(keys, texts["secret"], texts["alg"], texts["iss"], texts["aud"], time_ns)

    def holds(self, header: _Header, signed: bytes, signature: bytes) -> bool:
        """Tell whether a signature holds by the algorithm that the header names."""
        if self.keys is None:
            return verify(encoded(self.secret), header.algorithm, signed, signature)
        return _holds(self.keys, header, lambda key: verify(key, header.algorithm, signed, signature))

    def are_met(self, claims: dict[Any, Value]) -> bool:
        """Tell whether a token's claims meet them.

        Raises:
            BuiltinError: If a claim that is asked for has a value of the wrong type.
        """
        if self.issuer and _string(claims.get("iss", "")) != self.issuer:
            return False
        if not (self._is_audience(claims["aud"]) if "aud" in claims else not self.audience):
            return False
        seconds = self.time_ns / _SECOND
        if "exp" in claims and compare_numbers(seconds, _number(claims["exp"])) >= 0:
            return False
        return "nbf" not in claims or compare_numbers(seconds, _number(claims["nbf"])) >= 0

    def _is_audience(self, value: Value) -> bool:
        members = value if type(value) is list else [value]
        return any(type(member) is str and member == self.audience for member in members)


def _time(value: Value) -> float:
    if not is_number(value):
        raise refuse("token time constraint: must be a number")
    try:
        time_ns = float(value)
    except OverflowError as error:
        raise refuse("token time constraint: invalid float64") from error
    if not 0 <= time_ns < float("inf"):
        raise refuse("token time constraint: must not be negative, nor infinite")
    return time_ns


def _number(value: Value) -> int | float | Decimal:
    if not is_number(value):
        raise refuse("exp and nbf must be numbers")
    return value  # type: ignore[no-any-return]  # the line above asked


def _decode_verify(context: Context, value: Value, constraints: Value) -> list[Value]:
    wanted = _Constraints.of(object_(constraints, 2), context.now_ns)
    while True:
        token = _split(value)
        decoded = _header_of(token)
        header = _Header.of(decoded)
        if not header.algorithm or header.critical_unknown:
            return [*_UNVERIFIED]
        if wanted.algorithm and wanted.algorithm != header.algorithm:
            return [*_UNVERIFIED]
        if not wanted.holds(header, token.signed(), url_base64(token.signature)):
            return [*_UNVERIFIED]
        payload = as_text(url_base64(token.payload))
        if header.content.upper() != _TYPE:
            break
        value = payload  # a token in a token: each is verified
    claims = _object(payload)
    return [True, decoded, claims] if wanted.are_met(claims) else [*_UNVERIFIED]


TABLE: Final[Mapping[str, Callable[..., Any]]] = {
    "io.jwt.decode": _decode,
    **{
        f"io.jwt.verify_{name.lower()}": (_mac_verifier if made.family == "HS" else _verifier)(made)
        for name, made in ALGORITHMS.items()
    },
}
CONTEXTUAL: Final[Mapping[str, Callable[..., Any]]] = {"io.jwt.decode_verify": _decode_verify}
