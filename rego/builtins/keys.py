"""Keys as numbers and bytes, in the DER forms that carry them; knows no signature and no token.

A key is kept as what its file says, as Go keeps it: one that no signature could be checked with
is still parsed and printed, and is refused only where it is used.

Longer than most modules: the kinds of keys and the forms that carry them are read side by side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519

from rego.builtins.der import (
    BIT_STRING,
    MAX_INTEGER_BITS,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    OID,
    SEQUENCE,
    Reader,
    bits_of,
    oid_of,
)
from rego.builtins.operands import refuse
from rego.builtins.pem import blocks
from rego.errors import BuiltinError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

RSA_OID: Final[OID] = (1, 2, 840, 113549, 1, 1, 1)
DSA_OID: Final[OID] = (1, 2, 840, 10040, 4, 1)
EC_OID: Final[OID] = (1, 2, 840, 10045, 2, 1)
X25519_OID: Final[OID] = (1, 3, 101, 110)
ED25519_OID: Final[OID] = (1, 3, 101, 112)
CURVES: Final[Mapping[OID, ec.EllipticCurve]] = {
    (1, 3, 132, 0, 33): ec.SECP224R1(),
    (1, 2, 840, 10045, 3, 1, 7): ec.SECP256R1(),
    (1, 3, 132, 0, 34): ec.SECP384R1(),
    (1, 3, 132, 0, 35): ec.SECP521R1(),
}
_NULL: Final = b"\x05\x00"
_UNCOMPRESSED: Final = b"\x04"
_RAW_KEY_SIZE: Final = 32
_MAX_EXPONENT: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class RSAPublicKey:
    """Modulus and public exponent."""

    n: int
    e: int


@dataclass(frozen=True, slots=True)
class RSAPrivateKey:
    """A private key of two primes; the values for the Chinese remainder theorem may be missing."""

    n: int
    e: int
    d: int
    p: int
    q: int
    dp: int | None
    dq: int | None
    qinv: int | None

    def public(self) -> RSAPublicKey:
        """Return the public half."""
        return RSAPublicKey(self.n, self.e)

    def checked(self) -> RSAPrivateKey:
        """Return the key with all its values, if they belong together as Go demands it.

        Raises:
            BuiltinError: If they do not.
        """
        n, e, d, p, q = self.n, self.e, self.d, self.p, self.q
        if max(map(int.bit_length, (n, d, p, q))) > MAX_INTEGER_BITS:
            raise refuse("RSA key too large")
        if not (n % 2 and e % 2 and 1 < e <= _MAX_EXPONENT and 2 < p < n and 2 < q < n and p * q % n == 0):  # noqa: PLR2004 - no prime is even
            raise refuse("invalid RSA key")
        dp, dq, qinv = self.dp, self.dq, self.qinv
        if dp is None or dq is None or qinv is None:
            dp, dq, qinv = d % (p - 1), d % (q - 1), pow(q, p - 2, p)
        right = dp * e % (p - 1) == 1 and dq * e % (q - 1) == 1 and qinv * q % p == 1
        right = right and d % (p - 1) == dp and d % (q - 1) == dq and qinv < p
        half = n.bit_length() // 2
        if not right or abs(p - q).bit_length() <= half - 100 or d.bit_length() <= half:
            raise refuse("invalid RSA key")
        return RSAPrivateKey(n, e, d, p, q, dp, dq, qinv)


@dataclass(frozen=True, slots=True)
class DSAPublicKey:
    """Parameters and public value; OPA prints them and uses them for nothing."""

    p: int
    q: int
    g: int
    y: int


@dataclass(frozen=True, slots=True)
class ECPublicKey:
    """A point on a curve."""

    curve: ec.EllipticCurve
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class ECPrivateKey:
    """A scalar and the point that is said to belong to it."""

    curve: ec.EllipticCurve
    d: int
    x: int
    y: int

    def public(self) -> ECPublicKey:
        """Return the public half."""
        return ECPublicKey(self.curve, self.x, self.y)


@dataclass(frozen=True, slots=True)
class Ed25519PublicKey:
    """The public key's 32 bytes."""

    raw: bytes


@dataclass(frozen=True, slots=True)
class Ed25519PrivateKey:
    """The private key's 32 bytes, and the public one's."""

    seed: bytes
    raw: bytes

    def public(self) -> Ed25519PublicKey:
        """Return the public half."""
        return Ed25519PublicKey(self.raw)


@dataclass(frozen=True, slots=True)
class X25519PublicKey:
    """The public key's 32 bytes; it signs nothing."""

    raw: bytes


@dataclass(frozen=True, slots=True)
class X25519PrivateKey:
    """The private key's 32 bytes, and the public one's; it signs nothing."""

    seed: bytes
    raw: bytes


PublicKey: TypeAlias = RSAPublicKey | DSAPublicKey | ECPublicKey | Ed25519PublicKey | X25519PublicKey
PrivateKey: TypeAlias = RSAPrivateKey | ECPrivateKey | Ed25519PrivateKey | X25519PrivateKey


def ed25519_key(seed: bytes) -> Ed25519PrivateKey:
    """Return the private key that 32 bytes are."""
    if len(seed) != _RAW_KEY_SIZE:
        raise refuse("invalid Ed25519 private key length")
    private = ed25519.Ed25519PrivateKey.from_private_bytes(seed)
    return Ed25519PrivateKey(seed, private.public_key().public_bytes_raw())


def x25519_key(seed: bytes) -> X25519PrivateKey:
    """Return the private key that 32 bytes are."""
    if len(seed) != _RAW_KEY_SIZE:
        raise refuse("invalid X25519 private key length")
    private = x25519.X25519PrivateKey.from_private_bytes(seed)
    return X25519PrivateKey(seed, private.public_key().public_bytes_raw())


def ec_key(curve: ec.EllipticCurve, d: int) -> ECPrivateKey:
    """Return the private key that a scalar is on a curve."""
    try:
        point = ec.derive_private_key(d, curve).public_key().public_numbers()
    except ValueError as error:
        raise refuse("invalid EC private key") from error
    return ECPrivateKey(curve, d, point.x, point.y)


def ec_point(curve: ec.EllipticCurve, raw: bytes) -> ECPublicKey:
    """Return the point that an uncompressed encoding (SEC 1 section 2.3.4) names."""
    if raw[:1] != _UNCOMPRESSED:
        raise refuse("invalid EC point")
    try:
        point = ec.EllipticCurvePublicKey.from_encoded_point(curve, raw).public_numbers()
    except ValueError as error:
        raise refuse("invalid EC point") from error
    return ECPublicKey(curve, point.x, point.y)


# ── public keys ─────────────────────────────────────────────────────────────────────────────────


def algorithm_of(reader: Reader) -> tuple[OID, bytes]:
    """Return an algorithm identifier's object identifier, and its parameters or nothing."""
    return reader.oid(), reader.read().raw if reader else b""


def public_key(algorithm: OID, parameters: bytes, data: bytes) -> PublicKey | None:
    """Return the key that a SubjectPublicKeyInfo's parts are, or None of an unknown algorithm.

    Raises:
        BuiltinError: If it is malformed.
    """
    read = _PUBLIC.get(algorithm)
    return None if read is None else read(parameters, data)


def _rsa_public(parameters: bytes, data: bytes) -> RSAPublicKey:
    numbers = Reader(data).inside()
    n, e = numbers.integer(), numbers.small_integer()
    if parameters != _NULL or n <= 0 or e <= 0:
        raise refuse("invalid RSA public key")
    return RSAPublicKey(n, e)


def _dsa_public(parameters: bytes, data: bytes) -> DSAPublicKey:
    y, numbers = Reader(data).integer(), Reader(parameters).inside()
    p, q, g = numbers.integer(), numbers.integer(), numbers.integer()
    if min(y, p, q, g) <= 0:
        raise refuse("zero or negative DSA parameter")
    return DSAPublicKey(p, q, g, y)


def _ec_public(parameters: bytes, data: bytes) -> ECPublicKey:
    curve = CURVES.get(Reader(parameters).oid())
    if curve is None:
        raise refuse("unsupported elliptic curve")
    return ec_point(curve, data)


def _raw(parameters: bytes, data: bytes) -> bytes:
    if parameters or len(data) != _RAW_KEY_SIZE:
        raise refuse("wrong public key size, or illegal parameters")
    return data


_PUBLIC: Final[Mapping[OID, Callable[[bytes, bytes], PublicKey]]] = {
    RSA_OID: _rsa_public,
    DSA_OID: _dsa_public,
    EC_OID: _ec_public,
    ED25519_OID: lambda parameters, data: Ed25519PublicKey(_raw(parameters, data)),
    X25519_OID: lambda parameters, data: X25519PublicKey(_raw(parameters, data)),
}


def subject_public_key(der: bytes) -> PublicKey:
    """Return the key in a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) of a known algorithm.

    Raises:
        BuiltinError: If there is none.
    """
    outer = Reader(der)
    info = outer.inside()
    algorithm, parameters = algorithm_of(info.inside())
    key = public_key(algorithm, parameters, info.bits().right_aligned())
    if outer or key is None:
        raise refuse("unknown public key algorithm, or trailing data")
    return key


# ── private keys ────────────────────────────────────────────────────────────────────────────────


def private_keys(data: bytes) -> list[PrivateKey]:
    """Return the private keys in PEM data; blocks of other kinds are passed over.

    Raises:
        BuiltinError: If a block of private key's kind holds none.
    """
    return [read(block.content) for block in blocks(data) if (read := _PRIVATE.get(block.label)) is not None]


def any_private_key(der: bytes) -> RSAPrivateKey | ECPrivateKey | Ed25519PrivateKey:
    """Return the private key in DER of whichever form, as TLS servers read it.

    Raises:
        BuiltinError: If it is none that signs.
    """
    for read in (pkcs1, pkcs8, sec1):
        try:
            key = read(der)
        except BuiltinError:
            continue
        if isinstance(key, X25519PrivateKey):
            break
        return key
    raise refuse("failed to parse private key")


def pkcs1(der: bytes) -> RSAPrivateKey:
    """Return an RSA private key (RFC 8017 appendix A.1.2); one of more than two primes is refused."""
    outer = Reader(der)
    reader = outer.inside()
    version, n, e = reader.small_integer(), reader.integer(), reader.small_integer()
    d, p, q = reader.integer(), reader.integer(), reader.integer()
    dp, dq, qinv = (reader.integer() if reader.peek(0x02) else None for _ in range(3))
    if outer or version > 1 or reader.following() == SEQUENCE:
        raise refuse("unsupported RSA private key")
    if any(number is not None and number <= 0 for number in (n, d, p, q, dp, dq, qinv)):
        raise refuse("private key contains zero or negative value")
    return RSAPrivateKey(n, e, d, p, q, dp, dq, qinv).checked()


def pkcs8(der: bytes) -> PrivateKey:
    """Return a private key of any algorithm (RFC 5958)."""
    reader = Reader(der).inside()
    reader.small_integer()
    algorithm, parameters = algorithm_of(reader.inside())
    content = reader.read(OCTET_STRING).content
    if algorithm == RSA_OID:
        return pkcs1(content)
    if algorithm == EC_OID:
        return _ec_private(content, _curve_in(parameters))
    if parameters or algorithm not in {ED25519_OID, X25519_OID}:
        raise refuse("private key with unknown algorithm, or illegal parameters")
    seed = Reader(content).read(OCTET_STRING).content
    return ed25519_key(seed) if algorithm == ED25519_OID else x25519_key(seed)


def sec1(der: bytes) -> ECPrivateKey:
    """Return an EC private key (RFC 5915) that names its curve."""
    return _ec_private(der, None)


def _curve_in(parameters: bytes) -> OID | None:
    try:
        return Reader(parameters).oid()
    except BuiltinError:
        return None


def _ec_private(der: bytes, named: OID | None) -> ECPrivateKey:
    reader = Reader(der).inside()
    version, scalar = reader.small_integer(), reader.read(OCTET_STRING).content
    inner, point = reader.explicit(0, OBJECT_IDENTIFIER), reader.explicit(1, BIT_STRING)
    own = () if inner is None else oid_of(inner)
    if point is not None:
        bits_of(point)  # it must be one, but the scalar alone says which
    curve = CURVES.get(own if named is None else named)
    if version != 1 or curve is None or len(scalar.lstrip(b"\x00")) * 8 > curve.key_size + 7:
        raise refuse("unknown elliptic curve, or invalid private key length")
    return ec_key(curve, int.from_bytes(scalar))


_PRIVATE: Final[Mapping[bytes, Callable[[bytes], PrivateKey]]] = {
    b"RSA PRIVATE KEY": pkcs1,
    b"PRIVATE KEY": pkcs8,
    b"EC PRIVATE KEY": sec1,
}
