"""Which algorithm signed a certificate, and whether its signature holds; knows no chain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from cryptography.hazmat.primitives import hashes

from rego.builtins.der import CONSTRUCTED, CONTEXT, OID, Reader
from rego.builtins.keys import ECPublicKey, Ed25519PublicKey, PublicKey, RSAPublicKey
from rego.builtins.signatures import verify_ec_der, verify_ed25519, verify_rsa
from rego.errors import BuiltinError

if TYPE_CHECKING:
    from collections.abc import Mapping

_PSS: Final[OID] = (1, 2, 840, 113549, 1, 1, 10)
_MGF1: Final[OID] = (1, 2, 840, 113549, 1, 1, 8)
_ED25519: Final[OID] = (1, 3, 101, 112)
_NULL: Final = b"\x05\x00"
_UNKNOWN: Final = 0
_ED25519_NUMBER: Final = 16
#: Go's numbers of the algorithms.
_NUMBERS: Final[Mapping[OID, int]] = {
    (1, 2, 840, 113549, 1, 1, 4): 2,
    (1, 2, 840, 113549, 1, 1, 5): 3,
    (1, 3, 14, 3, 2, 29): 3,
    (1, 2, 840, 113549, 1, 1, 11): 4,
    (1, 2, 840, 113549, 1, 1, 12): 5,
    (1, 2, 840, 113549, 1, 1, 13): 6,
    (1, 2, 840, 10040, 4, 3): 7,
    (2, 16, 840, 1, 101, 3, 4, 3, 2): 8,
    (1, 2, 840, 10045, 4, 1): 9,
    (1, 2, 840, 10045, 4, 3, 2): 10,
    (1, 2, 840, 10045, 4, 3, 3): 11,
    (1, 2, 840, 10045, 4, 3, 4): 12,
    _ED25519: _ED25519_NUMBER,
}
#: PSS with a salt as long as the hash, by the hash.
_PSS_NUMBERS: Final[Mapping[tuple[OID, int], int]] = {
    ((2, 16, 840, 1, 101, 3, 4, 2, 1), 32): 13,
    ((2, 16, 840, 1, 101, 3, 4, 2, 2), 48): 14,
    ((2, 16, 840, 1, 101, 3, 4, 2, 3), 64): 15,
}


class _RSA(NamedTuple):
    hash: hashes.HashAlgorithm
    pss: bool


#: What may sign a certificate: not MD5, SHA-1 or DSA.
_RSA_ALGORITHMS: Final[Mapping[int, _RSA]] = {
    4: _RSA(hashes.SHA256(), pss=False),
    5: _RSA(hashes.SHA384(), pss=False),
    6: _RSA(hashes.SHA512(), pss=False),
    13: _RSA(hashes.SHA256(), pss=True),
    14: _RSA(hashes.SHA384(), pss=True),
    15: _RSA(hashes.SHA512(), pss=True),
}
_EC_ALGORITHMS: Final[Mapping[int, hashes.HashAlgorithm]] = {
    10: hashes.SHA256(),
    11: hashes.SHA384(),
    12: hashes.SHA512(),
}


def algorithm_number(algorithm: OID, parameters: bytes) -> int:
    """Return Go's number of a signature algorithm, 0 of an unknown one."""
    if algorithm == _PSS:
        try:
            return _pss_number(parameters)
        except BuiltinError:
            return _UNKNOWN
    if algorithm == _ED25519 and parameters:
        return _UNKNOWN
    return _NUMBERS.get(algorithm, _UNKNOWN)


def _pss_number(parameters: bytes) -> int:
    reader = Reader(parameters).inside()
    digest, digest_parameters = _algorithm(Reader(reader.read(CONTEXT | CONSTRUCTED).content).inside())
    mask, mask_parameters = _algorithm(Reader(reader.read(CONTEXT | CONSTRUCTED | 1).content).inside())
    salt = Reader(reader.read(CONTEXT | CONSTRUCTED | 2).content).small_integer()
    trailer = reader.optional(CONTEXT | CONSTRUCTED | 3)
    mask_digest, mask_digest_parameters = _algorithm(Reader(mask_parameters).inside())
    plain = {digest_parameters, mask_digest_parameters} <= {b"", _NULL}
    usual = trailer is None or Reader(trailer.content).small_integer() == 1
    if not (plain and usual) or mask != _MGF1 or mask_digest != digest:
        return _UNKNOWN
    return _PSS_NUMBERS.get((digest, salt), _UNKNOWN)


def _algorithm(reader: Reader) -> tuple[OID, bytes]:
    return reader.oid(), reader.read().raw if reader else b""


def is_signed(number: int, signed: bytes, signature: bytes, key: PublicKey | None) -> bool:
    """Tell whether a signature by an algorithm (Go's number) that certificates may use holds."""
    if type(key) is RSAPublicKey and (rsa := _RSA_ALGORITHMS.get(number)) is not None:
        salt = rsa.hash.digest_size if rsa.pss else None
        return verify_rsa(key, rsa.hash, signed, signature, pss_salt=salt)
    if type(key) is ECPublicKey and (digest := _EC_ALGORITHMS.get(number)) is not None:
        return verify_ec_der(key, digest, signed, signature)
    return (
        type(key) is Ed25519PublicKey and number == _ED25519_NUMBER and verify_ed25519(key, signed, signature)
    )
