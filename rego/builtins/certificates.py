"""`crypto.x509.*` and `crypto.parse_private_keys`; knows no token.

The imports are heavy: see `ON_DEMAND`.

Longer than most modules: seven builtins, each short, over the same few readers.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

from rego.builtins.keys import (
    ECPrivateKey,
    Ed25519PrivateKey,
    PrivateKey,
    RSAPrivateKey,
    any_private_key,
    private_keys,
)
from rego.builtins.operands import object_, refuse, text, wrong_type
from rego.builtins.pem import blocks
from rego.builtins.rawbytes import as_text, standard_base64
from rego.builtins.x509.certificates import Certificate, parse_certificate, parse_certificates
from rego.builtins.x509.chains import Wanted, verified_chain
from rego.builtins.x509.printing import printed_certificate, printed_private_key, printed_request
from rego.builtins.x509.requests import parse_request
from rego.errors import BuiltinError
from rego.utf8 import encoded
from rego.values import RegoSet, Value, integer, is_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rego.builtins.context import Context

_BEGIN: Final = b"-----BEGIN"
_CERTIFICATE: Final = b"CERTIFICATE"
_REQUEST: Final = b"CERTIFICATE REQUEST"
#: The curves that a JWK can name, by the size of their fields in bits.
_CURVE_NAMES: Final[Mapping[int, str]] = {256: "P-256", 384: "P-384", 521: "P-521"}
_MIN_CHAIN: Final = 2
#: OPA's names of purposes; their places are Go's numbers.
_PURPOSES: Final = (
    "KeyUsageAny",
    "KeyUsageServerAuth",
    "KeyUsageClientAuth",
    "KeyUsageCodeSigning",
    "KeyUsageEmailProtection",
    "KeyUsageIPSECEndSystem",
    "KeyUsageIPSECTunnel",
    "KeyUsageIPSECUser",
    "KeyUsageTimeStamping",
    "KeyUsageOCSPSigning",
    "KeyUsageMicrosoftServerGatedCrypto",
    "KeyUsageNetscapeServerGatedCrypto",
    "KeyUsageMicrosoftCommercialCodeSigning",
    "KeyUsageMicrosoftKernelCodeSigning",
)


# ── certificates ────────────────────────────────────────────────────────────────────────────────


def _parse_certificates(given: Value) -> list[Value]:
    return [printed_certificate(certificate) for certificate in _certificates(text(given, 1))]


def _certificates(given: str) -> list[Certificate]:
    """Return the certificates in PEM, in base64 of PEM, or in base64 of DER."""
    data = encoded(given)
    if not data.startswith(_BEGIN):
        data = standard_base64(given)
    return parse_certificates(_in_pem(data) if data.startswith(_BEGIN) else data)


def _in_pem(data: bytes) -> bytes:
    found = list(blocks(data))
    if any(block.label != _CERTIFICATE for block in found):
        raise refuse("PEM block is no certificate")
    return b"".join(block.content for block in found)


def _verify_certificates(context: Context, given: Value) -> list[Value]:
    found = _certificates_or_none(text(given, 1))
    return _verified(found or [], Wanted(context.now_ns), with_uris=True)


def _verify_certificates_with_options(context: Context, given: Value, options: Value) -> list[Value]:
    source, wanted = text(given, 1), object_(options, 2)
    found = _certificates_or_none(source)
    if found is None:
        return [False, []]
    return _verified(found, _wanted(wanted, context.now_ns), with_uris=False)


def _certificates_or_none(source: str) -> list[Certificate] | None:
    try:
        return _certificates(source)
    except BuiltinError:
        return None


def _verified(found: list[Certificate], wanted: Wanted, *, with_uris: bool) -> list[Value]:
    """Return whether certificates make a chain that holds, and the chain."""
    chain = verified_chain(found, wanted) if len(found) >= _MIN_CHAIN else None
    if chain is None:
        return [False, []]
    return [True, [printed_certificate(certificate, with_uris=with_uris) for certificate in chain]]


def _wanted(options: dict[Any, Value], now_ns: int) -> Wanted:
    moment_ns, host, purposes = now_ns, "", []
    for name, option in options.items():
        match name:
            case "DNSName":
                if type(option) is not str:
                    raise refuse("'DNSName' should be a string")
                host = option.strip('"')
            case "CurrentTime":
                moment_ns = _whole(option)
            case "MaxConstraintComparisons":
                _whole(option)  # Go has stopped to heed it
            case "KeyUsages":
                purposes = _purposes(option)
            case str():
                raise refuse("invalid key option")
    return Wanted(moment_ns, host, purposes)


def _whole(option: Value) -> int:
    found = integer(option) if is_number(option) else None
    if found is None or not -(2**63) <= found < 2**63:
        raise refuse("an option should be a valid int64 number")
    return found


def _purposes(option: Value) -> list[int]:
    if type(option) not in {list, RegoSet}:
        raise refuse("'KeyUsages' should be an Array or Set")
    names = [name.strip('"') for name in option if type(name) is str]
    if not set(names) <= set(_PURPOSES):
        raise refuse("invalid entries for 'KeyUsages' found")
    return [_PURPOSES.index(name) for name in names]


def _parse_request(given: Value) -> Value:
    source = text(given, 1)
    data = encoded(source)
    if not data.startswith(b"-----BEGIN CERTIFICATE REQUEST-----"):
        data = standard_base64(source)
    block = next(blocks(data), None)
    if block is not None and block.label != _REQUEST:
        raise refuse("invalid PEM-encoded certificate signing request")
    return printed_request(parse_request(data if block is None else block.content))


# ── private keys ────────────────────────────────────────────────────────────────────────────────


def _parse_private_keys(given: Value) -> Value:
    source = text(given, 1)
    return [printed_private_key(key) for key in _private_keys(source)] if source else None


def _private_keys(source: str) -> list[PrivateKey]:
    try:
        return private_keys(standard_base64(source))
    except BuiltinError:
        if _is_base64(source):
            raise
    return private_keys(encoded(source))


def _is_base64(source: str) -> bool:
    try:
        standard_base64(source)
    except BuiltinError:
        return False
    return True


def _parse_rsa_private_key(given: Value) -> Value:
    source = text(given, 1)
    if not source:
        raise refuse("input PEM data was empty")
    if not source.startswith("-----BEGIN"):
        source = as_text(standard_base64(source))
    keys = _private_keys(source)
    return _web_key(keys[0]) if keys else None


def _web_key(key: PrivateKey) -> Value:
    """Return a private key as a JWK (RFC 7517); its name says RSA, but OPA takes all kinds."""
    if isinstance(key, RSAPrivateKey):
        numbers = {"n": key.n, "e": key.e, "d": key.d, "p": key.p, "q": key.q}
        more = {"dp": key.dp, "dq": key.dq, "qi": key.qinv}
        return {"kty": "RSA"} | {name: _number(number or 0) for name, number in (numbers | more).items()}
    if isinstance(key, ECPrivateKey):
        size = (key.curve.key_size + 7) // 8
        curve = _CURVE_NAMES.get(key.curve.key_size)
        if curve is None:
            raise refuse("unsupported elliptic curve")
        values = {"d": key.d, "x": key.x, "y": key.y}
        return {"kty": "EC", "crv": curve} | {name: _number(value, size) for name, value in values.items()}
    return {
        "kty": "OKP",
        "crv": "Ed25519" if type(key) is Ed25519PrivateKey else "X25519",
        "d": _unpadded(key.seed),
        "x": _unpadded(key.raw),
    }


def _number(number: int, size: int = 0) -> str:
    return _unpadded(number.to_bytes(size or (number.bit_length() + 7) // 8))


def _unpadded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _parse_key_pair(certificate: Value, key: Value) -> Value:
    for value in (certificate, key):
        if type(value) is not str:
            raise wrong_type(1, value, "string")
    certificates, private = _pair_certificates(certificate), any_private_key(_pair_key(key))
    leaf = parse_certificate(certificates[0])
    if private.public() != leaf.key_info.key:
        raise refuse("private key does not match public key")
    return {
        "Certificate": [base64.b64encode(der).decode() for der in certificates],
        "PrivateKey": printed_private_key(private),
        "Leaf": printed_certificate(leaf, with_uris=False),
        "OCSPStaple": None,
        "SignedCertificateTimestamps": None,
        "SupportedSignatureAlgorithms": None,
    }


def _pair_certificates(source: str) -> list[bytes]:
    data = _pem_or_der(source)
    found = (
        [block.content for block in blocks(data) if block.label == _CERTIFICATE] if _is_pem(data) else [data]
    )
    if not found:
        raise refuse("failed to find certificate PEM data in certificate input")
    return found


def _pair_key(source: str) -> bytes:
    data = _pem_or_der(source)
    if not data.startswith(_BEGIN):
        return data
    for block in blocks(data):
        if block.label == b"PRIVATE KEY" or block.label.endswith(b" PRIVATE KEY"):
            return block.content
    raise refuse("failed to find a private key in key input")


def _pem_or_der(source: str) -> bytes:
    data = encoded(source)
    return data if _is_pem(data) else standard_base64(source)


def _is_pem(data: bytes) -> bool:
    return data.startswith(_BEGIN + b" ")


TABLE: Final[Mapping[str, Callable[..., Any]]] = {
    "crypto.x509.parse_certificates": _parse_certificates,
    "crypto.x509.parse_certificate_request": _parse_request,
    "crypto.x509.parse_keypair": _parse_key_pair,
    "crypto.x509.parse_rsa_private_key": _parse_rsa_private_key,
    "crypto.parse_private_keys": _parse_private_keys,
}
CONTEXTUAL: Final[Mapping[str, Callable[..., Any]]] = {
    "crypto.x509.parse_and_verify_certificates": _verify_certificates,
    "crypto.x509.parse_and_verify_certificates_with_options": _verify_certificates_with_options,
}
