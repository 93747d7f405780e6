"""`io.jwt.encode_sign` and `io.jwt.encode_sign_raw`: the bytes that are signed, and which keys sign."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from rego.builtins.context import Context, Patterns
from rego.builtins.token_signing import TABLE
from rego.builtins.tokens import CONTEXTUAL
from rego.errors import BuiltinError, OperandError

# RFC 7515 appendix A.1: header and payload with line ends and spaces, the key, and the token.
RFC_HEADER = '{"typ":"JWT",\r\n "alg":"HS256"}'
RFC_PAYLOAD = '{"iss":"joe",\r\n "exp":1300819380,\r\n "http://example.com/is_root":true}'
RFC_KEY = {
    "kty": "oct",
    "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
}
RFC_TOKEN = (
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
    ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)
# RFC 8037 appendix A.1 and A.4.
ED_KEY = {
    "kty": "OKP",
    "crv": "Ed25519",
    "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
}
ED_TOKEN = (
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
    ".hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
)


def number(value: int, size: int = 0) -> str:
    """Encode a number as a member of a JWK."""
    raw = value.to_bytes(size or (value.bit_length() + 7) // 8)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def rsa_web_key(bits: int = 2048) -> dict[str, Any]:
    """Make an RSA key."""
    made = rsa.generate_private_key(65537, bits).private_numbers()
    members = {"n": made.public_numbers.n, "e": 65537, "d": made.d, "p": made.p, "q": made.q}
    members |= {"dp": made.dmp1, "dq": made.dmq1, "qi": made.iqmp}
    return {"kty": "RSA"} | {name: number(value) for name, value in members.items()}


def ec_web_key(curve: ec.EllipticCurve, name: str) -> dict[str, Any]:
    """Make an EC key."""
    made, size = ec.generate_private_key(curve).private_numbers(), (curve.key_size + 7) // 8
    point = made.public_numbers
    members = {"d": made.private_value, "x": point.x, "y": point.y}
    return {"kty": "EC", "crv": name} | {member: number(value, size) for member, value in members.items()}


@pytest.fixture(scope="module")
def keys() -> dict[str, dict[str, Any]]:
    """A key for each algorithm."""
    rsa_key = rsa_web_key()
    return {
        "HS256": RFC_KEY, "HS384": RFC_KEY, "HS512": RFC_KEY, "EdDSA": ED_KEY,
        "RS256": rsa_key, "RS384": rsa_key, "RS512": rsa_key,
        "PS256": rsa_key, "PS384": rsa_key, "PS512": rsa_key,
        "ES256": ec_web_key(ec.SECP256R1(), "P-256"),
        "ES384": ec_web_key(ec.SECP384R1(), "P-384"),
        "ES512": ec_web_key(ec.SECP521R1(), "P-521"),
    }  # fmt: skip


def sign(header: Any, payload: Any, key: Any) -> str:
    """Call `io.jwt.encode_sign`."""
    return str(TABLE["io.jwt.encode_sign"](header, payload, key))


def sign_raw(header: str, payload: str, key: Any = RFC_KEY) -> str:
    """Call `io.jwt.encode_sign_raw`."""
    return str(TABLE["io.jwt.encode_sign_raw"](header, payload, json.dumps(key)))


def test_raw_parts_are_signed_byte_by_byte() -> None:
    """The RFC's example comes out with its line ends and spaces."""
    assert sign_raw(RFC_HEADER, RFC_PAYLOAD) == RFC_TOKEN


def test_eddsa_gives_the_rfcs_signature() -> None:
    """The example of RFC 8037, whose payload is no JSON: a type that is no JWT lets it pass."""
    with pytest.raises(BuiltinError):
        sign_raw('{"alg":"EdDSA"}', "Example of Ed25519 signing", ED_KEY)
    made = sign_raw('{"alg":"EdDSA","typ":"text"}', "Example of Ed25519 signing", ED_KEY)
    assert ED_TOKEN.split(".")[1] == made.split(".")[1]
    # Over the RFC's own header the signature is the RFC's.
    from rego.builtins.keys import ed25519_key  # noqa: PLC0415 - the one place that signs bytes of its own
    from rego.builtins.signatures import sign as sign_bytes  # noqa: PLC0415 - the same

    signed, _, signature = ED_TOKEN.rpartition(".")
    key = ed25519_key(base64.urlsafe_b64decode(ED_KEY["d"] + "="))
    assert base64.urlsafe_b64decode(signature + "==") == sign_bytes(key, "EdDSA", signed.encode())


def test_objects_are_signed_in_gos_spelling() -> None:
    """Names are in order, and characters that mean something in HTML are escaped."""
    header, payload, _ = sign({"typ": "JWT", "alg": "HS256"}, {"b": "<é>", "a": [1, 2.5]}, RFC_KEY).split(".")
    assert base64.urlsafe_b64decode(header + "===") == b'{"alg":"HS256","typ":"JWT"}'
    assert base64.urlsafe_b64decode(payload + "===") == '{"a":[1,2.5],"b":"\\u003cé\\u003e"}'.encode()


def test_what_is_signed_verifies(keys: dict[str, dict[str, Any]]) -> None:
    """A token of every algorithm verifies with the key that signed it."""
    for algorithm, key in keys.items():
        token = sign({"alg": algorithm}, {"a": 1}, key)
        context = Context(0, None, Patterns())
        verified = CONTEXTUAL["io.jwt.decode_verify"](context, token, {"cert": json.dumps(key)})
        assert [True, {"alg": algorithm}, {"a": 1}] == verified


def test_a_key_of_another_kind_signs_nothing(keys: dict[str, dict[str, Any]]) -> None:
    """An algorithm takes keys of its family alone."""
    for algorithm in ("RS256", "PS256", "ES256", "EdDSA"):
        for other, key in keys.items():
            if other[0] != algorithm[0] and not {other[0], algorithm[0]} <= {"R", "P"}:
                with pytest.raises(BuiltinError):
                    sign({"alg": algorithm}, {}, key)
    with pytest.raises(BuiltinError):
        sign({"alg": "HS256"}, {}, keys["RS256"])


def test_an_ec_key_signs_with_any_hash(keys: dict[str, dict[str, Any]]) -> None:
    """OPA binds no algorithm to a curve: the signature is as long as the key's."""
    token = sign({"alg": "ES256"}, {}, keys["ES512"])
    assert len(base64.urlsafe_b64decode(token.split(".")[2] + "===")) == 132


def test_the_values_of_an_rsa_key_must_belong_together() -> None:
    """Values that are missing are computed, but the primes; wrong ones are refused."""
    key = rsa_web_key()
    assert sign({"alg": "RS256"}, {}, key) == sign({"alg": "RS256"}, {}, {**key, "dp": key["dp"] + ""})
    without = {name: value for name, value in key.items() if name not in {"dp", "dq", "qi"}}
    assert sign({"alg": "RS256"}, {}, key) == sign({"alg": "RS256"}, {}, without)
    swapped = {**without, "p": key["q"], "q": key["p"]}
    assert sign({"alg": "RS256"}, {}, key) == sign({"alg": "RS256"}, {}, swapped)
    for wrong in ({"d": "AQ"}, {"n": "AQAB"}, {"e": "Aw"}, {"dp": "AQ"}, {"qi": "AQ"}, {"p": key["q"]}):
        with pytest.raises(BuiltinError):
            sign({"alg": "RS256"}, {}, key | wrong)
    for missing in ("p", "q", "n", "e"):
        with pytest.raises(BuiltinError):
            sign({"alg": "RS256"}, {}, {name: value for name, value in key.items() if name != missing})


@pytest.mark.parametrize(
    ("header", "payload"),
    [
        ("", "{}"),
        ("{}", "{}"),
        ("[]", "{}"),
        ('{"alg":1}', "{}"),
        ('{"alg":"none"}', "{}"),
        ('{"alg":"ES256K"}', "{}"),
        ('{"alg":"HS256"', "{}"),
        ('{"alg":"HS256"}x', "{}"),
        ('{"alg":"HS256"}', "text"),
        ('{"alg":"HS256","typ":"JWT"}', "NaN"),
        ('{"alg":"HS256","typ":1}', "text"),
    ],
)
def test_what_makes_no_token_is_refused(header: str, payload: str) -> None:
    """A header without a known algorithm, and a payload that should be JSON and is none."""
    with pytest.raises(BuiltinError):
        sign_raw(header, payload)


def test_the_first_of_two_equal_parameters_counts() -> None:
    """OPA's reader of headers takes the first algorithm."""
    signature = sign_raw('{"alg":"HS512","alg":"HS256"}', "{}").split(".")[2]
    assert len(base64.urlsafe_b64decode(signature + "===")) == 64


@pytest.mark.parametrize(
    "key",
    [
        {"keys": []},
        {"keys": None},
        {"kty": "oct", "k": ""},
        {"kty": "oct"},
        {"kty": "x"},
        {**RFC_KEY, "alg": "unheard of"},
        {**RFC_KEY, "kid": 1},
        {**RFC_KEY, "key_ops": "sign"},
        {**RFC_KEY, "x5c": ["AAAA"]},
        [RFC_KEY],
        None,
    ],
)
def test_what_is_no_key_is_refused(key: Any) -> None:
    """A JWK that is malformed in any member, and a set without keys."""
    with pytest.raises(BuiltinError):
        sign({"alg": "HS256"}, {}, key)


def test_the_first_key_of_a_set_signs() -> None:
    """The rest of a set is parsed and not used."""
    assert sign_raw(RFC_HEADER, RFC_PAYLOAD, {"keys": [RFC_KEY, ED_KEY]}) == RFC_TOKEN


def test_only_strings_are_raw_parts() -> None:
    """Other operands are a type error."""
    for operands in ((1, "{}", "{}"), ("{}", 1, "{}"), ("{}", "{}", 1)):
        with pytest.raises(OperandError):
            TABLE["io.jwt.encode_sign_raw"](*operands)


def test_an_ed25519_key_must_be_a_pair() -> None:
    """A public half that is not the private one's is refused."""
    other = ed25519.Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    with pytest.raises(BuiltinError):
        sign({"alg": "EdDSA"}, {}, ED_KEY | {"x": base64.urlsafe_b64encode(other).rstrip(b"=").decode()})
