"""`io.jwt.decode`, `verify_*` and `decode_verify`: what they take, refuse and answer."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from rego.builtins.context import Context, Patterns
from rego.builtins.tokens import CONTEXTUAL, TABLE
from rego.errors import BuiltinError, OperandError

NOW_NS = 1_700_000_000_000_000_000
NOW = NOW_NS // 10**9
SECRET = "a secret of some length"
UNVERIFIED = [False, {}, {}]
# RFC 7515 appendix A.1, whose key is A.1.1's.
RFC_TOKEN = (
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
    ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)
RFC_KEY = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"


def part(raw: bytes) -> str:
    """Encode bytes as a part of a token."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def hs256(claims: Any, header: dict[str, Any] | None = None, secret: str = SECRET) -> str:
    """Sign claims, or bytes, with a secret."""
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    signed = f"{part(json.dumps({'alg': 'HS256'} | (header or {})).encode())}.{part(payload)}"
    return f"{signed}.{part(hmac.digest(secret.encode(), signed.encode(), 'sha256'))}"


def asymmetric(sign: Any, algorithm: str, **header: Any) -> str:
    """Sign empty claims with a function of the signed bytes."""
    signed = f"{part(json.dumps({'alg': algorithm, **header}).encode())}.{part(b'{}')}"
    return f"{signed}.{part(sign(signed.encode()))}"


def decode_verify(token: str, now_ns: int = NOW_NS, **constraints: Any) -> Any:
    """Call `io.jwt.decode_verify`."""
    context = Context(now_ns, None, Patterns())
    return CONTEXTUAL["io.jwt.decode_verify"](context, token, constraints)


def pem(key: Any) -> str:
    """Return a key's public half in PEM."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return str(key.public_key().public_bytes(serialization.Encoding.PEM, form).decode())


def oct_key(**members: Any) -> dict[str, Any]:
    """Return the secret as a JWK."""
    return {"kty": "oct", "k": part(SECRET.encode()), **members}


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    """A key to sign with."""
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def other_rsa_key() -> rsa.RSAPrivateKey:
    """A key that signed nothing."""
    return rsa.generate_private_key(65537, 2048)


def test_the_example_of_the_rfc_decodes() -> None:
    """Header, payload and the signature in hexadecimal are returned, unverified."""
    claims = {"iss": "joe", "exp": 1300819380, "http://example.com/is_root": True}
    signature = "7418dfb49799e0254ffa607dd8adbbba16d4254d69d6bff05b58055853848d79"
    assert [{"typ": "JWT", "alg": "HS256"}, claims, signature] == TABLE["io.jwt.decode"](RFC_TOKEN)


def test_the_example_of_the_rfc_verifies() -> None:
    """A JWK of a secret verifies it, at a time before it expires."""
    key = json.dumps({"kty": "oct", "k": RFC_KEY})
    assert decode_verify(RFC_TOKEN, cert=key, time=1_300_000_000_000_000_000)[0] is True
    assert decode_verify(RFC_TOKEN, cert=key) == UNVERIFIED


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b",
        "a.b.c.d",
        "!.e30.",
        f"{part(b'[]')}.{part(b'{}')}.",
        f"{part(b'{}')}.{part(b'1')}.",
        f"{part(b'{}')}.{part(b'{}')}.A",
        f"{part(b'not json')}.{part(b'{}')}.",
        hs256({}, {"enc": "A128GCM"}),
    ],
)
def test_what_is_no_token_is_refused(token: str) -> None:
    """Parts that are missing or malformed, and encrypted tokens, are an error and no value."""
    with pytest.raises(BuiltinError) as caught:
        TABLE["io.jwt.decode"](token)
    assert caught.value.code == "eval_builtin_error"


def test_operands_of_other_types_are_a_type_error() -> None:
    """Only strings are tokens and keys, and only an object is constraints."""
    for name in ("io.jwt.verify_rs256", "io.jwt.verify_hs256"):
        with pytest.raises(OperandError):
            TABLE[name](1, "x")
        with pytest.raises(OperandError):
            TABLE[name]("a.b.c", 1)
    with pytest.raises(OperandError):
        CONTEXTUAL["io.jwt.decode_verify"](Context(0, None, Patterns()), "a.b.c", "x")


def test_a_nested_token_is_decoded_to_the_innermost() -> None:
    """The content type says that the payload is a token in turn, with quotes around it or without."""
    inner = hs256({"deep": True})
    for payload in (inner, f'"{inner}"'):
        outer = hs256(payload.encode(), {"cty": "JWT"})
        assert TABLE["io.jwt.decode"](outer)[1] == {"deep": True}


def test_every_layer_of_a_nested_token_is_verified() -> None:
    """An inner token that another secret signed makes the whole invalid."""
    right, wrong = hs256({"a": 1}), hs256({"a": 1}, secret="another")
    assert decode_verify(hs256(right.encode(), {"cty": "jwt"}), secret=SECRET) == [
        True,
        {"alg": "HS256"},
        {"a": 1},
    ]
    assert decode_verify(hs256(wrong.encode(), {"cty": "jwt"}), secret=SECRET) == UNVERIFIED


def test_bytes_that_are_no_utf8_are_replaced_one_by_one() -> None:
    """A claim's broken characters become U+FFFD, as in Go, and the last of two equal names counts."""
    assert TABLE["io.jwt.decode"](hs256(b'{"a":"\xff\xe2\x82","b":1,"b":2}'))[1] == {
        "a": "\ufffd\ufffd\ufffd",
        "b": 2,
    }


def test_a_secret_verifies_and_another_does_not() -> None:
    """`verify_hs256` answers true or false, and looks at no header."""
    token = hs256({}, {"alg": "none"})
    assert TABLE["io.jwt.verify_hs256"](token, SECRET) is True
    assert TABLE["io.jwt.verify_hs256"](token, "another") is False
    assert TABLE["io.jwt.verify_hs512"](token, SECRET) is False


def test_macs_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways to verify with a secret go through `compare_digest`."""
    seen: list[bytes] = []

    def equal(one: bytes, _: bytes) -> bool:
        seen.append(one)
        return True

    monkeypatch.setattr(hmac, "compare_digest", equal)
    assert TABLE["io.jwt.verify_hs256"](f"{part(b'{}')}.e30.AAAA", SECRET) is True
    assert decode_verify(hs256({}, secret="another"), secret=SECRET)[0] is True
    assert [hashlib.sha256().digest_size] * 2 == [len(mac) for mac in seen]


@pytest.mark.parametrize("bits", [256, 384, 512])
def test_rsa_signatures_verify(
    bits: int, rsa_key: rsa.RSAPrivateKey, other_rsa_key: rsa.RSAPrivateKey
) -> None:
    """Both paddings verify with the public key, and not with another or under the other's name."""
    digest = getattr(hashes, f"SHA{bits}")()
    pkcs1 = asymmetric(lambda signed: rsa_key.sign(signed, padding.PKCS1v15(), digest), f"RS{bits}")
    pss = padding.PSS(padding.MGF1(digest), digest.digest_size)
    salted = asymmetric(lambda signed: rsa_key.sign(signed, pss, digest), f"PS{bits}")
    for name, token, swapped in ((f"rs{bits}", pkcs1, salted), (f"ps{bits}", salted, pkcs1)):
        assert TABLE[f"io.jwt.verify_{name}"](token, pem(rsa_key)) is True
        assert TABLE[f"io.jwt.verify_{name}"](swapped, pem(rsa_key)) is False
        assert TABLE[f"io.jwt.verify_{name}"](token, pem(other_rsa_key)) is False
        assert decode_verify(token, cert=pem(rsa_key))[0] is True
        assert decode_verify(token, cert=pem(other_rsa_key)) == UNVERIFIED


def test_a_salt_of_another_length_is_only_for_the_builtin_of_one_algorithm(
    rsa_key: rsa.RSAPrivateKey,
) -> None:
    """`verify_ps256` takes any salt, `decode_verify` one as long as the hash; so does OPA."""
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 20)
    token = asymmetric(lambda signed: rsa_key.sign(signed, pss, hashes.SHA256()), "PS256")
    assert TABLE["io.jwt.verify_ps256"](token, pem(rsa_key)) is True
    assert decode_verify(token, cert=pem(rsa_key)) == UNVERIFIED


@pytest.mark.parametrize(
    ("bits", "curve"), [(256, ec.SECP256R1()), (384, ec.SECP384R1()), (512, ec.SECP521R1())]
)
def test_ec_signatures_verify(bits: int, curve: ec.EllipticCurve) -> None:
    """A signature is the two numbers side by side, each as long as the curve's field."""
    key, digest = ec.generate_private_key(curve), getattr(hashes, f"SHA{bits}")()
    size = (curve.key_size + 7) // 8

    def sign(signed: bytes, width: int = size) -> bytes:
        r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(digest)))
        return r.to_bytes(width) + s.to_bytes(width)

    token = asymmetric(sign, f"ES{bits}")
    assert TABLE[f"io.jwt.verify_es{bits}"](token, pem(key)) is True
    assert decode_verify(token, cert=pem(key))[0] is True
    assert TABLE[f"io.jwt.verify_es{bits}"](token[:-4] + "AAAA", pem(key)) is False
    wide = asymmetric(lambda signed: sign(signed, size + 9), f"ES{bits}")
    assert TABLE[f"io.jwt.verify_es{bits}"](wide, pem(key)) is True
    assert decode_verify(wide, cert=pem(key)) == UNVERIFIED


def test_eddsa_signatures_verify() -> None:
    """An Ed25519 key in PEM or in a JWK verifies."""
    key = ed25519.Ed25519PrivateKey.generate()
    token = asymmetric(key.sign, "EdDSA")
    web_key = json.dumps({"kty": "OKP", "crv": "Ed25519", "x": part(key.public_key().public_bytes_raw())})
    assert [TABLE["io.jwt.verify_eddsa"](token, source) for source in (pem(key), web_key)] == [True, True]
    assert TABLE["io.jwt.verify_rs256"](token, pem(key)) is False


def test_a_public_key_is_no_secret(rsa_key: rsa.RSAPrivateKey) -> None:
    """A token signed with the public key's text as a secret is not valid: that would be anyone's."""
    token = hs256({}, secret=pem(rsa_key))
    assert decode_verify(token, cert=pem(rsa_key)) == UNVERIFIED


def test_a_token_without_a_signature_is_not_valid(rsa_key: rsa.RSAPrivateKey) -> None:
    """The algorithm `none` verifies nothing, whatever the key."""
    token = part(b'{"alg":"none"}') + ".e30."
    assert decode_verify(token, secret=SECRET) == UNVERIFIED
    assert decode_verify(token, cert=pem(rsa_key)) == UNVERIFIED


def test_a_key_with_the_name_in_the_header_alone_decides() -> None:
    """Another key that would verify is not asked; without such a name every key of the algorithm is."""
    wrong, right = oct_key(kid="a") | {"k": "AAAA"}, oct_key(kid="b", alg="HS256")
    keys = json.dumps({"keys": [wrong, right]})
    assert [decode_verify(hs256({}, {"kid": kid}), cert=keys)[0] for kid in ("a", "b", "c")] == [
        False,
        True,
        True,
    ]
    assert decode_verify(hs256({}), cert=keys)[0] is True
    assert decode_verify(hs256({}), cert=json.dumps({"keys": [oct_key(alg="HS512")]})) == UNVERIFIED
    assert (
        decode_verify(hs256({}, {"kid": "b"}), cert=json.dumps({"keys": [oct_key(alg="RSA-OAEP")]}))
        == UNVERIFIED
    )


@pytest.mark.parametrize(
    ("constraints", "claims", "valid"),
    [
        ({}, {}, True),
        ({"alg": "HS256"}, {}, True),
        ({"alg": "RS256"}, {}, False),
        ({"iss": "me"}, {"iss": "me"}, True),
        ({"iss": "me"}, {"iss": "you"}, False),
        ({"iss": "me"}, {}, False),
        ({"aud": "a"}, {"aud": "a"}, True),
        ({"aud": "a"}, {"aud": ["b", "a"]}, True),
        ({"aud": "a"}, {"aud": ["b"]}, False),
        ({"aud": "a"}, {}, False),
        ({}, {"aud": "a"}, False),
        ({}, {"aud": ""}, True),
        ({}, {"exp": NOW + 1}, True),
        ({}, {"exp": NOW}, False),
        ({}, {"exp": NOW + 0.5}, True),
        ({}, {"nbf": NOW}, True),
        ({}, {"nbf": NOW + 1}, False),
        ({"time": 5 * 10**9}, {"exp": 6, "nbf": 5}, True),
        ({"time": 5 * 10**9}, {"exp": 5}, False),
    ],
)
def test_constraints_are_checked(constraints: dict[str, Any], claims: dict[str, Any], valid: bool) -> None:  # noqa: FBT001 - a table's column
    """Issuer, audience, algorithm and time decide once the signature holds."""
    expected = [True, {"alg": "HS256"}, claims] if valid else UNVERIFIED
    assert decode_verify(hs256(claims), secret=SECRET, **constraints) == expected


@pytest.mark.parametrize(
    "constraints",
    [
        {},
        {"alg": "HS256"},
        {"secret": ""},
        {"secret": SECRET, "cert": json.dumps(oct_key())},
        {"secret": 1},
        {"secret": SECRET, "alg": 1},
        {"secret": SECRET, "time": "now"},
        {"secret": SECRET, "time": -1},
        {"secret": SECRET, "audience": "a"},
        {"cert": "no key"},
        {"cert": "{}"},
        {"cert": 1},
    ],
)
def test_unusable_constraints_are_an_error(constraints: dict[str, Any]) -> None:
    """No key, two kinds of keys, and constraints that are not known are never taken for a token's fault."""
    with pytest.raises(BuiltinError) as caught:
        decode_verify(hs256({}), **constraints)
    assert caught.value.code == "eval_builtin_error"


@pytest.mark.parametrize(
    ("header", "valid"),
    [({"crit": ["exp"]}, True), ({"crit": ["b64"], "b64": False}, False), ({"alg": ""}, False)],
)
def test_a_critical_parameter_that_is_not_known_is_refused(header: dict[str, Any], valid: bool) -> None:  # noqa: FBT001 - a table's column
    """A header that demands what is not understood makes the token invalid (RFC 7515 section 4.1.11)."""
    assert decode_verify(hs256({}, header), secret=SECRET)[0] is valid


@pytest.mark.parametrize("header", [{"crit": []}, {"crit": "x"}, {"alg": 1}, {"kid": None}, {"cty": 5}])
def test_a_malformed_header_is_an_error(header: dict[str, Any]) -> None:
    """Parameters of the wrong type are an error, where OPA gives one or ends in a panic."""
    with pytest.raises(BuiltinError):
        decode_verify(hs256({}, header), secret=SECRET)


@pytest.mark.parametrize("claims", [{"exp": "x"}, {"nbf": None}, {"iss": 5}])
def test_a_malformed_claim_is_an_error(claims: dict[str, Any]) -> None:
    """A claim that must be checked and can't be is an error."""
    with pytest.raises(BuiltinError):
        decode_verify(hs256(claims), secret=SECRET, iss="me" if "iss" in claims else "")


@given(st.text(), st.text(), st.sampled_from(sorted(name for name in TABLE if "verify" in name)))
def test_nothing_but_the_errors_of_builtins_is_raised(token: str, key: str, name: str) -> None:
    """Whatever the operands, the answer is a value or one of two errors."""
    encoded = f"{part(token.encode('utf-8', 'surrogatepass'))}.e30."
    for source in (token, encoded):
        with contextlib.suppress(BuiltinError):
            TABLE[name](source, key)
        with contextlib.suppress(BuiltinError):
            decode_verify(source, cert=key)
