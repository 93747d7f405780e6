"""Tokens, keys and certificates made here, asked of a real OPA: value and error code must be the same."""

from __future__ import annotations

import base64
import json
import random
import time
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from rego import EvaluationError, Policy, numeric
from rego.builtins import certificates, keys, signatures, token_signing, tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.server
CALLS = (
    *tokens.TABLE, *tokens.CONTEXTUAL, *token_signing.TABLE, *certificates.TABLE, *certificates.CONTEXTUAL,
)  # fmt: skip
ARITY = {"io.jwt.decode": 1, "io.jwt.encode_sign": 3, "io.jwt.encode_sign_raw": 3}
PAIRS = ("verify", "keypair", "with_options")
NOW = int(time.time())
DER, PEM = serialization.Encoding.DER, serialization.Encoding.PEM
PKCS8, PLAIN = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
Answer = tuple[str, Any]


def arity(call: str) -> int:
    """Return how many operands a builtin has."""
    two = any(word in call for word in PAIRS) and not call.endswith("verify_certificates")
    return ARITY.get(call, 2 if two else 1)


def program() -> str:
    """Return a policy that makes the call that its input names."""
    rules = (
        f"p := {call}({', '.join(f'input.operands[{place}]' for place in range(arity(call)))}) "
        f'if input.call == "{call}"'
        for call in CALLS
    )
    return "package t\n\n" + "\n".join(rules) + "\n"


@pytest.fixture(scope="module")
def ask(opa_says: Callable[..., Answer]) -> Callable[..., Answer]:
    """Make a call in a real OPA."""

    def post(call: str, *operands: Any) -> Answer:
        return opa_says(program(), {"call": call, "operands": operands}, {})

    return post


@pytest.fixture(scope="module")
def call(planned: Callable[[str, str], bytes]) -> Callable[..., Answer]:
    """Make a call here."""
    policy = Policy.load(planned(program(), "t/p"), {})

    def evaluate(name: str, *operands: Any) -> Answer:
        question = json.loads(json.dumps({"call": name, "operands": operands}))
        try:
            value = policy.evaluate("t/p", question).value
        except EvaluationError as error:
            return "error", error.code
        return "value", json.loads(json.dumps(value, default=numeric.to_text))

    return evaluate


@pytest.fixture(scope="module")
def agree(ask: Any, call: Any) -> Callable[..., Answer]:
    """Make a call in both and compare; return the answer."""

    def compare(name: str, *operands: Any) -> Answer:
        expected: Answer = ask(name, *operands)
        assert expected == call(name, *operands), (name, operands)
        return expected

    return compare


# ── keys and tokens ─────────────────────────────────────────────────────────────────────────────


def part(raw: bytes) -> str:
    """Encode bytes as a part of a token."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def number(value: int, size: int = 0) -> str:
    """Encode a number as a member of a JWK."""
    return part(value.to_bytes(size or (value.bit_length() + 7) // 8))


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    """Keys of all kinds that sign, and one that does not."""
    return {
        "RS": rsa.generate_private_key(65537, 2048),
        "PS": rsa.generate_private_key(3, 2048),
        "ES256": ec.generate_private_key(ec.SECP256R1()),
        "ES384": ec.generate_private_key(ec.SECP384R1()),
        "ES512": ec.generate_private_key(ec.SECP521R1()),
        "EdDSA": ed25519.Ed25519PrivateKey.generate(),
        "X25519": x25519.X25519PrivateKey.generate(),
        "HS": b"secret",
    }


def kind_of(algorithm: str) -> str:
    """Return the name of the key that signs by an algorithm."""
    return algorithm if algorithm.startswith("E") else algorithm[:2]


def private(key: Any) -> Any:
    """Return a key as the package keeps it."""
    return key if isinstance(key, bytes) else keys.pkcs8(key.private_bytes(DER, PKCS8, PLAIN))


def web_key(key: Any, *, secret: bool) -> dict[str, Any]:
    """Return a key as a JWK, private or public."""
    found = private(key)
    match found:
        case bytes():
            return {"kty": "oct", "k": part(found)}
        case keys.RSAPrivateKey():
            public = {"kty": "RSA", "n": number(found.n), "e": number(found.e)}
            more = {
                "d": found.d,
                "p": found.p,
                "q": found.q,
                "dp": found.dp,
                "dq": found.dq,
                "qi": found.qinv,
            }
            own = {name: number(value or 0) for name, value in more.items()}
        case keys.ECPrivateKey():
            size = (found.curve.key_size + 7) // 8
            public = {"kty": "EC", "crv": f"P-{found.curve.key_size}"}
            public |= {"x": number(found.x, size), "y": number(found.y, size)}
            own = {"d": number(found.d, size)}
        case _:
            curve = "Ed25519" if isinstance(found, keys.Ed25519PrivateKey) else "X25519"
            public, own = {"kty": "OKP", "crv": curve, "x": part(found.raw)}, {"d": part(found.seed)}
    return public | own if secret else public


class Tokens:
    """Tokens, keys and constraints by chance, most of them nearly right."""

    def __init__(self, made: dict[str, Any], seed: int) -> None:
        self._made = made
        self._chance = random.Random(seed)  # noqa: S311 - not for secrets

    def _now_and_then(self, share: float) -> bool:
        return self._chance.random() < share

    def _some(self, share: float, **choices: list[Any]) -> dict[str, Any]:
        return {
            name: self._chance.choice(values) for name, values in choices.items() if self._now_and_then(share)
        }

    def token(self, algorithm: str) -> str:
        """Return a token, now and then a broken one."""
        header = {"alg": algorithm} | self._some(0.2, kid=["a", "b", "", "z"], typ=["JWT", "x"])
        header |= self._some(
            0.03, crit=[["x"], ["exp"], []], x=[1], enc=["A"], cty=["JWT"], alg=["none", 1, "HS256"]
        )
        claims = self._some(0.4, iss=["me", "you"], aud=["A", ["A", "B"], [], 5])
        claims |= self._some(0.3, exp=[NOW + 1000, NOW - 1000, "x", 2e300], nbf=[NOW - 1000, NOW + 1000.5])
        payload = self._chance.choice([json.dumps(claims).encode()] * 9 + [b'{"a":"\xff\xe2\x82"}', b"[]"])
        signed = f"{part(json.dumps(header).encode())}.{part(payload)}"
        signature = signatures.sign(private(self._made[kind_of(algorithm)]), algorithm, signed.encode())
        return self._broken(f"{signed}.{part(signature)}")

    def _broken(self, token: str) -> str:
        if self._now_and_then(0.75):
            return token
        place = self._chance.randrange(len(token))
        other, unsigned = f"{token[:place]}-{token[place + 1 :]}", token.rpartition(".")[0]
        return self._chance.choice([token[:-6] + "AAAAAA", token + "=", token + ".x", unsigned, other])

    def keys(self, algorithm: str) -> str:
        """Return keys to verify with: PEM, a JWK or a set, now and then others or broken ones."""
        name = kind_of(algorithm) if self._now_and_then(0.9) else self._chance.choice(list(self._made))
        key = self._made[name]
        if name != "HS" and self._now_and_then(0.3):
            form = serialization.PublicFormat.SubjectPublicKeyInfo
            source: str = key.public_key().public_bytes(PEM, form).decode()
            return self._chance.choice([source, source, source, source + "\n", source + source, source[:-9]])
        more = self._some(
            0.2, kid=["a", "b", None, 1], alg=[algorithm, algorithm, "RSA-OAEP", "no"], use=["sig", 3]
        )
        one = web_key(key, secret=self._now_and_then(0.3)) | more
        if self._now_and_then(0.5):
            return json.dumps(one) + self._chance.choice(["", "", "", "x"])
        others = [web_key(self._made[other], secret=False) | {"kid": other} for other in ("RS", "ES256")]
        return json.dumps({"keys": self._chance.sample([one, *others], 3)})

    def constraints(self, algorithm: str) -> dict[str, Any]:
        """Return constraints, now and then unusable ones."""
        wanted = self._some(0.3, alg=[algorithm, "RS256"], iss=["me", "you"], aud=["A", "B"])
        wanted |= self._some(0.1, time=[NOW * 10**9, 0, -1, "x", 1e300], bogus=[1])
        if algorithm.startswith("HS") and self._now_and_then(0.7):
            return wanted | {"secret": self._chance.choice(["secret", "secret", "no", ""])}
        return wanted | {"cert": self.keys(algorithm)}


def test_tokens_verify_alike(made: dict[str, Any], agree: Callable[..., Answer]) -> None:
    """1,000 tokens of every algorithm, against keys and constraints that fit and that do not."""
    by_chance, seen = Tokens(made, 1), set()
    for place in range(1000):
        algorithm = list(signatures.ALGORITHMS)[place % len(signatures.ALGORITHMS)]
        token = by_chance.token(algorithm)
        agree("io.jwt.decode", token)
        kind, value = agree("io.jwt.decode_verify", token, by_chance.constraints(algorithm))
        seen.add((kind, value[0] if kind == "value" else value))
        key = by_chance.keys(algorithm) if not algorithm.startswith("HS") else "secret"
        agree(f"io.jwt.verify_{algorithm.lower()}", token, key)
    assert {("value", True), ("value", False), ("error", "eval_builtin_error")} == seen


def test_what_one_signs_the_other_verifies(made: dict[str, Any], ask: Any, call: Any) -> None:
    """Every algorithm with every key: the same errors, the same signed bytes, and signatures that hold."""
    for algorithm in (*signatures.ALGORITHMS, "none"):
        for name, key in made.items():
            operands = (
                {"alg": algorithm, "typ": "JWT"},
                {"b": [1, 2.5, "<é>"], "a": None},
                web_key(key, secret=True),
            )
            expected, found = ask("io.jwt.encode_sign", *operands), call("io.jwt.encode_sign", *operands)
            assert expected[0] == found[0], (algorithm, name)
            if expected[0] == "error":
                assert expected == found
                continue
            assert expected[1].rpartition(".")[0] == found[1].rpartition(".")[0]
            if algorithm[:2] not in {"PS", "ES"}:
                assert expected == found
            elif kind_of(algorithm) == name:
                keys_given = {"cert": json.dumps(operands[2])}
                assert ask("io.jwt.decode_verify", found[1], keys_given)[1][0] is True
                assert call("io.jwt.decode_verify", expected[1], keys_given)[1][0] is True


# ── certificates ────────────────────────────────────────────────────────────────────────────────


class Chains:
    """Chains of certificates by chance, most of them nearly right."""

    HOSTS = ("example.com", "a.example.com", "*.example.com", "x.com")

    def __init__(self, made: dict[str, Any], seed: int) -> None:
        self._keys = [made[name] for name in ("RS", "ES256", "ES384", "EdDSA")]
        self._chance = random.Random(seed)  # noqa: S311 - not for secrets

    def _now_and_then(self, share: float) -> bool:
        return self._chance.random() < share

    def chain(self) -> str:
        """Return a chain in PEM, the root first."""
        length = self._chance.choice([2, 3, 3, 4])
        signers = [self._chance.choice(self._keys) for _ in range(length)]
        found = []
        for place, key in enumerate(signers):
            above = max(place - 1, 0) if self._now_and_then(0.97) else length - 1
            found.append(self._certificate(place, above, key, signers[above], leaf=place == length - 1))
        between = found[1:-1]
        self._chance.shuffle(between)
        return "".join([found[0], *between, found[-1]])

    def _certificate(self, place: int, above: int, key: Any, signer: Any, *, leaf: bool) -> str:
        names = [x509.NameAttribute(NameOID.COMMON_NAME, f"n{at}") for at in (above, place)]
        issuer, subject = (x509.Name([attribute]) for attribute in names)
        until = datetime(2050 if self._now_and_then(0.95) else 2021, 1, 1, tzinfo=UTC)
        since = datetime(2020, 1, 1, tzinfo=UTC)
        builder = x509.CertificateBuilder(issuer, subject, key.public_key(), place + 1, since, until)
        for extension, critical in [*self._rights(leaf=leaf), *self._limits(leaf=leaf)]:
            builder = builder.add_extension(extension, critical)
        digests = (hashes.SHA256(), hashes.SHA256(), hashes.SHA512(), hashes.SHA224())
        digest: Any = self._chance.choice(digests)
        certificate = builder.sign(signer, None if isinstance(signer, ed25519.Ed25519PrivateKey) else digest)
        return certificate.public_bytes(PEM).decode()

    def _rights(self, *, leaf: bool) -> Iterator[tuple[x509.ExtensionType, bool]]:
        if not leaf and self._now_and_then(0.95):
            yield x509.BasicConstraints(True, self._chance.choice([None, None, None, 0, 1])), True  # noqa: FBT003 - its own way
        if self._now_and_then(0.2):
            known = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
            usages = [*known, x509.ObjectIdentifier("1.2.3")]
            yield x509.ExtendedKeyUsage(self._chance.sample(usages, 2)), False
        if leaf:
            hosts = [x509.DNSName(self._chance.choice(self.HOSTS)), x509.IPAddress(ip_address("10.1.2.3"))]
            uri = x509.UniformResourceIdentifier(
                self._chance.choice(["spiffe://x/y", "https://a.example.com:8/%41?q#f"])
            )
            yield x509.SubjectAlternativeName([*hosts, uri, x509.RFC822Name("a@example.com")]), False

    def _limits(self, *, leaf: bool) -> Iterator[tuple[x509.ExtensionType, bool]]:
        if not leaf and self._now_and_then(0.15):
            allowed = [x509.DNSName("example.com"), x509.IPAddress(ip_network("10.0.0.0/8"))]
            excluded = [x509.DNSName("a.example.com"), x509.RFC822Name("x.com")]
            yield x509.NameConstraints(allowed, self._chance.sample(excluded, 1)), True
        if self._now_and_then(0.4):
            dotted = self._chance.choice(["1.2.3", "1.2.3", "2.5.29.32.0", "1.2.4"])
            yield (
                x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(dotted), None)]),
                False,
            )
        if self._now_and_then(0.1):
            yield x509.PolicyConstraints(self._chance.choice([0, 1]), 0), False
        if self._now_and_then(0.3):
            yield x509.SubjectKeyIdentifier(bytes([self._chance.randrange(3)])), False
            yield x509.AuthorityKeyIdentifier(bytes([self._chance.randrange(3)]), None, None), False

    def options(self) -> dict[str, Any]:
        """Return options, now and then unusable ones."""
        choices: dict[str, list[Any]] = {
            "DNSName": ["a.example.com", "A.EXAMPLE.com.", "b.example.com", "10.1.2.3", "[10.1.2.3]", "x", 5],
            "KeyUsages": [["KeyUsageAny"], ["KeyUsageClientAuth"], ["KeyUsageServerAuth"], ["no"], []],
            "CurrentTime": [1_600_000_000 * 10**9, 0, 2_600_000_000 * 10**9, "x", 0.5],
        }
        chosen = {name: self._chance.choice(values) for name, values in choices.items()}
        return {name: value for name, value in chosen.items() if self._now_and_then(0.3)}

    def changed(self, der: bytes) -> str:
        """Return DER with a few bytes that are others, in base64."""
        changed = bytearray(der)
        octets = (0, 1, 2, 4, 5, 0x30, 0x80, 0xA0, 0xFF)
        for _ in range(self._chance.choice([1, 1, 2])):
            changed[self._chance.randrange(len(der))] = self._chance.choice(octets)
        return base64.b64encode(bytes(changed)).decode()


def test_chains_verify_alike(made: dict[str, Any], agree: Callable[..., Answer]) -> None:
    """400 chains: which hold, in what order, and how their certificates are printed."""
    by_chance, seen = Chains(made, 1), set()
    for _ in range(400):
        chain = by_chance.chain()
        agree("crypto.x509.parse_certificates", chain)
        answers = [agree("crypto.x509.parse_and_verify_certificates", chain)]
        with_options = "crypto.x509.parse_and_verify_certificates_with_options"
        answers.append(agree(with_options, chain, by_chance.options()))
        seen |= {(kind, value[0] if kind == "value" else value) for kind, value in answers}
    assert {("value", True), ("value", False), ("error", "eval_builtin_error")} == seen


def test_changed_bytes_are_read_alike(made: dict[str, Any], agree: Callable[..., Answer]) -> None:
    """700 certificates, requests and keys of which a few bytes are others: the same values and errors."""
    by_chance = Chains(made, 2)
    certificate = x509.load_pem_x509_certificates(by_chance.chain().encode())[-1].public_bytes(DER)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "me")])
    request = (
        x509.CertificateSigningRequestBuilder(name).sign(made["ES256"], hashes.SHA256()).public_bytes(DER)
    )
    for _ in range(300):
        agree("crypto.x509.parse_certificates", by_chance.changed(certificate))
        agree("crypto.x509.parse_certificate_request", by_chance.changed(request))
    for kind in ("RS", "ES256", "EdDSA", "X25519"):
        key = made[kind].private_bytes(DER, PKCS8, PLAIN)
        for _ in range(25):
            source = by_chance.changed(key)
            agree(
                "crypto.parse_private_keys",
                f"-----BEGIN PRIVATE KEY-----\n{source}\n-----END PRIVATE KEY-----\n",
            )


def test_keys_and_pairs_are_printed_alike(made: dict[str, Any], agree: Callable[..., Answer]) -> None:
    """Every key with every certificate: who belongs to whom, and how it is printed."""
    pem = {name: key.private_bytes(PEM, PKCS8, PLAIN).decode() for name, key in made.items() if name != "HS"}
    for source in pem.values():
        agree("crypto.x509.parse_rsa_private_key", source)
    agree("crypto.parse_private_keys", "".join(pem.values()))
    certificate = Chains(made, 3).chain()
    for source in pem.values():
        agree("crypto.x509.parse_keypair", certificate, source)


@pytest.mark.parametrize("builtin", CALLS)
def test_operands_of_other_types_are_refused_alike(builtin: str, agree: Callable[..., Answer]) -> None:
    """Numbers, nulls, objects and text that means nothing."""
    several: list[tuple[Any, ...]] = [(1, 2, 3), ("a", 1, 2), ("a.b.c", "b", 3), (None, {}, {})]
    several += [({}, "x", "y"), ("", "", ""), ("-----BEGIN", {}, {})]
    for operands in several:
        agree(builtin, *operands[: arity(builtin)])
