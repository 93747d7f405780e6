"""`crypto.x509.*` and `crypto.parse_private_keys`: what is printed of certificates, and which chains hold."""

from __future__ import annotations

import base64
import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from rego.builtins.certificates import CONTEXTUAL, TABLE
from rego.builtins.context import Context, Patterns
from rego.errors import BuiltinError, OperandError

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW_NS = int(datetime(2030, 1, 1, tzinfo=UTC).timestamp()) * 10**9
FROM, UNTIL = datetime(2025, 1, 1, tzinfo=UTC), datetime(2035, 1, 1, tzinfo=UTC)
NOTHING = [False, []]


@dataclass
class Issued:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Any

    @property
    def pem(self) -> str:
        """The certificate in PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def private(self, form: str = "PKCS8", encoding: str = "PEM") -> bytes:
        """The key, in a form that `cryptography` names."""
        made: bytes = self.key.private_bytes(
            getattr(serialization.Encoding, encoding),
            getattr(serialization.PrivateFormat, form),
            serialization.NoEncryption(),
        )
        return made


def name(common: str) -> x509.Name:
    """Return a name."""
    attributes = [
        (NameOID.COMMON_NAME, common),
        (NameOID.ORGANIZATION_NAME, "A"),
        (NameOID.ORGANIZATION_NAME, "Ö"),
    ]
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in attributes])


def issue(
    subject: str,
    by: Issued | None = None,
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
) -> Issued:
    """Issue a certificate, by itself if nobody is named."""
    key = ec.generate_private_key(ec.SECP256R1())
    signer = by.key if by else key
    builder = x509.CertificateBuilder(
        by.certificate.subject if by else name(subject), name(subject), key.public_key(), 2**80, FROM, UNTIL
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return Issued(builder.sign(signer, hashes.SHA256()), key)


def authority(length: int | None = None) -> tuple[x509.ExtensionType, bool]:
    """Return what makes a certificate an authority's."""
    return x509.BasicConstraints(ca=True, path_length=length), True


def names(*hosts: str) -> tuple[x509.ExtensionType, bool]:
    """Return the names of a server."""
    return x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), False


def verify(*chain: Issued, options: Any = None, now_ns: int = NOW_NS) -> Any:
    """Call one of the two builtins that verify."""
    builtin = "crypto.x509.parse_and_verify_certificates"
    context, source = Context(now_ns, None, Patterns()), "".join(issued.pem for issued in chain)
    if options is None:
        return CONTEXTUAL[builtin](context, source)
    return CONTEXTUAL[f"{builtin}_with_options"](context, source, options)


@pytest.fixture(scope="module")
def root() -> Issued:
    """The authority that is trusted."""
    return issue("root", extensions=[authority()])


@pytest.fixture(scope="module")
def middle(root: Issued) -> Issued:
    """An authority that the root certified."""
    return issue("middle", root, [authority(0)])


@pytest.fixture(scope="module")
def leaf(middle: Issued) -> Issued:
    """A server's certificate."""
    return issue("leaf", middle, [names("a.example", "*.b.example")])


def test_a_certificate_is_printed_as_gos_structure() -> None:
    """Its members, in Go's names and spellings."""
    uri = "https://u:p@h.example:80/p%2Fq?x=1#f%20"
    alternatives = [
        x509.DNSName("a.example"),
        x509.RFC822Name("x@y.example"),
        x509.IPAddress(ip_address("10.0.0.1")),
        x509.IPAddress(ip_address("2001:db8::1")),
        x509.UniformResourceIdentifier(uri),
    ]
    made = issue(
        "leaf",
        extensions=[
            authority(3),
            (x509.SubjectAlternativeName(alternatives), False),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, x509.ObjectIdentifier("1.2.3")]), False),
        ],
    )
    [printed] = TABLE["crypto.x509.parse_certificates"](made.pem)
    numbers = made.key.public_key().public_numbers()
    expected = {
        "Version": 3,
        "SerialNumber": 2**80,
        "SignatureAlgorithm": 10,
        "PublicKeyAlgorithm": 3,
        "PublicKey": {"Curve": {}, "X": numbers.x, "Y": numbers.y},
        "NotBefore": "2025-01-01T00:00:00Z",
        "NotAfter": "2035-01-01T00:00:00Z",
        "IsCA": True,
        "MaxPathLen": 3,
        "MaxPathLenZero": False,
        "KeyUsage": 0,
        "ExtKeyUsage": [1],
        "UnknownExtKeyUsage": [[1, 2, 3]],
        "DNSNames": ["a.example"],
        "EmailAddresses": ["x@y.example"],
        "IPAddresses": ["10.0.0.1", "2001:db8::1"],
        "URIStrings": [uri],
        "PermittedIPRanges": None,
        "SubjectKeyId": None,
    }
    assert expected == {member: printed[member] for member in expected}
    assert printed["Subject"]["CommonName"] == "leaf"
    assert printed["Subject"]["Organization"] == ["A", "Ö"]
    assert printed["Subject"]["Names"][2] == {"Type": [2, 5, 4, 10], "Value": "Ö"}
    expected_uri = {
        "Scheme": "https",
        "User": {},
        "Host": "h.example:80",
        "Path": "/p/q",
        "RawPath": "/p%2Fq",
    }
    assert expected_uri == {member: printed["URIs"][0][member] for member in expected_uri}
    raw = made.certificate.public_bytes(serialization.Encoding.DER)
    assert raw == base64.b64decode(printed["Raw"])
    assert made.certificate.tbs_certificate_bytes == base64.b64decode(printed["RawTBSCertificate"])


def test_certificates_come_in_pem_in_base64_of_it_and_of_der(leaf: Issued) -> None:
    """Three forms give one value; nothing gives none."""
    der = leaf.certificate.public_bytes(serialization.Encoding.DER)
    forms = [leaf.pem, base64.b64encode(leaf.pem.encode()).decode(), base64.b64encode(der).decode()]
    first, *others = [TABLE["crypto.x509.parse_certificates"](form) for form in forms]
    assert [first, first] == others
    assert TABLE["crypto.x509.parse_certificates"]("") == []


@pytest.mark.parametrize("cut", [1, 2, 10, 100, -1])
def test_a_certificate_cut_short_is_refused(cut: int, leaf: Issued) -> None:
    """A part of a certificate is no certificate."""
    der = leaf.certificate.public_bytes(serialization.Encoding.DER)[:cut]
    with pytest.raises(BuiltinError) as caught:
        TABLE["crypto.x509.parse_certificates"](base64.b64encode(der).decode())
    assert caught.value.code == "eval_builtin_error"


def test_other_pem_is_no_certificate(leaf: Issued) -> None:
    """A key among certificates is refused."""
    with pytest.raises(BuiltinError):
        TABLE["crypto.x509.parse_certificates"](leaf.pem + leaf.private().decode())


def test_a_chain_holds_from_the_root_to_the_leaf(root: Issued, middle: Issued, leaf: Issued) -> None:
    """The chain is returned from the leaf upward."""
    valid, chain = verify(root, middle, leaf)
    assert valid is True
    assert [found["Subject"]["CommonName"] for found in chain] == ["leaf", "middle", "root"]
    assert "URIStrings" in chain[0]
    assert "URIStrings" not in verify(root, middle, leaf, options={})[1][0]


def test_chains_that_do_not_hold(root: Issued, middle: Issued, leaf: Issued) -> None:
    """One certificate, a missing one, another root, another order, and a tampered one."""
    stranger = issue("root", extensions=[authority()])
    tampered = Issued(leaf.certificate, leaf.key)
    assert verify(leaf) == NOTHING
    assert verify(root, leaf) == NOTHING
    assert verify(stranger, middle, leaf) == NOTHING
    assert verify(leaf, middle, root) == NOTHING
    der = bytearray(tampered.certificate.public_bytes(serialization.Encoding.DER))
    der[-1] ^= 1
    body = base64.encodebytes(bytes(der)).decode()
    source = root.pem + middle.pem + f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n"
    context = Context(NOW_NS, None, Patterns())
    assert CONTEXTUAL["crypto.x509.parse_and_verify_certificates"](context, source) == NOTHING


@pytest.mark.parametrize(("year", "valid"), [(2024, False), (2025, True), (2034, True), (2036, False)])
def test_time_is_the_evaluations(
    year: int,
    valid: bool,  # noqa: FBT001 - a table's column
    root: Issued,
    middle: Issued,
    leaf: Issued,
) -> None:
    """A chain holds while all its certificates do, by the evaluation's clock or the time that is given."""
    moment = int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) * 10**9
    assert verify(root, middle, leaf, now_ns=moment)[0] is valid
    assert verify(root, middle, leaf, options={"CurrentTime": moment})[0] is valid


def test_the_last_moment_is_to_the_nanosecond(root: Issued, middle: Issued, leaf: Issued) -> None:
    """A certificate is valid at its last second's beginning and not a nanosecond later."""
    last = int(UNTIL.timestamp()) * 10**9
    assert [verify(root, middle, leaf, now_ns=last + more)[0] for more in (0, 1)] == [True, False]


@pytest.mark.parametrize(
    ("host", "valid"),
    [
        ("a.example", True),
        ("A.EXAMPLE.", True),
        ("x.b.example", True),
        ("b.example", False),
        ("x.y.b.example", False),
        ("10.0.0.1", False),
        ("", True),
    ],
)
def test_a_host_must_be_among_the_names(
    host: str,
    valid: bool,  # noqa: FBT001 - a table's column
    root: Issued,
    middle: Issued,
    leaf: Issued,
) -> None:
    """A wildcard stands for one label."""
    assert verify(root, middle, leaf, options={"DNSName": host})[0] is valid


def test_an_authority_may_be_limited(root: Issued) -> None:
    """By the length of the path below it, by what its key is for, and by the names that it certifies."""
    first = issue("first", root, [authority(0)])
    second = issue("second", first, [authority()])
    assert verify(root, first, second, issue("leaf", second)) == NOTHING
    signs_nothing = x509.KeyUsage(True, False, False, False, False, False, False, False, False)  # noqa: FBT003 - nine flags
    other = issue("other", root, [authority(), (signs_nothing, True)])
    assert verify(root, other, issue("leaf", other)) == NOTHING
    limits = x509.NameConstraints([x509.DNSName("in.example")], [x509.DNSName("not.in.example")])
    limited = issue("limited", root, [authority(), (limits, True)])
    hosts = ("in.example", "a.in.example", "out.example", "a.not.in.example")
    found = [verify(root, limited, issue("leaf", limited, [names(host)]))[0] for host in hosts]
    assert found == [True, True, False, False]
    nobody = issue("no authority", root)
    assert verify(root, nobody, issue("leaf", nobody)) == NOTHING


def test_purposes_are_checked(root: Issued) -> None:
    """Serving is asked for if nothing else is; an unknown purpose is an error."""
    client = issue("client", root, [(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)])
    asked: list[dict[str, Any]] = [{}, {"KeyUsages": ["KeyUsageClientAuth"]}, {"KeyUsages": ["KeyUsageAny"]}]
    assert [verify(root, client, options=options)[0] for options in asked] == [False, True, True]


@pytest.mark.parametrize(
    "options",
    [
        {"KeyUsages": ["KeyUsageNothing"]},
        {"KeyUsages": "KeyUsageAny"},
        {"DNSName": 1},
        {"CurrentTime": "now"},
        {"CurrentTime": 0.5},
        {"CurrentTime": 2**63},
        {"MaxConstraintComparisons": "x"},
        {"Roots": []},
    ],
)
def test_unusable_options_are_an_error(options: Any, root: Issued, middle: Issued, leaf: Issued) -> None:
    """They are never taken for a chain that does not hold."""
    with pytest.raises(BuiltinError):
        verify(root, middle, leaf, options=options)


def test_an_unknown_critical_extension_breaks_a_chain(root: Issued) -> None:
    """What must be understood and is not is printed, and refused where it is verified."""
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"x")
    made = issue("leaf", root, [(unknown, True)])
    assert TABLE["crypto.x509.parse_certificates"](made.pem)[0]["UnhandledCriticalExtensions"] == [
        [1, 2, 3, 4]
    ]
    assert verify(root, made) == NOTHING


def test_a_policy_that_must_be_there_is_asked_for(root: Issued) -> None:
    """An authority may demand a policy of those below it, which all above them must have, too."""

    def policy(*dotted: str) -> tuple[x509.ExtensionType, bool]:
        listed = [x509.PolicyInformation(x509.ObjectIdentifier(found), None) for found in dotted]
        return x509.CertificatePolicies(listed), False

    demand = (x509.PolicyConstraints(0, None), False)
    strict = issue("strict", root, [authority(), demand, policy("1.2.3")])
    found = [
        verify(root, strict, issue("leaf", strict, given))[0]
        for given in ((), [policy("1.2.4")], [policy("1.2.3")])
    ]
    assert found == [False, False, True]


def test_requests_are_parsed(leaf: Issued) -> None:
    """The extensions that a request asks for are printed, and its names; its signature is not checked."""
    builder = x509.CertificateSigningRequestBuilder(name("me")).add_extension(*names("a.example"))
    made = builder.sign(leaf.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
    printed = TABLE["crypto.x509.parse_certificate_request"](made)
    assert (printed["DNSNames"], printed["Subject"]["CommonName"], printed["Version"]) == (
        ["a.example"],
        "me",
        0,
    )
    assert printed["Extensions"] == [
        {"Id": [2, 5, 29, 17], "Critical": False, "Value": "MAuCCWEuZXhhbXBsZQ=="}
    ]
    for wrong in ("", "x", leaf.pem, base64.b64encode(leaf.pem.encode()).decode()):
        with pytest.raises(BuiltinError):
            TABLE["crypto.x509.parse_certificate_request"](wrong)


def test_private_keys_of_all_kinds_are_printed() -> None:
    """RSA and EC keys as their numbers, Ed25519 as its bytes, X25519 as nothing."""
    rsa_key, ec_key = rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1())
    edwards, agreement = ed25519.Ed25519PrivateKey.generate(), x25519.X25519PrivateKey.generate()
    keys = [Issued(None, key) for key in (rsa_key, ec_key, edwards, agreement)]  # type: ignore[arg-type]  # no certificate
    source = keys[0].private("TraditionalOpenSSL") + b"".join(key.private() for key in keys[1:])
    printed = TABLE["crypto.parse_private_keys"](source.decode())
    numbers, point = rsa_key.private_numbers(), ec_key.private_numbers()
    assert {"Dp": numbers.dmp1, "Dq": numbers.dmq1, "Qinv": numbers.iqmp, "CRTValues": []} == printed[0][
        "Precomputed"
    ]
    assert printed[1]["D"] == point.private_value
    assert edwards.private_bytes_raw() + edwards.public_key().public_bytes_raw() == base64.b64decode(
        printed[2]
    )
    assert printed[3] == {}
    web_keys = [TABLE["crypto.x509.parse_rsa_private_key"](key.private().decode()) for key in keys]
    assert [(key["kty"], key.get("crv")) for key in web_keys] == [
        ("RSA", None),
        ("EC", "P-384"),
        ("OKP", "Ed25519"),
        ("OKP", "X25519"),
    ]


def test_what_holds_no_private_key() -> None:
    """Nothing gives null, other text an empty array; for a JWK, nothing is an error."""
    parse, parse_rsa = TABLE["crypto.parse_private_keys"], TABLE["crypto.x509.parse_rsa_private_key"]
    assert [parse(""), parse("no key"), parse_rsa("-----BEGIN")] == [None, [], None]
    for wrong in ("", "no key"):
        with pytest.raises(BuiltinError):
            parse_rsa(wrong)


def test_a_pair_must_belong_together(leaf: Issued, root: Issued) -> None:
    """A certificate and its key make a pair, in PEM or in base64 of DER; another's key makes none."""
    pair = TABLE["crypto.x509.parse_keypair"]
    der = base64.b64encode(leaf.certificate.public_bytes(serialization.Encoding.DER)).decode()
    key = base64.b64encode(leaf.private(encoding="DER")).decode()
    made = pair(leaf.pem, leaf.private().decode())
    assert made == pair(der, key)
    assert ([der], None, None) == (
        made["Certificate"],
        made["OCSPStaple"],
        made["SignedCertificateTimestamps"],
    )
    assert leaf.key.private_numbers().private_value == made["PrivateKey"]["D"]
    for wrong in (root.private().decode(), leaf.pem, "", "x"):
        with pytest.raises(BuiltinError):
            pair(leaf.pem, wrong)


def test_only_strings_are_certificates_and_keys() -> None:
    """Other operands are a type error."""
    for builtin, call in TABLE.items():
        with pytest.raises(OperandError):
            call(*[1, "x"][: 2 if builtin.endswith("keypair") else 1])
    with pytest.raises(OperandError):
        verify(options=[])


def test_too_large_an_integer_is_refused(leaf: Issued) -> None:
    """A number of more digits than Python prints never gets out of a certificate."""
    der = leaf.certificate.tbs_certificate_bytes
    serial = b"\x02\x82\x08\x00" + b"\x01" + bytes(2047)
    inner = der[4:9] + serial + der[9 + 2 + der[10] :]
    whole = b"\x30\x82" + len(inner).to_bytes(2) + inner
    outer = b"\x30\x82" + len(whole).to_bytes(2) + whole
    with pytest.raises(BuiltinError, match="integer"):
        TABLE["crypto.x509.parse_certificates"](base64.b64encode(outer).decode())


@given(changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1))
def test_nothing_but_the_errors_of_builtins_is_raised(changes: list[tuple[float, int]], leaf: Issued) -> None:
    """Whatever byte of a certificate or a key is another, the answer is a value or a builtin's error."""
    for der in (leaf.certificate.public_bytes(serialization.Encoding.DER), leaf.private(encoding="DER")):
        changed = bytearray(der)
        for place, octet in changes:
            changed[int(place * len(der))] = octet
        source = base64.b64encode(bytes(changed)).decode()
        for builtin, call in TABLE.items():
            with contextlib.suppress(BuiltinError):
                call(*[source, source][: 2 if builtin.endswith("keypair") else 1])


@pytest.mark.parametrize(
    "source",
    [
        "-----BEGIN X-----\n" + "-----END Y-----\n" * 60_000,
        "-----BEGIN X-----\na:b\n-----END :-----\n" * 30_000,
        "-----BEGIN CERTIFICATE-----\n" * 40_000,
    ],
)
@pytest.mark.timeout(5)
def test_pem_that_is_made_to_take_long_does_not(source: str) -> None:
    """A megabyte of beginnings, ends and headers is read once."""
    with contextlib.suppress(BuiltinError):
        TABLE["crypto.x509.parse_certificates"](source)
