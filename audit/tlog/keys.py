"""Keys of signed notes: who may have signed, and the secrets to sign with. Knows no note and no file.

C2SP signed-note (verifier keys, key ids) and tlog-cosignature (types 0x04 and 0x06).
"""

from dataclasses import dataclass, field
from enum import IntEnum
from hashlib import sha256
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey
from nacl.signing import SigningKey as NaclKey
from typing_extensions import override

from audit.errors import TlogRefused
from audit.tlog.forms import base64, is_key_name, unbase64

SEED_BYTES = 32
_PRIVATE = "PRIVATE+KEY+"


class KeyRefused(TlogRefused):
    """This is no key that can be used here.

    Codes: `key.format` (not of the form), `key.name`, `key.type` (not 0x01, 0x04 or 0x06),
    `key.length` (of the key's bytes), `key.id` (does not belong to name and key).
    """


class KeyType(IntEnum):
    """The byte that says how a key signs."""

    ED25519 = 0x01
    ED25519_COSIGNATURE = 0x04
    MLDSA44_COSIGNATURE = 0x06


PUBLIC_BYTES = {
    KeyType.ED25519: 32,
    KeyType.ED25519_COSIGNATURE: 32,
    KeyType.MLDSA44_COSIGNATURE: 1312,
}


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key under its name.

    Attributes:
        name: key name; of a log, the origin.
        type: how it signs.
        public: the public key's bytes.
        id: four bytes that, with the name, say on a signature line which key is meant.
    """

    name: str
    type: KeyType
    public: bytes = field(repr=False)
    id: bytes = field(init=False)

    def __post_init__(self) -> None:
        if not is_key_name(self.name):
            raise KeyRefused("key.name", f"no name of a key: {self.name!r}")
        if len(self.public) != PUBLIC_BYTES[self.type]:
            raise KeyRefused("key.length", f"a public key has {PUBLIC_BYTES[self.type]} bytes")
        body = self.name.encode() + b"\n" + bytes([self.type]) + self.public
        object.__setattr__(self, "id", sha256(body).digest()[:4])

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `name+id+base64(type || key)`, a line without its newline.

        Raises:
            KeyRefused: any of its codes.
        """
        name, identity, key_type, body = _split(text)
        key = cls(name, key_type, body)
        _same(identity, key)
        return key

    @override
    def __str__(self) -> str:
        return f"{self.label}+{base64(bytes([self.type]) + self.public)}"

    @property
    def label(self) -> str:
        """`name+id`, which tells a person which key is meant."""
        return f"{self.name}+{self.id.hex()}"

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Tell whether the bare `signature` (no timestamp) is this key's over exactly `message`."""
        public: Ed25519PublicKey | MLDSA44PublicKey
        try:
            if self.type is KeyType.MLDSA44_COSIGNATURE:
                public = MLDSA44PublicKey.from_public_bytes(self.public)
            else:
                public = Ed25519PublicKey.from_public_bytes(self.public)
            public.verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A secret key under its name. Its text form is for a file of mode 0600 and for nothing else.

    Attributes:
        name: key name.
        type: how it signs.
        seed: the secret, 32 bytes.
        verifier: the public half.
    """

    name: str
    type: KeyType
    seed: bytes = field(repr=False)
    verifier: VerifierKey = field(init=False)
    _secret: NaclKey | MLDSA44PrivateKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.seed) != SEED_BYTES:
            raise KeyRefused("key.length", f"a secret key has {SEED_BYTES} bytes")
        secret: NaclKey | MLDSA44PrivateKey
        if self.type is KeyType.MLDSA44_COSIGNATURE:
            secret = MLDSA44PrivateKey.from_seed_bytes(self.seed)
            public = secret.public_key().public_bytes_raw()
        else:
            secret = NaclKey(self.seed)
            public = bytes(secret.verify_key)
        object.__setattr__(self, "_secret", secret)
        object.__setattr__(self, "verifier", VerifierKey(self.name, self.type, public))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `PRIVATE+KEY+name+id+base64(type || seed)`, a line without its newline.

        Raises:
            KeyRefused: any of its codes; the message never shows the text.
        """
        if not text.startswith(_PRIVATE):
            raise KeyRefused("key.format", "a secret key starts with PRIVATE+KEY+")
        name, identity, key_type, body = _split(text.removeprefix(_PRIVATE))
        key = cls(name, key_type, body)
        _same(identity, key.verifier)
        return key

    @classmethod
    def generate(cls, name: str, key_type: KeyType = KeyType.ED25519) -> Self:
        """Make a new key from the system's randomness.

        Raises:
            KeyRefused: `key.name`.
        """
        if key_type is KeyType.MLDSA44_COSIGNATURE:
            return cls(name, key_type, MLDSA44PrivateKey.generate().private_bytes_raw())
        return cls(name, key_type, Ed25519PrivateKey.generate().private_bytes_raw())

    def private_text(self) -> str:
        """Return the text form with the secret in it, without a newline."""
        return f"{_PRIVATE}{self.verifier.label}+{base64(bytes([self.type]) + self.seed)}"

    def sign(self, message: bytes) -> bytes:
        """Return the bare signature (no timestamp) over exactly `message`."""
        if isinstance(self._secret, NaclKey):
            return self._secret.sign(message).signature
        return self._secret.sign(message)


def _split(text: str) -> tuple[str, str, KeyType, bytes]:
    name, first, rest = text.partition("+")
    identity, second, encoded = rest.partition("+")
    body = unbase64(encoded)
    if not first or not second or not body:
        raise KeyRefused("key.format", "a key is name+id+base64")
    try:
        key_type = KeyType(body[0])
    except ValueError as error:
        raise KeyRefused("key.type", f"keys of type {body[0]:#04x} are not used here") from error
    return name, identity, key_type, body[1:]


def _same(identity: str, key: VerifierKey) -> None:
    if identity != key.id.hex():
        raise KeyRefused("key.id", "the id does not belong to the name and the key")
