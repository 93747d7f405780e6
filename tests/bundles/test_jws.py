"""Pins signatures: three algorithms, one key for each token, and one use."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

from bundles import jws
from bundles.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MAKE: dict[str, Callable[[], jws.PrivateKey]] = {
    "EdDSA": lambda: made(ed25519.Ed25519PrivateKey.generate()),
    "ES256": lambda: made(ec.generate_private_key(ec.SECP256R1())),
    "RS256": lambda: made(rsa.generate_private_key(65537, 2048)),
}


def pem(key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    """A private key as people keep it."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def made(
    key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, key_id: str = "release"
) -> jws.PrivateKey:
    """A key of this house."""
    return jws.PrivateKey.parse(pem(key), key_id)


@pytest.fixture(params=MAKE)
def key(request: pytest.FixtureRequest) -> jws.PrivateKey:
    """A key for each algorithm."""
    return MAKE[request.param]()


def refused(token: str, key: jws.PublicKey, kind: str | None = None) -> bool:
    """Whether a token is refused as no signature of that key."""
    with pytest.raises(BundleError) as error:
        jws.verify(token, key, kind)
    return error.value.code == "bundle.signature"


def test_what_was_signed_comes_back(key: jws.PrivateKey) -> None:
    """Also when it is as long as a large bundle's list of files."""
    payload = b"x" * 1_000_000

    assert payload == jws.verify(jws.sign(payload, key, "word"), key.public(), "word")


def test_a_changed_token_is_refused(key: jws.PrivateKey) -> None:
    """Header, payload and signature, each with one letter changed."""
    token = jws.sign(b"payload", key)
    for part in range(3):
        parts = token.split(".")
        parts[part] = ("B" if parts[part][0] == "A" else "A") + parts[part][1:]

        assert refused(".".join(parts), key.public())


def test_another_key_verifies_nothing(key: jws.PrivateKey) -> None:
    """Neither one of its own kind nor one of another, whatever it is called."""
    for make in MAKE.values():
        assert refused(jws.sign(b"payload", key), make().public())


def test_a_word_for_one_use_serves_no_other(key: jws.PrivateKey) -> None:
    """The header's `typ` is what the reader expects."""
    assert refused(jws.sign(b"payload", key, "approval"), key.public(), "release")


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none", "kid": "release"},
        {"alg": "HS256", "kid": "release"},  # the public key as a shared secret
        {"alg": "EdDSA", "kid": "another"},
        {"alg": "EdDSA", "kid": "release", "crit": ["b64"], "b64": False},
    ],
)
def test_a_header_cannot_choose_how_it_is_verified(header: dict[str, object]) -> None:
    """The key says which algorithm it is for, and what nobody understands is refused."""
    key = MAKE["EdDSA"]()
    _, payload, signature = jws.sign(b"payload", key).split(".")
    token = ".".join([urlsafe_b64encode(json.dumps(header).encode()).decode(), payload, signature])

    assert refused(token, key.public())


@pytest.mark.parametrize(
    "token", ["", "a.b", "a.b.c.d", "....", "a.b.\u00e9", "e30.e30.AAAA", "e30=.e30.AAAA"]
)
def test_what_is_no_token_is_refused(token: str) -> None:
    """Before anything in it is believed."""
    assert refused(token, MAKE["EdDSA"]().public())


def test_weak_and_foreign_keys_are_refused() -> None:
    """RSA under 2048 bits, other curves, and what is no key."""
    for content in (
        pem(rsa.generate_private_key(65537, 1024)),  # noqa: S505 - that is the point
        pem(ec.generate_private_key(ec.SECP384R1())),
        b"no key",
    ):
        with pytest.raises(BundleError, match=r"bundle\.key"):
            jws.PrivateKey.parse(content, "weak")
    with pytest.raises(BundleError, match=r"bundle\.key"):
        jws.PublicKey.parse(pem(ed25519.Ed25519PrivateKey.generate()), "private")


def test_a_private_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """It is no secret any more; nothing of a key is in a message or a repr."""
    path = tmp_path / "key.pem"
    content = pem(ed25519.Ed25519PrivateKey.generate())
    path.write_bytes(content)
    path.chmod(0o644)
    with pytest.raises(BundleError, match="chmod 600"):
        jws.PrivateKey.read(path, "release")
    path.chmod(0o600)

    assert repr(jws.PrivateKey.read(path, "release")) == "PrivateKey(id='release', algorithm='EdDSA')"
    with pytest.raises(BundleError, match=r"bundle\.key"):
        jws.PrivateKey.read(tmp_path / "absent.pem", "release")


def test_the_key_id_tells_which_key_to_try() -> None:
    """It is read from the header, unverified."""
    token = jws.sign(b"payload", MAKE["ES256"]())

    assert jws.unverified_key_id(token) == "release"
    assert json.loads(urlsafe_b64decode(token.split(".")[0].encode())) == {"alg": "ES256", "kid": "release"}
