"""Makes keys for signing bundles and approvals; knows algorithms and files, no bundle."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from bundles.errors import BundleError

if TYPE_CHECKING:
    from pathlib import Path

    from bundles.jws import Algorithm

PRIVATE = "private.pem"
PUBLIC = "public.pem"
_RSA_BITS = 3072  # of 128 bits of security, as the other two (NIST SP 800-57 part 1, table 2)
_RSA_EXPONENT = 65537


def generate(algorithm: Algorithm) -> tuple[bytes, bytes]:
    """A new key.

    Returns:
        the private and the public key in PEM, the private one unencrypted.
    """
    key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    if algorithm == "EdDSA":
        key = ed25519.Ed25519PrivateKey.generate()
    elif algorithm == "ES256":
        key = ec.generate_private_key(ec.SECP256R1())
    else:
        key = rsa.generate_private_key(_RSA_EXPONENT, _RSA_BITS)
    form = serialization.Encoding.PEM
    private = key.private_bytes(form, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = key.public_key().public_bytes(form, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private, public


def keep(private: bytes, public: bytes, folder: Path) -> None:
    """Write a key to `private.pem`, for its owner alone, and `public.pem`.

    Raises:
        BundleError: `bundle.key`, also when one is there already: a lost key can't be had back.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_new(folder / PRIVATE, private, 0o600)
        _write_new(folder / PUBLIC, public, 0o644)
    except FileExistsError as error:
        raise BundleError("bundle.key", f"{error.filename} exists already; it was left as it is") from None
    except OSError as error:
        raise BundleError("bundle.key", f"{error.filename or folder}: {error.strerror}") from None


def _write_new(path: Path, content: bytes, mode: int) -> None:
    """With its mode from the beginning: at no time can others read a private key."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
