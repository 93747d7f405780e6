"""Signatures by JWS algorithm (RFC 7518, RFC 8037), checked and made as OPA does; knows no token.

Whatever is wrong with a key makes a signature not hold: only a true answer is ever acted on.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from rego.builtins.keys import (
    ECPrivateKey,
    ECPublicKey,
    Ed25519PrivateKey,
    Ed25519PublicKey,
    PrivateKey,
    PublicKey,
    RSAPrivateKey,
    RSAPublicKey,
    ec_key,
)
from rego.builtins.operands import refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MIN_RSA_BITS: Final = 1024
_MAX_RSA_BITS: Final = 16_384  # where OpenSSL stops, too
_MAX_EXPONENT: Final = 2**31 - 1


class Algorithm(NamedTuple):
    """What a JWS algorithm signs with: a family of keys, and a hash (None for EdDSA)."""

    family: str
    hash: hashes.HashAlgorithm | None


_HASHES: Final = (hashes.SHA256(), hashes.SHA384(), hashes.SHA512())
#: The algorithms that tokens may use.
ALGORITHMS: Final[Mapping[str, Algorithm]] = {
    f"{family}{digest.digest_size * 8}": Algorithm(family, digest)
    for family in ("HS", "RS", "PS", "ES")
    for digest in _HASHES
} | {"EdDSA": Algorithm("EdDSA", None)}
_LONG: Final = {"HS": "HMAC_WITH_", "RS": "RSA_PKCS1v15_WITH_", "PS": "RSA_PSS_WITH_"}
_CURVES: Final = {256: "P256", 384: "P384", 512: "P521"}
#: Those, and the names under which OPA's library knows the same, which `decode_verify` lets pass, too.
VERIFIABLE: Final[Mapping[str, Algorithm]] = {
    **ALGORITHMS,
    **{f"{long}SHA{bits}": ALGORITHMS[f"{short}{bits}"] for short, long in _LONG.items() for bits in _CURVES},
    **{f"ECDSA_WITH_{_CURVES[size]}_AND_SHA{size}": ALGORITHMS[f"ES{size}"] for size in _CURVES},
    "Ed25519": ALGORITHMS["EdDSA"],
}  # fmt: skip


def mac(key: bytes, digest: hashes.HashAlgorithm, signed: bytes) -> bytes:
    """Return an HMAC."""
    return hmac.digest(key, signed, digest.name)


def verify_mac(key: bytes, digest: hashes.HashAlgorithm, signed: bytes, signature: bytes) -> bool:
    """Tell whether an HMAC holds; takes the same time wherever it is wrong, lest it be guessed by parts."""
    return hmac.compare_digest(mac(key, digest, signed), signature)


def verify_rsa(
    key: RSAPublicKey,
    digest: hashes.HashAlgorithm,
    signed: bytes,
    signature: bytes,
    *,
    pss_salt: int | padding._Auto | None = None,
) -> bool:
    """Tell whether an RSA signature holds: PKCS #1 v1.5, or PSS if a length of salt is given."""
    usable = _MIN_RSA_BITS <= key.n.bit_length() <= _MAX_RSA_BITS and key.n % 2
    if not usable or not (key.e % 2 and 1 < key.e <= _MAX_EXPONENT):
        return False
    scheme = padding.PKCS1v15() if pss_salt is None else padding.PSS(padding.MGF1(digest), pss_salt)

    def check() -> None:
        rsa.RSAPublicNumbers(key.e, key.n).public_key().verify(signature, signed, scheme, digest)

    return _holds(check)


def verify_ec(key: ECPublicKey, digest: hashes.HashAlgorithm, signed: bytes, signature: bytes) -> bool:
    """Tell whether an ECDSA signature holds whose halves are the two numbers."""
    half = len(signature) // 2
    r, s = int.from_bytes(signature[:half]), int.from_bytes(signature[half:])
    if max(r, s).bit_length() > key.curve.key_size:
        return False
    return verify_ec_der(key, digest, signed, encode_dss_signature(r, s))


def verify_ec_der(key: ECPublicKey, digest: hashes.HashAlgorithm, signed: bytes, signature: bytes) -> bool:
    """Tell whether an ECDSA signature in DER holds."""

    def check() -> None:
        point = ec.EllipticCurvePublicNumbers(key.x, key.y, key.curve).public_key()
        point.verify(signature, signed, ec.ECDSA(digest))

    return _holds(check)


def verify_ed25519(key: Ed25519PublicKey, signed: bytes, signature: bytes) -> bool:
    """Tell whether an Ed25519 signature holds."""
    return _holds(lambda: ed25519.Ed25519PublicKey.from_public_bytes(key.raw).verify(signature, signed))


def _holds(check: Callable[[], None]) -> bool:
    try:
        check()
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def verify(key: PublicKey | PrivateKey | bytes | None, name: str, signed: bytes, signature: bytes) -> bool:
    """Tell whether a signature by a named algorithm holds; of a private key, its public half checks."""
    algorithm = VERIFIABLE.get(name)
    if algorithm is None:
        return False
    public = key.public() if isinstance(key, RSAPrivateKey | ECPrivateKey | Ed25519PrivateKey) else key
    digest = algorithm.hash
    if digest is None:
        return type(public) is Ed25519PublicKey and verify_ed25519(public, signed, signature)
    if algorithm.family == "HS":
        return type(public) is bytes and bool(public) and verify_mac(public, digest, signed, signature)
    if algorithm.family == "ES":
        if type(public) is not ECPublicKey or len(signature) != 2 * _size(public.curve):
            return False
        return verify_ec(public, digest, signed, signature)
    salt = digest.digest_size if algorithm.family == "PS" else None
    return type(public) is RSAPublicKey and verify_rsa(public, digest, signed, signature, pss_salt=salt)


def sign(key: PublicKey | PrivateKey | bytes, name: str, signed: bytes) -> bytes:
    """Return a signature by one of `ALGORITHMS`.

    Raises:
        BuiltinError: If the key is not one for the algorithm, or is not a sound one.
    """
    family, digest = ALGORITHMS[name]
    if digest is None and type(key) is Ed25519PrivateKey:
        return ed25519.Ed25519PrivateKey.from_private_bytes(key.seed).sign(signed)
    if family == "HS":
        return mac(_secret(key), _of(digest), signed)
    if family in {"RS", "PS"} and type(key) is RSAPrivateKey:
        return _sign_rsa(key, _of(digest), signed, pss=family == "PS")
    if family == "ES" and type(key) is ECPrivateKey:
        return _sign_ec(key, _of(digest), signed)
    raise refuse(f"invalid key type for {name}")


def _secret(key: PublicKey | PrivateKey | bytes) -> bytes:
    """Return a secret; OPA's library takes the bytes of an Ed25519 key for one, too."""
    if isinstance(key, Ed25519PrivateKey):
        return key.seed + key.raw
    secret = key.raw if isinstance(key, Ed25519PublicKey) else key
    if type(secret) is not bytes or not secret:
        raise refuse("invalid key type for HMAC")
    return secret


def _of(digest: Any) -> hashes.HashAlgorithm:
    return digest  # type: ignore[no-any-return]  # only EdDSA has none


def _sign_rsa(key: RSAPrivateKey, digest: hashes.HashAlgorithm, signed: bytes, *, pss: bool) -> bytes:
    if key.n.bit_length() < _MIN_RSA_BITS:
        raise refuse("RSA keys below 1024 bits are insecure")
    sound = key.checked()
    public = rsa.RSAPublicNumbers(sound.e, sound.n)
    scheme = padding.PSS(padding.MGF1(digest), digest.digest_size) if pss else padding.PKCS1v15()
    try:
        numbers = rsa.RSAPrivateNumbers(sound.p, sound.q, sound.d, sound.dp, sound.dq, sound.qinv, public)  # type: ignore[arg-type]  # `checked` filled them
        # It has just been checked as OPA checks it; OpenSSL's own check takes longer than signing.
        return numbers.private_key(unsafe_skip_rsa_key_validation=True).sign(signed, scheme, digest)
    except ValueError as error:
        raise refuse("failed to sign with the RSA key") from error


def _sign_ec(key: ECPrivateKey, digest: hashes.HashAlgorithm, signed: bytes) -> bytes:
    sound = ec_key(key.curve, key.d)
    private = ec.derive_private_key(sound.d, sound.curve)
    r, s = decode_dss_signature(private.sign(signed, ec.ECDSA(digest)))
    size = _size(key.curve)
    return r.to_bytes(size) + s.to_bytes(size)


def _size(curve: ec.EllipticCurve) -> int:
    return (curve.key_size + 7) // 8
