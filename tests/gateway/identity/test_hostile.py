"""Tokens that must not pass, each with the code that it is refused with.

Longer than other modules because the table is one list, to be read as one.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from joserfc.jwk import ECKey, RSAKey
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

from gateway.errors import Refused
from gateway.reasons import REASONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.gateway.identity.conftest import Bench, Signer

    Forge = Callable[[Bench], str]


def b64(data: bytes) -> str:
    """Base64url without padding."""
    return urlsafe_b64encode(data).decode()


def unsigned(bench: Bench, algorithm: str, signature: str = "") -> str:
    """A token that claims an algorithm and isn't signed by anybody."""
    header = {"alg": algorithm, "kid": bench.rsa.kid, "typ": "at+jwt"}
    return f"{b64(orjson.dumps(header))}.{b64(orjson.dumps(bench.claims()))}.{signature}"


def hmac_with(secret: bytes, bench: Bench) -> str:
    """The algorithm confusion: the public key's text as the secret of an HMAC."""
    header = {"alg": "HS256", "kid": bench.rsa.kid, "typ": "at+jwt"}
    message = f"{b64(orjson.dumps(header))}.{b64(orjson.dumps(bench.claims()))}"
    return f"{message}.{b64(hmac.new(secret, message.encode(), hashlib.sha256).digest())}"


def header_with(**parameters: object) -> Forge:
    """A good token with other header parameters."""
    return lambda bench: bench.rsa.sign(bench.claims(), **parameters)


def claims_with(**changes: object) -> Forge:
    """A well-signed token with other claims."""
    return lambda bench: bench.token(**changes)


def raw_claims(*replacement: bytes) -> Forge:
    """A well-signed token whose JSON text was edited."""
    old, new = replacement
    return lambda bench: bench.rsa.sign_raw(
        orjson.dumps({"alg": "RS256", "kid": bench.rsa.kid, "typ": "at+jwt"}),
        orjson.dumps(bench.claims()).replace(old, new, 1),
    )


def raw_header(text: bytes) -> Forge:
    """A token signed over these header bytes."""
    return lambda bench: bench.rsa.sign_raw(
        text.replace(b"KID", bench.rsa.kid.encode()), orjson.dumps(bench.claims())
    )


def tampered(bench: Bench) -> str:
    """Another payload under a good signature."""
    header, _, signature = bench.token().split(".")
    return f"{header}.{b64(orjson.dumps(bench.claims(sub='mallory')))}.{signature}"


def respelled_signature(bench: Bench) -> str:
    """The same signature with other unused bits in its last character: a second token, were it accepted."""
    head, signature = bench.token().rsplit(".", 1)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return f"{head}.{signature[:-1]}{alphabet[alphabet.index(signature[-1]) + 1]}"


def general_serialization(bench: Bench) -> str:
    """A JWS in JSON serialisation with two signatures, one of which is good."""
    header, payload, signature = bench.token().split(".")
    return orjson.dumps(
        {
            "payload": payload,
            "signatures": [
                {"protected": header, "signature": signature},
                {"protected": header, "signature": ""},
            ],
        }
    ).decode()


def ec_key(curve: str) -> dict[str, object]:
    """A public EC key as a token would bring it."""
    return dict(ECKey.generate_key(curve).as_dict(private=False))


MANY = "x" * 300
HOSTILE: dict[str, tuple[str, Forge]] = {
    # algorithms
    "none": ("identity.algorithm", lambda b: unsigned(b, "none")),
    "None": ("identity.algorithm", lambda b: unsigned(b, "None")),
    "nOnE": ("identity.algorithm", lambda b: unsigned(b, "nOnE", "AAAA")),
    "NONE with the good signature": (
        "identity.algorithm",
        lambda b: unsigned(b, "NONE", b.token().split(".")[2]),
    ),
    "HS256 with the public PEM": ("identity.algorithm", lambda b: hmac_with(b.rsa.key.as_pem(), b)),
    "HS256 with the public DER": ("identity.algorithm", lambda b: hmac_with(b.rsa.key.as_der(), b)),
    "HS256 with the modulus": (
        "identity.algorithm",
        lambda b: hmac_with(str(b.rsa.jwk["n"]).encode(), b),
    ),
    "HS256 with no secret": ("identity.algorithm", lambda b: hmac_with(b"", b)),
    "an algorithm nobody knows": ("identity.algorithm", lambda b: unsigned(b, "XS256", "AAAA")),
    "an algorithm in lower case": ("identity.algorithm", lambda b: unsigned(b, "rs256", "AAAA")),
    "no alg": ("identity.algorithm", raw_header(b'{"kid":"KID","typ":"at+jwt"}')),
    "alg is a number": ("identity.algorithm", header_with(alg=256)),
    "alg is a list": ("identity.algorithm", header_with(alg=["RS256"])),
    "known but not this issuer's": ("identity.algorithm", lambda b: unsigned(b, "RS512", "AAAA")),
    "ES256K": ("identity.algorithm", lambda b: unsigned(b, "ES256K", "AAAA")),
    # keys
    "unknown kid": ("identity.key", header_with(kid="nobody")),
    "kid walks folders": ("identity.key", header_with(kid="../../../../etc/passwd")),
    "kid asks SQL": ("identity.key", header_with(kid="' UNION SELECT 'secret' --")),
    "kid is huge": ("identity.header", header_with(kid=MANY)),
    "kid is empty": ("identity.header", header_with(kid="")),
    "kid is a number": ("identity.header", header_with(kid=1)),
    "kid is a list": ("identity.header", header_with(kid=["a"])),
    "PS256 by a key for RS256": ("identity.key", lambda b: unsigned(b, "PS256", "AAAA")),
    "RS256 against an EC key": ("identity.key", lambda b: b.rsa.sign(b.claims(), kid=b.ec.kid)),
    "ES256 against an RSA key": ("identity.key", lambda b: b.ec.sign(b.claims(), kid=b.rsa.kid)),
    "signed by a stranger's key": (
        "identity.signature",
        lambda b: type(b.rsa)("RS256", RSAKey.generate_key(2048)).sign(b.claims(), kid=b.rsa.kid),
    ),
    "ES256 by a key of another curve": (
        "identity.signature",
        lambda b: _es256_by(ECKey.generate_key("P-384"), b),
    ),
    "ES256 with r and s zero": (
        "identity.signature",
        lambda b: b.ec.sign(b.claims()).rsplit(".", 1)[0] + "." + b64(bytes(64)),
    ),
    "ES256 with a DER signature": (
        "identity.signature",
        lambda b: b.ec.sign(b.claims()).rsplit(".", 1)[0] + "." + b64(b"\x30\x44" + bytes(68)),
    ),
    # header parameters
    "jku": ("identity.header", header_with(jku="https://evil.example/keys")),
    "jwk": ("identity.header", header_with(jwk=ec_key("P-256"))),
    "x5u": ("identity.header", header_with(x5u="https://evil.example/cert")),
    "x5c": ("identity.header", header_with(x5c=["MIIB"])),
    "crit": ("identity.header", header_with(crit=["exp"], exp=1)),
    "crit is empty": ("identity.header", header_with(crit=[])),
    "b64 false": ("identity.header", header_with(b64=False, crit=["b64"])),
    "b64 false without crit": ("identity.header", header_with(b64=False)),
    "zip": ("identity.header", header_with(zip="DEF")),
    "typ of an ID token": ("identity.type", header_with(typ="id+jwt")),
    "typ of a logout token": ("identity.type", header_with(typ="logout+jwt")),
    "typ of a DPoP proof": ("identity.type", header_with(typ="dpop+jwt")),
    "no typ": ("identity.type", lambda b: b.rsa.sign(b.claims(), typ=None)),
    "typ is a number": ("identity.header", header_with(typ=1)),
    "duplicate alg": ("identity.malformed", raw_header(b'{"alg":"none","alg":"RS256","kid":"KID"}')),
    "header is a list": ("identity.malformed", raw_header(b'["RS256"]')),
    "header is not UTF-8": ("identity.malformed", raw_header(b'{"alg":"RS256","kid":"\xff"}')),
    "header is UTF-16": ("identity.malformed", raw_header('{"alg":"RS256"}'.encode("utf-16"))),
    "header is not JSON": ("identity.malformed", raw_header(b"{alg:RS256}")),
    # the token's form
    "empty": ("identity.malformed", lambda b: ""),
    "one part": ("identity.malformed", lambda b: "opaque"),
    "two parts": ("identity.malformed", lambda b: b.token().rsplit(".", 1)[0]),
    "four parts": ("identity.malformed", lambda b: b.token() + ".AAAA"),
    "five parts, a JWE": ("identity.malformed", lambda b: b.token() + ".AAAA.AAAA"),
    "JSON serialisation with two signatures": ("identity.malformed", general_serialization),
    "leading space": ("identity.malformed", lambda b: " " + b.token()),
    "trailing space": ("identity.malformed", lambda b: b.token() + " "),
    "trailing newline": ("identity.malformed", lambda b: b.token() + "\n"),
    "space inside": ("identity.malformed", lambda b: b.token().replace(".", ". ", 1)),
    "not ASCII": ("identity.malformed", lambda b: b.token() + "é"),
    "a lone surrogate": ("identity.malformed", lambda b: b.token() + "\ud800"),
    "a NUL": ("identity.malformed", lambda b: b.token() + "\0"),
    "padding": ("identity.malformed", lambda b: b.token() + "=="),
    "ordinary base64": ("identity.malformed", lambda b: b.token().replace(".", "+/.", 1)),
    "huge": ("identity.too_large", lambda b: b.token(pad="x" * 20_000)),
    "signature stripped": ("identity.signature", lambda b: b.token().rsplit(".", 1)[0] + "."),
    "signature cut": ("identity.signature", lambda b: b.token()[:-6]),
    "signature spelled anew": ("identity.malformed", respelled_signature),
    "payload tampered with": ("identity.signature", tampered),
    "payload empty": ("identity.malformed", lambda b: "{0}..{2}".format(*b.token().split("."))),
    "payload is a list": ("identity.malformed", lambda b: b.rsa.sign([b.claims()])),
    "payload is a string": ("identity.malformed", lambda b: b.rsa.sign("alice")),
    "payload is nested too deeply": (
        "identity.malformed",
        raw_claims(b'"alice"', b"[" * 5000 + b"]" * 5000),
    ),
    # duplicates and numbers that aren't JSON
    "duplicate sub": ("identity.malformed", raw_claims(b"{", b'{"sub":"root",')),
    "duplicate spelled with an escape": ("identity.malformed", raw_claims(b"{", b'{"\\u0073ub":"root",')),
    "duplicate in a nested object": ("identity.malformed", raw_claims(b"{", b'{"realm":{"a":1,"a":2},')),
    "exp is NaN": ("identity.malformed", raw_claims(b'"exp":', b'"exp":NaN,"x":')),
    "exp is infinite": ("identity.malformed", raw_claims(b'"exp":', b'"exp":Infinity,"x":')),
    "exp beyond a double": ("identity.malformed", raw_claims(b'"exp":', b'"exp":1e999,"x":')),
    "exp of 5000 digits": ("identity.malformed", raw_claims(b'"exp":', b'"exp":' + b"9" * 5000)),
    # issuer and audience
    "another issuer": ("identity.issuer", claims_with(iss="https://evil.example")),
    "issuer with a slash": ("identity.issuer", lambda b: b.token(iss=b.issuer.url + "/")),
    "issuer in capitals": ("identity.issuer", lambda b: b.token(iss=b.issuer.url.upper())),
    "no issuer": ("identity.issuer", claims_with(iss=None)),
    "issuer is a list": ("identity.issuer", lambda b: b.token(iss=[b.issuer.url])),
    "wrong audience": ("identity.audience", claims_with(aud="https://other.test")),
    "audience with a slash": ("identity.audience", claims_with(aud="https://regent.test/")),
    "audience within a longer one": ("identity.audience", claims_with(aud="https://regent.test.evil.example")),
    "no audience": ("identity.audience", claims_with(aud=None)),
    "audiences without us": ("identity.audience", claims_with(aud=["a", "b"])),
    "no audience in the list": ("identity.audience", claims_with(aud=[])),
    "audience is an object": ("identity.claims", claims_with(aud={"https://regent.test": True})),
    "a number among the audiences": ("identity.claims", claims_with(aud=["https://regent.test", 1])),
    # other kinds of tokens
    "an ID token as JWT": ("identity.type", lambda b: b.rsa.sign(b.claims(nonce="n"), typ="JWT")),
    "an ID token by at_hash": ("identity.type", lambda b: b.rsa.sign(b.claims(at_hash="h"), typ="JWT")),
    "a logout token as JWT": ("identity.type", lambda b: b.rsa.sign(b.claims(events={}), typ="JWT")),
    "Keycloak's ID token": ("identity.type", lambda b: b.rsa.sign(b.claims(typ="ID"), typ="JWT")),
    "a refresh token": ("identity.type", lambda b: b.rsa.sign(b.claims(typ="Refresh"), typ="JWT")),
    "bound to a key": ("identity.type", claims_with(cnf={"jkt": "x"})),
    # times
    "expired": ("identity.expired", lambda b: b.token(exp=int(b.clock.wall) - 31)),
    "expires this second": ("identity.expired", lambda b: b.token(exp=int(b.clock.wall) - 30)),
    "exp is zero": ("identity.expired", claims_with(exp=0)),
    "no exp": ("identity.claims", claims_with(exp=None)),
    "exp is true": ("identity.claims", claims_with(exp=True)),
    "exp is a string": ("identity.claims", claims_with(exp="1999999999")),
    "exp is negative": ("identity.claims", claims_with(exp=-1)),
    "exp is after all years": ("identity.claims", claims_with(exp=2**62)),
    "exp is a huge fraction": ("identity.claims", claims_with(exp=1e300)),
    "exp is an object": ("identity.claims", claims_with(exp={})),
    "nbf ahead": ("identity.not_yet_valid", lambda b: b.token(nbf=int(b.clock.wall) + 31)),
    "nbf is a string": ("identity.claims", claims_with(nbf="0")),
    "iat ahead": ("identity.not_yet_valid", lambda b: b.token(iat=int(b.clock.wall) + 31)),
    "no iat": ("identity.claims", claims_with(iat=None)),
    "iat is false": ("identity.claims", claims_with(iat=False)),
    "auth_time ahead": ("identity.not_yet_valid", lambda b: b.token(auth_time=int(b.clock.wall) + 31)),
    "auth_time is a list": ("identity.claims", claims_with(auth_time=[1])),
    # who it is
    "no sub": ("identity.claims", claims_with(sub=None)),
    "sub is a number": ("identity.claims", claims_with(sub=7)),
    "sub is empty": ("identity.claims", claims_with(sub="")),
    "sub is a list": ("identity.claims", claims_with(sub=["alice"])),
    "sub is too long": ("identity.claims", claims_with(sub="x" * 401)),
    "sub with a newline": ("identity.claims", claims_with(sub="alice\nroot")),
    "sub with a NUL": ("identity.claims", claims_with(sub="alice\0")),
    "sub with an escape sequence": ("identity.claims", claims_with(sub="\x1b[2Jalice")),
    "sub turned around": ("identity.claims", claims_with(sub="alice\u202etoor")),
    "sub with a lone surrogate": ("identity.claims", raw_claims(b'"alice"', b'"\\ud800"')),
    "team is a number": ("identity.claims", claims_with(realm={"team": 1})),
    "team is too long": ("identity.claims", claims_with(realm={"team": "x" * 129})),
    "organization is empty": ("identity.claims", claims_with(org="")),
    "roles are an object": ("identity.claims", claims_with(realm={"roles": {"admin": True}})),
    "a role is a number": ("identity.claims", claims_with(realm={"roles": ["a", 1]})),
    "a role is empty": ("identity.claims", claims_with(realm={"roles": [""]})),
    "too many roles": ("identity.claims", claims_with(realm={"roles": [str(n) for n in range(65)]})),
    "too many roles in one string": ("identity.claims", claims_with(realm={"roles": "r " * 65})),
    "groups are a string": ("identity.claims", claims_with(groups="a b")),
    "too many groups": ("identity.claims", claims_with(groups=[str(n) for n in range(257)])),
    "a group is too long": ("identity.claims", claims_with(groups=["x" * 257])),
    "an exposed object": ("identity.claims", claims_with(grade={"level": 1})),
    "an exposed number that readers round": ("identity.claims", claims_with(grade=2**53)),
    "an exposed text that is too long": ("identity.claims", claims_with(grade="x" * 1025)),
    "acr is a number": ("identity.claims", claims_with(acr=1)),
}  # fmt: skip


def _es256_by(key: ECKey, bench: Bench) -> str:
    """A token that says ES256, signed over P-384."""
    message, _ = bench.ec.sign(bench.claims()).rsplit(".", 1)
    p384 = type(bench.ec)("ES384", key).sign({}).split(".")[2]
    return f"{message}.{p384}"


@pytest.mark.parametrize(("code", "forge"), HOSTILE.values(), ids=HOSTILE)
async def test_it_is_refused(bench: Bench, code: str, forge: Forge) -> None:
    """A hostile token is refused with its own code, status 401, and nothing of it in the error."""
    token = forge(bench)
    with pytest.raises(Refused) as refusal:
        await bench.principal(token)
    error = refusal.value
    assert (code, 401) == (error.code, error.status)
    assert f"{code}: {REASONS[code].message}" == str(error)
    assert (error.__cause__, error.param) == (None, None)
    assert error.__suppress_context__ or error.__context__ is None


async def test_the_good_token_passes(bench: Bench) -> None:
    """What the hostile tokens were made from is accepted, so each was refused for its own fault."""
    principal = await bench.principal(bench.token())
    assert principal.id == "alice@acme"


async def test_a_refused_token_is_refused_again(bench: Bench) -> None:
    """The cache learns nothing from a token that failed."""
    token = tampered(bench)
    for _ in range(2):
        with pytest.raises(Refused, match=r"identity\.signature"):
            await bench.principal(token)


async def test_a_key_of_another_issuer_does_not_sign_for_this_one(
    bench: Bench, serve: Callable[..., Any], compose: Callable[..., Any], other_rsa: Signer
) -> None:
    """An issuer's key verifies that issuer's tokens only, even where its `kid` is the other's."""
    kind = type(bench.issuer)
    stranger = await serve(kind([{**other_rsa.jwk, "kid": bench.rsa.kid}, other_rsa.jwk]))
    identity = compose({"issuer": bench.issuer.url}, {"issuer": stranger.url})
    for kid, code in ((bench.rsa.kid, "identity.signature"), (other_rsa.kid, "identity.key")):
        with pytest.raises(Refused) as refusal:
            await identity.principal(other_rsa.sign(bench.claims(), kid=kid))
        assert code == refusal.value.code
    own = await identity.principal(other_rsa.sign(bench.claims(iss=stranger.url)))
    assert own.id == "alice@issuer-1"


def test_the_forgeries_are_forgeries(bench: Bench) -> None:
    """The helpers that edit bytes do edit them."""
    assert bench.token().split(".")[2] != respelled_signature(bench).split(".")[2]
    assert b'"sub":"root"' in urlsafe_b64decode(
        raw_claims(b"{", b'{"sub":"root",')(bench).split(".")[1].encode()
    )
