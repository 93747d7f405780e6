"""Certificates, requests and keys as the objects that OPA makes of them: Go's structures as JSON.

Longer than most modules: it lists the members of four of Go's structures.
"""

from __future__ import annotations

import base64
from datetime import datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

from rego.builtins.der import MAX_INTEGER_BITS, OID, BitString
from rego.builtins.keys import (
    DSAPublicKey,
    ECPrivateKey,
    ECPublicKey,
    Ed25519PrivateKey,
    Ed25519PublicKey,
    PrivateKey,
    PublicKey,
    RSAPrivateKey,
    RSAPublicKey,
)
from rego.builtins.operands import refuse
from rego.builtins.rawbytes import as_text
from rego.builtins.x509.extensions import as_ipv4

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rego.builtins.x509.certificates import Certificate
    from rego.builtins.x509.extensions import Extension, Meaning, Names
    from rego.builtins.x509.names import Attribute
    from rego.builtins.x509.requests import Request
    from rego.builtins.x509.uris import URI

#: The members of a name that are lists, by the last arc of 2.5.4.x.
_LISTS: Final[Mapping[int, str]] = {
    6: "Country",
    7: "Locality",
    8: "Province",
    9: "StreetAddress",
    10: "Organization",
    11: "OrganizationalUnit",
    17: "PostalCode",
}
_SINGLES: Final[Mapping[int, str]] = {3: "CommonName", 5: "SerialNumber"}
_MAX_ARC: Final = 2**31
_ARC_BITS: Final = 7


def encoded(raw: bytes) -> str:
    """Return bytes as they are printed."""
    return base64.b64encode(raw).decode()


def _or_null(values: list[Any]) -> list[Any] | None:
    """Return a list; an empty one is printed as null."""
    return values or None


def _texts(values: Sequence[str]) -> list[Any] | None:
    return _or_null(list(values))


def _oid(oid: OID) -> list[int]:
    return list(oid)


def printed_certificate(certificate: Certificate, *, with_uris: bool = True) -> dict[Any, Any]:
    """Return a certificate's object, with the text of its URIs if wanted."""
    printed = {
        "Raw": encoded(certificate.raw),
        "RawTBSCertificate": encoded(certificate.raw_signed),
        "RawSubjectPublicKeyInfo": encoded(certificate.key_info.raw),
        "RawSubject": encoded(certificate.raw_subject),
        "RawIssuer": encoded(certificate.raw_issuer),
        "Signature": encoded(certificate.signature),
        "SignatureAlgorithm": certificate.signature_algorithm,
        "PublicKeyAlgorithm": certificate.key_info.algorithm,
        "PublicKey": printed_public_key(certificate.key_info.key),
        "Version": certificate.version,
        "SerialNumber": certificate.serial_number,
        "Issuer": _name(certificate.issuer),
        "Subject": _name(certificate.subject),
        "NotBefore": _moment(certificate.not_before),
        "NotAfter": _moment(certificate.not_after),
        **_extensions(certificate.extensions),
        **_meaning(certificate.meaning),
        **_constraints(certificate.meaning),
        **_policies(certificate.meaning),
    }
    if with_uris:
        printed["URIStrings"] = _texts([uri.text() for uri in certificate.meaning.names.uris])
    return printed


def printed_request(request: Request) -> dict[Any, Any]:
    """Return a certificate request's object."""
    return {
        "Raw": encoded(request.raw),
        "RawTBSCertificateRequest": encoded(request.raw_signed),
        "RawSubjectPublicKeyInfo": encoded(request.key_info.raw),
        "RawSubject": encoded(request.raw_subject),
        "Version": request.version,
        "Signature": encoded(request.signature),
        "SignatureAlgorithm": request.signature_algorithm,
        "PublicKeyAlgorithm": request.key_info.algorithm,
        "PublicKey": printed_public_key(request.key_info.key),
        "Subject": _name(request.subject),
        "Attributes": _or_null(
            [
                {"Type": _oid(kind), "Value": [[_attribute(inner) for inner in group] for group in groups]}
                for kind, groups in request.attributes
            ]
        ),
        **_extensions(request.extensions),
        **_names(request.names),
    }


def _extensions(extensions: list[Extension]) -> dict[str, Any]:
    printed = [
        {"Id": _oid(kind), "Critical": critical, "Value": encoded(value)}
        for kind, critical, value in extensions
    ]
    return {"Extensions": _or_null(printed), "ExtraExtensions": None}


def _meaning(meaning: Meaning) -> dict[str, Any]:
    return {
        "KeyUsage": meaning.usages,
        "ExtKeyUsage": _or_null(list(meaning.purposes)),
        "UnknownExtKeyUsage": _or_null([_oid(purpose) for purpose in meaning.other_purposes]),
        "UnhandledCriticalExtensions": _or_null([_oid(kind) for kind in meaning.unhandled]),
        "BasicConstraintsValid": meaning.constrained,
        "IsCA": meaning.authority,
        "MaxPathLen": meaning.path_length,
        "MaxPathLenZero": meaning.constrained and meaning.path_length == 0,
        "SubjectKeyId": None if meaning.subject_key is None else encoded(meaning.subject_key),
        "AuthorityKeyId": None if meaning.authority_key is None else encoded(meaning.authority_key),
        "OCSPServer": _texts(meaning.responders),
        "IssuingCertificateURL": _texts(meaning.issuers),
        "CRLDistributionPoints": _texts(meaning.revocation_lists),
        **_names(meaning.names),
    }


def _names(names: Names) -> dict[str, Any]:
    return {
        "DNSNames": _texts(names.dns),
        "EmailAddresses": _texts(names.mail),
        "IPAddresses": _or_null([_address(address) for address in names.addresses]),
        "URIs": _or_null([_uri(uri) for uri in names.uris]),
    }


def _constraints(meaning: Meaning) -> dict[str, Any]:
    printed: dict[str, Any] = {"PermittedDNSDomainsCritical": meaning.constraints_critical}
    for prefix, names in (("Permitted", meaning.permitted), ("Excluded", meaning.excluded)):
        printed[f"{prefix}DNSDomains"] = _texts(names.dns)
        printed[f"{prefix}EmailAddresses"] = _texts(names.mail)
        printed[f"{prefix}URIDomains"] = _texts(names.uri_hosts)
        printed[f"{prefix}IPRanges"] = _or_null([_range(raw) for raw in names.addresses])
    return printed


def _policies(meaning: Meaning) -> dict[str, Any]:
    policies = meaning.policies
    arcs = [_arcs(policy) for policy in policies or ()]
    return {
        "Policies": None if not policies else [_dotted(found) for found in arcs],
        "PolicyIdentifiers": None if policies is None else [found for found in arcs if max(found) < _MAX_ARC],
        "PolicyMappings": _or_null(
            [
                {"IssuerDomainPolicy": _dotted(_arcs(issuer)), "SubjectDomainPolicy": _dotted(_arcs(subject))}
                for issuer, subject in meaning.policy_mappings
            ]
        ),
        "RequireExplicitPolicy": meaning.explicit_policy or 0,
        "RequireExplicitPolicyZero": meaning.explicit_policy == 0,
        "InhibitPolicyMapping": meaning.policy_mapping or 0,
        "InhibitPolicyMappingZero": meaning.policy_mapping == 0,
        "InhibitAnyPolicy": meaning.any_policy or 0,
        "InhibitAnyPolicyZero": meaning.any_policy == 0,
    }


def _arcs(raw: bytes) -> list[int]:
    """Return the arcs of an object identifier, of any size up to that of integers."""
    arcs: list[int] = []
    value = 0
    for octet in raw:
        value = value << _ARC_BITS | octet & 0x7F
        if value.bit_length() > MAX_INTEGER_BITS:
            raise refuse("too long an object identifier")
        if octet < 0x80:  # noqa: PLR2004 - the bit that says that more follows
            arcs += [value] if arcs else [min(value // 40, 2), value - 40 * min(value // 40, 2)]
            value = 0
    return arcs


def _dotted(arcs: list[int]) -> str:
    return ".".join(map(str, arcs))


def _name(attributes: list[Attribute]) -> dict[str, Any]:
    printed: dict[str, Any] = dict.fromkeys(_LISTS.values())
    printed |= dict.fromkeys(_SINGLES.values(), "")
    for kind, value in attributes:
        last = kind[3] if len(kind) == 4 and kind[:3] == (2, 5, 4) else -1  # noqa: PLR2004 - 2.5.4.x
        if type(value) is str and last in _SINGLES:
            printed[_SINGLES[last]] = value
        elif type(value) is str and last in _LISTS:
            printed[_LISTS[last]] = [*(printed[_LISTS[last]] or ()), value]
    printed["Names"] = _or_null([_attribute(attribute) for attribute in attributes])
    printed["ExtraNames"] = None
    return printed


def _attribute(attribute: Attribute) -> dict[str, Any]:
    return {"Type": _oid(attribute.kind), "Value": _value(attribute.value)}


def _value(value: Any) -> Any:
    if type(value) is bytes:
        return encoded(value)
    if type(value) is BitString:
        return {"Bytes": encoded(value.content), "BitLength": value.length}
    if type(value) is tuple:
        return _oid(value)
    return _moment(value) if isinstance(value, datetime) else value


def _moment(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _address(packed: bytes) -> str:
    return str(ip_address(as_ipv4(packed)))


def _range(raw: bytes) -> dict[str, str]:
    half = len(raw) // 2
    return {"IP": _address(raw[:half]), "Mask": encoded(raw[half:])}


def _uri(uri: URI) -> dict[str, Any]:
    return {
        "Scheme": uri.scheme,
        "Opaque": uri.opaque,
        "User": None if uri.user is None else {},
        "Host": as_text(uri.host),
        "Path": as_text(uri.path),
        "RawPath": uri.raw_path,
        "OmitHost": uri.omit_host,
        "ForceQuery": uri.force_query,
        "RawQuery": uri.raw_query,
        "Fragment": as_text(uri.fragment),
        "RawFragment": uri.raw_fragment,
    }


def printed_public_key(key: PublicKey | None) -> Any:
    """Return a public key's value, null for one of an unknown algorithm."""
    if type(key) is RSAPublicKey:
        return {"N": key.n, "E": key.e}
    if type(key) is ECPublicKey:
        return {"Curve": {}, "X": key.x, "Y": key.y}
    if type(key) is DSAPublicKey:
        return {"P": key.p, "Q": key.q, "G": key.g, "Y": key.y}
    return encoded(key.raw) if type(key) is Ed25519PublicKey else None


def printed_private_key(key: PrivateKey) -> Any:
    """Return a private key's value."""
    if type(key) is RSAPrivateKey:
        return {
            "N": key.n,
            "E": key.e,
            "D": key.d,
            "Primes": [key.p, key.q],
            "Precomputed": {"Dp": key.dp, "Dq": key.dq, "Qinv": key.qinv, "CRTValues": []},
        }
    if type(key) is ECPrivateKey:
        return {"Curve": {}, "D": key.d, "X": key.x, "Y": key.y}
    return encoded(key.seed + key.raw) if type(key) is Ed25519PrivateKey else {}
