"""An issuer's public keys as an immutable set, and where sets come from; knows neither time nor tokens.

A key says itself what it may verify: its type, curve, `use`, `key_ops` and `alg` are weighed once, when the
set is read, so that no token can talk a key into an algorithm that it wasn't made for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from joserfc.errors import JoseError
from joserfc.jwa import JWS_ALGORITHMS, JWSAlgModel
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey, import_key
from joserfc.util import base64_to_int

from gateway.errors import GatewayError
from gateway.identity.documents import parse_object

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_KEYS: Final = 128
MAX_KEY_ID: Final = 256
"""Characters of a `kid`, in a key set and in a token's header."""

_ACCEPTED: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
ALGORITHMS: Final[dict[str, JWSAlgModel]] = {
    model.name: model for model in JWS_ALGORITHMS if model.name in _ACCEPTED
}
"""Every algorithm that can verify a token here, whatever the settings say.

`none` and HMAC aren't among them: a public key must never serve as a shared secret (RFC 8725, section 2.1).
"""

_RSA_BITS: Final = range(
    2048, 8193
)  # below: NIST SP 800-131A; above: each verification would cost milliseconds
_RSA_LONGEST_EXPONENT: Final = 33
_PUBLIC: Final = ("kty", "use", "alg", "kid", "n", "e", "crv", "x", "y")


class KeysError(GatewayError):
    """A source gave no usable key set.

    Args:
        detail: what went wrong, in our own words: nothing that the source sent.
    """

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """One public key and what it may verify.

    Args:
        kid: the issuer's name for it, if it has one.
        thumbprint: RFC 7638 SHA-256 thumbprint: the key itself, whatever its name.
        algorithms: the algorithms that it may verify.
    """

    kid: str | None
    thumbprint: str
    algorithms: frozenset[str]
    _key: Key = field(compare=False, repr=False)

    def verifies(self, algorithm: str, message: bytes, signature: bytes) -> bool:
        """Whether `signature` over `message` was made with this key's private half by `algorithm`."""
        if algorithm not in self.algorithms:
            return False
        try:
            return bool(ALGORITHMS[algorithm].verify(message, signature, self._key))
        except (JoseError, ValueError, TypeError, UnsupportedAlgorithm):
            return False


@dataclass(frozen=True, slots=True)
class KeySet:
    """The keys that an issuer published at one moment."""

    keys: tuple[VerifyingKey, ...]

    def find(self, kid: str | None, algorithm: str) -> VerifyingKey | None:
        """The one key for a token's header; None if there is none, or more than one.

        A token without `kid` is fine where only one key can verify its algorithm (OpenID Connect Core 10.1).
        """
        fitting = [
            key for key in self.keys if algorithm in key.algorithms and (kid is None or key.kid == kid)
        ]
        return fitting[0] if len(fitting) == 1 else None


class KeySource(Protocol):
    """**Protocol:** where an issuer's keys come from."""

    async def fetch(self) -> KeySet:
        """Get the keys as they are now.

        Raises:
            KeysError: they can't be had.
        """
        ...

    async def close(self) -> None:
        """Release what the source holds."""
        ...


def read_key_set(document: bytes) -> KeySet:
    """Read a JWK Set (RFC 7517), keeping what can verify a signature.

    A key that is malformed, weak, symmetric or meant for something else is left out (RFC 7517, section 5);
    one published twice counts once.

    Args:
        document: the JSON text, of bounded size.

    Raises:
        KeysError: it isn't a JWK Set, or one of more than `MAX_KEYS` keys.
    """
    try:
        entries = parse_object(document).get("keys")
    except ValueError:
        raise KeysError("the key set is not a JSON object") from None
    if not isinstance(entries, list):
        raise KeysError("the key set has no list of keys")
    if len(entries) > MAX_KEYS:
        raise KeysError(f"the key set has more than {MAX_KEYS} keys")
    return key_set(entries)


def key_set(entries: Iterable[object]) -> KeySet:
    """Make a key set of the usable ones among these JWKs; private members aren't kept."""
    found = (_verifying_key(entry) for entry in entries)
    return KeySet(tuple(dict.fromkeys(key for key in found if key is not None)))


def _verifying_key(entry: object) -> VerifyingKey | None:
    if not isinstance(entry, dict) or entry.get("use", "sig") != "sig":
        return None
    kid = entry.get("kid")
    operations = entry.get("key_ops", ["verify"])
    if kid is not None and not (isinstance(kid, str) and 0 < len(kid) <= MAX_KEY_ID):
        return None
    if not isinstance(operations, list) or "verify" not in operations:
        return None
    try:
        key = _imported({name: entry[name] for name in _PUBLIC if name in entry})
        algorithms = _algorithms(key)
        thumbprint = key.thumbprint()
    except (JoseError, ValueError, TypeError, KeyError, UnsupportedAlgorithm):
        return None
    return VerifyingKey(kid, thumbprint, algorithms, key) if algorithms else None


def _imported(public: dict[str, object]) -> Key:
    """Make joserfc's key of a JWK's public members; ValueError for sizes that aren't safe or sane."""
    if public.get("kty") == "RSA":
        modulus, exponent = (base64_to_int(str(public[name])).bit_length() for name in ("n", "e"))
        if modulus not in _RSA_BITS or exponent > _RSA_LONGEST_EXPONENT:
            raise ValueError("an RSA key of this size is not accepted")
    return import_key(public)  # type: ignore[arg-type]  # joserfc checks each member's type itself


def _algorithms(key: Key) -> frozenset[str]:
    """What the key's own type, curve and `alg` let it verify."""
    if not isinstance(key, RSAKey | ECKey | OKPKey):
        return frozenset()  # a symmetric key in a public document is nobody's secret
    if isinstance(key, OKPKey) and key.curve_name not in {"Ed25519", "Ed448"}:
        return frozenset()  # X25519 and X448 agree on keys; they sign nothing
    return frozenset(name for name, model in ALGORITHMS.items() if _accepts(model, key))


def _accepts(model: JWSAlgModel, key: Key) -> bool:
    try:
        model.check_key(key)
    except JoseError:
        return False
    return True
