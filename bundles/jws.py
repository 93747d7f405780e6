"""Signatures over bundles and over words about them: compact JWS (RFC 7515); knows keys, no bundle.

Three algorithms, and the key says which one, never the token's header (RFC 8725 section 3.1):
EdDSA for Ed25519 (RFC 8037), ES256 for P-256, RS256 for RSA of 2048 bits or more (RFC 7518).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from joserfc.jwa import JWS_ALGORITHMS
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.util import json_b64encode, urlsafe_b64decode, urlsafe_b64encode

from bundles.documents import parse_object
from bundles.errors import BundleError
from bundles.files import read_small

if TYPE_CHECKING:
    from pathlib import Path

Algorithm = Literal["EdDSA", "ES256", "RS256"]

_COMPACT: Final = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_MODELS: Final = {model.name: model for model in JWS_ALGORITHMS}
MIN_RSA_BITS: Final = 2048
MAX_KEY_BYTES: Final = 64 * 1024
"""A PEM's size, with room for comments around it."""
MAX_BYTES: Final = 8 * 1024 * 1024
"""A token's size: a bundle of 4,096 files has one line for each of them."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Whom to believe.

    Args:
        id: name of the key; a token that names another one is refused.
        algorithm: the only one that it verifies.
    """

    id: str
    algorithm: Algorithm
    _key: Any = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """SHA-256, in hex, of the key itself, whatever it is called: two names may have one key."""
        kind, form = serialization.PublicFormat.SubjectPublicKeyInfo, serialization.Encoding.DER
        return hashlib.sha256(self._key.public_bytes(form, kind)).hexdigest()

    @classmethod
    def parse(cls, pem: bytes, key_id: str) -> PublicKey:
        """Read a PEM of a public key (SubjectPublicKeyInfo).

        Raises:
            BundleError: `bundle.key`.
        """
        try:
            key = serialization.load_pem_public_key(pem)
        except (ValueError, UnsupportedAlgorithm):
            raise BundleError("bundle.key", f"{key_id!r:.80} is no public key in PEM") from None
        return cls(key_id, _algorithm(key, key_id), key)


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """What signs.

    Args:
        id: name of the key, as the token's header will name it.
        algorithm: the one that it signs with.
    """

    id: str
    algorithm: Algorithm
    _key: Any = field(repr=False)

    @classmethod
    def parse(cls, pem: bytes, key_id: str) -> PrivateKey:
        """Read an unencrypted PEM of a private key.

        Raises:
            BundleError: `bundle.key`; nothing of the key is in it.
        """
        try:
            key: Any = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise BundleError("bundle.key", f"{key_id!r:.80} is no unencrypted private key in PEM") from None
        return cls(key_id, _algorithm(key.public_key(), key_id), key)

    @classmethod
    def read(cls, path: Path, key_id: str) -> PrivateKey:
        """Read a private key from a file.

        Raises:
            BundleError: `bundle.key`, also when others can read the file: then it is no secret any more.
        """
        try:
            if path.stat().st_mode & 0o077:
                raise BundleError("bundle.key", f"{path} can be read by others; chmod 600 it")
            return cls.parse(read_small(path, MAX_KEY_BYTES), key_id)
        except OSError as error:
            raise BundleError("bundle.key", f"{path}: {error.strerror}") from None

    def public(self) -> PublicKey:
        """The key that verifies what this one signs."""
        return PublicKey(self.id, self.algorithm, self._key.public_key())


def sign(payload: bytes, key: PrivateKey, kind: str | None = None) -> str:
    """Sign `payload`.

    Args:
        kind: the header's `typ`, so that a word said for one purpose can't be used for another
            (RFC 8725 section 3.11).

    Returns:
        the token, in compact form.
    """
    header = {"alg": key.algorithm, "kid": key.id, **({"typ": kind} if kind else {})}
    signed = json_b64encode(header) + b"." + urlsafe_b64encode(payload)
    signature = _MODELS[key.algorithm].sign(signed, _joserfc(key))
    return (signed + b"." + urlsafe_b64encode(signature)).decode("ascii")


def verify(token: str, key: PublicKey, kind: str | None = None) -> bytes:
    """Check a token's signature.

    Args:
        kind: what the header's `typ` must be; None for whatever it is.

    Returns:
        the payload, which `key` signed.

    Raises:
        BundleError: `bundle.signature`.
    """
    header, signed, payload, signature = _parts(token)
    # Of `crit` nothing is understood here, so whoever uses it is refused (RFC 7515 section 4.1.11).
    named = header.get("alg") == key.algorithm and header.get("kid", key.id) == key.id
    if not named or "crit" in header or (kind is not None and header.get("typ") != kind):
        raise BundleError("bundle.signature", f"the token is not one of the key {key.id!r:.80} for this use")
    try:
        genuine = _MODELS[key.algorithm].verify(signed, signature, _joserfc(key))
    except ValueError:  # a signature of the wrong length
        genuine = False
    if not genuine:
        raise BundleError("bundle.signature", f"the signature is not one of the key {key.id!r:.80}")
    return payload


def unverified_key_id(token: str) -> str | None:
    """The key that a token's header names, which nobody has verified: good for choosing a key only.

    Raises:
        BundleError: `bundle.signature`, when it is no token.
    """
    named = _parts(token)[0].get("kid")
    return named if isinstance(named, str) else None


def unverified_payload(token: str) -> bytes:
    """What a token says, which nobody has verified: good for choosing a key only.

    Raises:
        BundleError: `bundle.signature`, when it is no token.
    """
    return _parts(token)[2]


def _parts(token: str) -> tuple[dict[str, Any], bytes, bytes, bytes]:
    """The header, what was signed, the payload and the signature, each in its one canonical spelling."""
    found = _COMPACT.fullmatch(token) if len(token) <= MAX_BYTES else None
    if found is None:
        raise BundleError("bundle.signature", "a signature is no compact JWS")
    try:
        header, payload, signature = (urlsafe_b64decode(part.encode()) for part in found.groups())
        return parse_object(header, "the header"), token[: found.end(2)].encode(), payload, signature
    except (ValueError, BundleError):
        raise BundleError("bundle.signature", "a signature is no compact JWS") from None


def _algorithm(key: object, key_id: str) -> Algorithm:
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "EdDSA"
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return "ES256"
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= MIN_RSA_BITS:
        return "RS256"
    raise BundleError("bundle.key", f"{key_id!r:.80} is neither Ed25519 nor P-256 nor RSA from 2048 bits")


def _joserfc(key: PublicKey | PrivateKey) -> Any:
    kinds: dict[Algorithm, Any] = {"EdDSA": OKPKey, "ES256": ECKey, "RS256": RSAKey}
    return kinds[key.algorithm].import_key(key._key)  # noqa: SLF001 - one room, two values
