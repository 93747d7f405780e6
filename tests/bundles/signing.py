"""Keys for tests of whatever is signed: one of each algorithm, as values and as files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from bundles import jws

if TYPE_CHECKING:
    from pathlib import Path

KINDS = ("EdDSA", "ES256", "RS256")


@dataclass(frozen=True, slots=True)
class Pair:
    """A key, and its two PEMs as people keep them."""

    key: jws.PrivateKey
    private_pem: bytes
    public_pem: bytes

    @property
    def public(self) -> jws.PublicKey:
        """What verifies."""
        return self.key.public()

    def files(self, folder: Path) -> tuple[Path, Path]:
        """The private and the public key as files, as `opa` and the command line want them."""
        private, public = folder / f"{self.key.id}.pem", folder / f"{self.key.id}.pub"
        private.write_bytes(self.private_pem)
        private.chmod(0o600)
        public.write_bytes(self.public_pem)
        return private, public


def pair(kind: str = "EdDSA", key_id: str = "release") -> Pair:
    """A fresh pair of keys."""
    made: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    if kind == "EdDSA":
        made = ed25519.Ed25519PrivateKey.generate()
    elif kind == "ES256":
        made = ec.generate_private_key(ec.SECP256R1())
    else:
        made = rsa.generate_private_key(65537, 2048)
    private = made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = made.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return Pair(jws.PrivateKey.parse(private, key_id), private, public)
