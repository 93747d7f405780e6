"""A compact JWS taken apart, before anything in it is believed; knows no issuer and no key."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from joserfc.util import urlsafe_b64decode

from gateway.errors import Refused
from gateway.identity.documents import parse_object
from gateway.identity.keys import ALGORITHMS, MAX_KEY_ID

if TYPE_CHECKING:
    from collections.abc import Mapping

# Three parts, so neither the JSON serialisation (several signatures) nor a JWE (five parts).
_COMPACT: Final = re.compile(rb"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)")
_REFUSED_PARAMETERS: Final = frozenset(
    {
        "jku", "jwk", "x5u", "x5c",  # a token that brings its own key vouches for itself
        "crit", "b64",  # extensions that change what was signed; none is implemented, so none is accepted
        "enc", "zip", "epk",  # encryption: no JWS has them
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class UnverifiedJWS:
    """A token's parts. Nothing in them is true until the signature was verified.

    Args:
        algorithm: one of `keys.ALGORITHMS`.
        kid: the name of the key that signed, if the header names one.
        type: the `typ` header in lower case; empty if there is none.
        claims: the payload; use it only to choose the issuer.
        signed: the bytes that the signature covers.
    """

    algorithm: str
    kid: str | None
    type: str
    claims: Mapping[str, object]
    signed: bytes
    signature: bytes


def parse(token: bytes) -> UnverifiedJWS:
    """Take a JWS in compact serialisation (RFC 7515, section 7.1) apart.

    Args:
        token: of bounded size.

    Raises:
        Refused: `identity.malformed`, `identity.header` or `identity.algorithm`.
    """
    parts = _COMPACT.fullmatch(token)
    if parts is None:
        raise Refused("identity.malformed")
    algorithm, kid, type_ = _header(_object(parts[1]))
    return UnverifiedJWS(
        algorithm=algorithm,
        kid=kid,
        type=type_,
        claims=_object(parts[2]),
        signed=token[: parts.end(2)],
        signature=_decoded(parts[3]),
    )


def _header(header: Mapping[str, object]) -> tuple[str, str | None, str]:
    """What the header says of algorithm, key and type; parameters that nobody knows are ignored (4.)."""
    algorithm, kid, type_ = header.get("alg"), header.get("kid"), header.get("typ", "")
    if not _REFUSED_PARAMETERS.isdisjoint(header):
        raise Refused("identity.header")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise Refused("identity.algorithm")
    if kid is not None and not (isinstance(kid, str) and 0 < len(kid) <= MAX_KEY_ID):
        raise Refused("identity.header")
    if not isinstance(type_, str):
        raise Refused("identity.header")
    return algorithm, kid, type_.lower()


def _object(part: bytes) -> dict[str, object]:
    try:
        return parse_object(_decoded(part))
    except ValueError:
        raise Refused("identity.malformed") from None


def _decoded(part: bytes) -> bytes:
    """Base64url in its one canonical spelling: a second one would be a second token for one signature."""
    try:
        return urlsafe_b64decode(part) if part else b""
    except ValueError:
        raise Refused("identity.malformed") from None
