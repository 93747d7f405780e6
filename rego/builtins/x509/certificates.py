"""Certificates (RFC 5280), parsed as strictly and as loosely as Go's `crypto/x509` parses them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from rego.builtins import der
from rego.builtins.keys import DSA_OID, EC_OID, ED25519_OID, RSA_OID, PublicKey, algorithm_of, public_key
from rego.builtins.operands import refuse
from rego.builtins.x509.extensions import Extension, Meaning, extensions_of, meaning_of
from rego.builtins.x509.names import Attribute, name_of
from rego.builtins.x509.signing import algorithm_number

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from rego.builtins.der import OID, Reader

_VERSION_3: Final = 3
#: Go's numbers of the algorithms of public keys.
_KEY_ALGORITHMS: Final[Mapping[OID, int]] = {RSA_OID: 1, DSA_OID: 2, EC_OID: 3, ED25519_OID: 4}


@dataclass(frozen=True, slots=True)
class PublicKeyInfo:
    """A SubjectPublicKeyInfo: its DER, Go's number of the algorithm (0: unknown), and the key if known."""

    raw: bytes
    algorithm: int
    key: PublicKey | None


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate; `raw`, `raw_signed`, `raw_issuer` and `raw_subject` are DER.

    `version` counts from 1; `signature_algorithm` is Go's number.
    """

    raw: bytes
    raw_signed: bytes
    raw_issuer: bytes
    raw_subject: bytes
    version: int
    serial_number: int
    signature_algorithm: int
    signature: bytes
    issuer: list[Attribute]
    subject: list[Attribute]
    not_before: datetime
    not_after: datetime
    key_info: PublicKeyInfo
    extensions: list[Extension] = field(default_factory=list)
    meaning: Meaning = field(default_factory=Meaning)

    def has(self, extension: OID) -> bool:
        """Tell whether there is an extension."""
        return any(found.kind == extension for found in self.extensions)


def parse_certificate(data: bytes) -> Certificate:
    """Return the one certificate that DER is.

    Raises:
        BuiltinError: If it is none.
    """
    found = _certificate(der.Reader(data))
    if len(found.raw) != len(data):
        raise refuse("trailing data")
    return found


def parse_certificates(data: bytes) -> list[Certificate]:
    """Return the certificates that stand one after the other in DER.

    Raises:
        BuiltinError: If any of them is malformed.
    """
    reader = der.Reader(data)
    found = []
    while reader:
        found.append(_certificate(reader))
    return found


def _certificate(reader: Reader) -> Certificate:
    whole = reader.read(der.SEQUENCE)
    outer = der.Reader(whole.content)
    signed = outer.read(der.SEQUENCE)
    inner = der.Reader(signed.content)
    version, serial_number = _version(inner), inner.integer()
    algorithm = inner.read(der.SEQUENCE).content
    if serial_number < 0 or outer.read(der.SEQUENCE).content != algorithm:
        raise refuse("negative serial number, or two signature algorithms")
    signature_algorithm = algorithm_number(*algorithm_of(der.Reader(algorithm)))
    issuer = inner.read(der.SEQUENCE).raw
    issuer_name, validity = name_of(issuer), inner.inside()
    not_before, not_after = validity.time(), validity.time()
    subject = inner.read(der.SEQUENCE).raw
    subject_name, key_info = name_of(subject), key_info_of(inner.read(der.SEQUENCE))
    extensions = _extensions(inner, version)
    return Certificate(
        whole.raw, signed.raw, issuer, subject, version, serial_number, signature_algorithm,
        outer.bits().right_aligned(), issuer_name, subject_name, not_before, not_after, key_info,
        extensions, meaning_of(extensions),
    )  # fmt: skip


def _version(reader: Reader) -> int:
    given = reader.optional(der.CONTEXT | der.CONSTRUCTED)
    if given is None:
        return 1
    inner = der.Reader(given.content)
    version = inner.small_integer() + 1
    if inner or not 1 <= version <= _VERSION_3:
        raise refuse("invalid version")
    return version


def key_info_of(element: der.Element) -> PublicKeyInfo:
    """Return what a SubjectPublicKeyInfo says.

    Raises:
        BuiltinError: If it is malformed; not if its algorithm is unknown.
    """
    reader = der.Reader(element.content)
    algorithm, parameters = algorithm_of(reader.inside())
    data, number = reader.bits().right_aligned(), _KEY_ALGORITHMS.get(algorithm, 0)
    return PublicKeyInfo(element.raw, number, public_key(algorithm, parameters, data) if number else None)


def _extensions(reader: Reader, version: int) -> list[Extension]:
    if version > 1:
        for unique_identifier in (1, 2):
            reader.optional(der.CONTEXT | unique_identifier)
    given = reader.optional(der.CONTEXT | der.CONSTRUCTED | 3) if version == _VERSION_3 else None
    return [] if given is None else extensions_of(der.Reader(given.content).inside())
