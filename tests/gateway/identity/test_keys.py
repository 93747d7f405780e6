"""Key sets: what is kept of what an issuer publishes, and which key a token gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from gateway.identity.keys import ALGORITHMS, KeysError, read_key_set

if TYPE_CHECKING:
    from tests.gateway.identity.conftest import Signer

RSA_ALGORITHMS = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}


def public(key: Any, **parameters: object) -> dict[str, object]:
    """A JWK with some parameters set; None removes one."""
    jwk = {**key.as_dict(private=False), **parameters}
    return {name: value for name, value in jwk.items() if value is not None}


def read(*entries: object) -> list[set[str]]:
    """The algorithms of each key that is kept of these entries."""
    return [set(key.algorithms) for key in read_key_set(orjson.dumps({"keys": entries})).keys]


def test_the_algorithms_are_all_asymmetric() -> None:
    """Neither `none` nor an HMAC can verify anything, whatever the settings say."""
    assert {*RSA_ALGORITHMS, "ES256", "ES384", "ES512", "EdDSA"} == set(ALGORITHMS)


def test_a_key_verifies_what_its_type_and_curve_allow(rsa: Signer) -> None:
    """Without `alg` a key takes the algorithms of its type and curve; with it, that one."""
    p384, ed, x = ECKey.generate_key("P-384"), OKPKey.generate_key("Ed25519"), OKPKey.generate_key("X25519")
    found = read(public(rsa.key), public(rsa.key, alg="PS256", kid="b"), public(p384), public(ed), public(x))
    assert [RSA_ALGORITHMS, {"PS256"}, {"ES384"}, {"EdDSA"}] == found


def test_a_key_verifies_by_no_other_algorithm(rsa: Signer) -> None:
    """A key made for RS256 doesn't verify a PS256 signature of its own private half."""
    (key,) = read_key_set(orjson.dumps({"keys": [rsa.jwk]})).keys
    signatures = {name: ALGORITHMS[name].sign(b"m", rsa.key) for name in ("RS256", "PS256")}
    assert {name: key.verifies(name, b"m", signature) for name, signature in signatures.items()} == {
        "RS256": True,
        "PS256": False,
    }


def test_operations_beside_verify_do_no_harm(rsa: Signer) -> None:
    """`key_ops` may name operations that nobody here knows, as long as `verify` is among them."""
    assert read(public(rsa.key, use="sig", alg="RS256", key_ops=["verify", "other"])) == [{"RS256"}]


def test_bad_keys_are_skipped_and_good_ones_stay(rsa: Signer) -> None:
    """One key that can't be used doesn't cost the issuer the others."""
    point = public(ECKey.generate_key("P-256"))
    bad: list[object] = [
        public(RSAKey.generate_key(2048), n=public(_weak())["n"]),
        public(rsa.key, use="enc"),
        public(rsa.key, use=None, key_ops=["encrypt"]),
        public(rsa.key, key_ops="verify"),
        public(rsa.key, alg="HS256"),
        public(rsa.key, alg="RSA-OAEP"),
        public(rsa.key, alg=1),
        public(rsa.key, kid=1),
        public(rsa.key, kid=""),
        public(rsa.key, kid="x" * 257),
        public(rsa.key, n=None),
        public(rsa.key, n="!"),
        public(rsa.key, n=["AQAB"]),
        public(rsa.key, e="AAEAAQABAAEAAQ"),
        public(rsa.key, n="A" * 400_000),
        {**point, "x": point["y"]},
        {**point, "crv": "P-384"},
        {**point, "crv": "P-999"},
        public(ECKey.generate_key("secp256k1")),
        {"kty": "oct", "k": OctKey.generate_key(256).as_dict()["k"]},
        {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA"},
        {"kty": None},
        {},
        "key",
        None,
    ]
    assert [{"RS256"}] == read(*bad, rsa.jwk)


def _weak() -> RSAKey:
    """An RSA modulus of 1024 bits (joserfc warns when it makes one itself)."""
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415 - only here

    numbers = rsa.generate_private_key(65537, 1024).public_key().public_numbers()  # noqa: S505 - the point

    class Weak:
        def as_dict(self, *, private: bool) -> dict[str, object]:
            from joserfc.util import int_to_base64  # noqa: PLC0415

            return {"kty": "RSA", "n": int_to_base64(numbers.n), "e": "AQAB"}

    return Weak()  # type: ignore[return-value] # it only needs `as_dict`


def test_private_members_are_not_kept() -> None:
    """An issuer that publishes a private key by mistake gets only the public half into memory."""
    key = ECKey.generate_key("P-256")
    (kept,) = read_key_set(orjson.dumps({"keys": [key.as_dict(private=True)]})).keys
    assert not kept._key.is_private


def test_a_key_published_twice_counts_once(rsa: Signer) -> None:
    """The same key given twice isn't an ambiguity."""
    keys = read_key_set(orjson.dumps({"keys": [rsa.jwk, rsa.jwk]}))
    assert keys.find(rsa.kid, "RS256") is keys.keys[0]


def test_without_kid_only_an_unambiguous_key_is_found(rsa: Signer, other_rsa: Signer, ec: Signer) -> None:
    """A token that names no key gets the only key of its algorithm, and none if there are two."""
    one = read_key_set(orjson.dumps({"keys": [rsa.jwk, ec.jwk]}))
    two = read_key_set(orjson.dumps({"keys": [rsa.jwk, other_rsa.jwk]}))
    assert (one.keys[0], one.keys[1], None) == (
        one.find(None, "RS256"),
        one.find(None, "ES256"),
        two.find(None, "RS256"),
    )


def test_one_kid_for_two_keys_is_ambiguous(rsa: Signer, other_rsa: Signer) -> None:
    """Two different keys of one name and algorithm verify nothing."""
    keys = read_key_set(orjson.dumps({"keys": [rsa.jwk, {**other_rsa.jwk, "kid": rsa.kid}]}))
    assert keys.find(rsa.kid, "RS256") is None


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"{}",
        b'{"keys":{}}',
        b'{"keys":[],"keys":[]}',
        b"\xff",
        b'{"keys":[' + b"{}," * 128 + b"{}]}",
    ],
)
def test_what_is_no_key_set_is_an_error(document: bytes) -> None:
    """A document that isn't a JWK Set, or is an absurd one, gives no keys at all."""
    with pytest.raises(KeysError):
        read_key_set(document)


@settings(deadline=None)  # machines of CI stall
@given(st.binary(max_size=200))
def test_random_documents_raise_nothing_else(document: bytes) -> None:
    """Whatever an issuer answers, reading it ends in keys or in `KeysError`."""
    with pytest.raises(KeysError):
        read_key_set(document)


@settings(deadline=None)  # machines of CI stall
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["kty", "use", "alg", "kid", "n", "e", "crv", "x", "y", "key_ops"]),
            st.sampled_from(["RSA", "EC", "OKP", "sig", "AQAB", "P-256", "Ed25519", ""])
            | st.none()
            | st.integers(-9, 9)
            | st.lists(st.text(max_size=3), max_size=2),
        ),
        max_size=3,
    )
)
def test_random_keys_are_skipped(entries: list[object]) -> None:
    """A malformed key is left out, however it is malformed."""
    assert read(*entries) == []
