"""What the extensions of a certificate say (RFC 5280 section 4.2); knows no certificate.

Longer than most modules: a short reader for each extension, and the one table of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, NamedTuple

from rego.builtins import der
from rego.builtins.operands import refuse
from rego.builtins.rawbytes import as_text
from rego.builtins.x509.mailboxes import mailbox_of
from rego.builtins.x509.names import ia5
from rego.builtins.x509.uris import URI, parse_uri

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rego.builtins.der import OID, Reader

SUBJECT_ALTERNATIVE_NAME: Final[OID] = (2, 5, 29, 17)
NAME_CONSTRAINTS: Final[OID] = (2, 5, 29, 30)
_AUTHORITY_INFORMATION_ACCESS: Final[OID] = (1, 3, 6, 1, 5, 5, 7, 1, 1)
_OCSP: Final[OID] = (1, 3, 6, 1, 5, 5, 7, 48, 1)
_CA_ISSUERS: Final[OID] = (1, 3, 6, 1, 5, 5, 7, 48, 2)
_MAIL, _DNS, _URI, _IP = (der.CONTEXT | number for number in (1, 2, 6, 7))
_ADDRESS_SIZES: Final = frozenset({4, 16})
_KEY_USAGES: Final = 9
_MASK: Final = re.compile(rb"\xff*[\x80\xc0\xe0\xf0\xf8\xfc\xfe]?\x00*")
_LABEL: Final = re.compile(r"[!-~]+")
#: Purposes of keys, in the order of Go's numbers.
_PURPOSES: Final[tuple[OID, ...]] = (
    (2, 5, 29, 37, 0),
    *((1, 3, 6, 1, 5, 5, 7, 3, number) for number in range(1, 10)),
    (1, 3, 6, 1, 4, 1, 311, 10, 3, 3),
    (2, 16, 840, 1, 113730, 4, 1),
    (1, 3, 6, 1, 4, 1, 311, 2, 1, 22),
    (1, 3, 6, 1, 4, 1, 311, 61, 1, 1),
)
_PURPOSE_NUMBERS: Final = {purpose: number for number, purpose in enumerate(_PURPOSES)}


class Extension(NamedTuple):
    """An extension as it stands in a certificate."""

    kind: OID
    critical: bool
    value: bytes


@dataclass(slots=True)
class Names:
    """Names by their types: of a subject, or those that an authority may or may not certify.

    Addresses are 4 or 16 bytes; as constraints, those and as many of mask. URIs as constraints are hosts.
    """

    dns: list[str] = field(default_factory=list)
    mail: list[str] = field(default_factory=list)
    addresses: list[bytes] = field(default_factory=list)
    uris: list[URI] = field(default_factory=list)
    uri_hosts: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Meaning:
    """What the extensions of one certificate say, all together; whoever got one leaves it as it is.

    Policies are the contents of object identifiers; None stands for an extension that is not there.
    Numbers are as Go gives them: `usages` of bits, `purposes` of its list.
    """

    usages: int = 0
    constrained: bool = False
    authority: bool = False
    path_length: int = 0
    names: Names = field(default_factory=Names)
    constraints_critical: bool = False
    permitted: Names = field(default_factory=Names)
    excluded: Names = field(default_factory=Names)
    revocation_lists: list[str] = field(default_factory=list)
    authority_key: bytes | None = None
    subject_key: bytes | None = None
    explicit_policy: int | None = None
    policy_mapping: int | None = None
    any_policy: int | None = None
    purposes: list[int] = field(default_factory=list)
    other_purposes: list[OID] = field(default_factory=list)
    policies: list[bytes] | None = None
    policy_mappings: list[tuple[bytes, bytes]] = field(default_factory=list)
    responders: list[str] = field(default_factory=list)
    issuers: list[str] = field(default_factory=list)
    unhandled: list[OID] = field(default_factory=list)


def extensions_of(reader: Reader) -> list[Extension]:
    """Return the extensions in a sequence.

    Raises:
        BuiltinError: If one is malformed or stands there twice.
    """
    found: dict[OID, Extension] = {}
    while reader:
        inner = reader.inside()
        kind = inner.oid()
        critical = inner.peek(der.BOOLEAN) and inner.boolean()
        if kind in found:
            raise refuse("certificate contains duplicate extension")
        found[kind] = Extension(kind, critical, inner.read(der.OCTET_STRING).content)
    return list(found.values())


def meaning_of(extensions: list[Extension]) -> Meaning:
    """Return what extensions say.

    Raises:
        BuiltinError: If one of a known type is malformed.
    """
    meaning = Meaning()
    for extension in extensions:
        read = _READERS.get(extension.kind)
        handled = read is not None and read(meaning, extension)
        if extension.critical and not handled:
            meaning.unhandled.append(extension.kind)
    return meaning


def _usages(meaning: Meaning, extension: Extension) -> bool:
    bits = der.Reader(extension.value).bits()
    meaning.usages = sum(1 << place for place in range(_KEY_USAGES) if bits.at(place))
    return True


def _basic_constraints(meaning: Meaning, extension: Extension) -> bool:
    reader = der.Reader(extension.value).inside()
    meaning.constrained = True
    meaning.authority = reader.peek(der.BOOLEAN) and reader.boolean()
    meaning.path_length = -1
    if reader.peek(der.INTEGER):
        meaning.path_length = reader.small_integer()
        if meaning.path_length < 0:
            raise refuse("invalid basic constraints")
    return True


def _subject_names(meaning: Meaning, extension: Extension) -> bool:
    meaning.names = subject_names(extension.value)
    names = meaning.names
    return bool(names.dns or names.mail or names.addresses or names.uris)


def subject_names(value: bytes) -> Names:
    """Return the names in a subject alternative name extension.

    Raises:
        BuiltinError: If one is malformed.
    """
    names = Names()
    reader = der.Reader(value).inside()
    while reader:
        found = reader.read()
        if found.tag == _MAIL:
            names.mail.append(ia5(found.content))
        elif found.tag == _DNS:
            names.dns.append(ia5(found.content))
        elif found.tag == _URI:
            names.uris.append(_uri(ia5(found.content)))
        elif found.tag == _IP:
            if len(found.content) not in _ADDRESS_SIZES:
                raise refuse("cannot parse IP address")
            names.addresses.append(found.content)
    return names


def _uri(text: str) -> URI:
    uri = parse_uri(text)
    if not is_domain(as_text(uri.host)):
        raise refuse("cannot parse URI: invalid domain")
    return uri


def is_domain(text: str, *, constraint: bool = False) -> bool:
    """Tell whether a name has what a domain has at least; a constraint may begin with a dot."""
    if constraint:
        text = text.removeprefix(".") if len(text) > 1 else text
    return not text or all(_LABEL.fullmatch(label) for label in text.split("."))


def as_ipv4(packed: bytes) -> bytes:
    """Return an IPv4 address that is written as an IPv6 one as what it is; others as they are."""
    return packed.removeprefix(bytes(10) + b"\xff\xff") if len(packed) == 16 else packed  # noqa: PLR2004 - IPv6


def _name_constraints(meaning: Meaning, extension: Extension) -> bool:
    outer = der.Reader(extension.value)
    reader = outer.inside()
    permitted = reader.optional(der.CONTEXT | der.CONSTRUCTED)
    excluded = reader.optional(der.CONTEXT | der.CONSTRUCTED | 1)
    if outer or reader or not any(given and given.content for given in (permitted, excluded)):
        raise refuse("invalid or empty NameConstraints extension")
    meaning.permitted, handled = _subtrees(permitted)
    meaning.excluded, also_handled = _subtrees(excluded)
    meaning.constraints_critical = extension.critical
    return handled and also_handled


def _subtrees(given: der.Element | None) -> tuple[Names, bool]:
    names, handled = Names(), True
    reader = der.Reader(b"" if given is None else given.content)
    while reader:
        found = reader.inside().read()
        add = _CONSTRAINTS.get(found.tag)
        if add is None:
            handled = False
        else:
            add(names, found.content)
    return names, handled


def _dns_constraint(names: Names, raw: bytes) -> None:
    names.dns.append(_domain(ia5(raw)))


def _mail_constraint(names: Names, raw: bytes) -> None:
    text = ia5(raw)
    if "@" in text and mailbox_of(text) is None:
        raise refuse("failed to parse rfc822Name constraint")
    names.mail.append(text if "@" in text else _domain(text))


def _address_constraint(names: Names, raw: bytes) -> None:
    half = len(raw) // 2
    if half not in _ADDRESS_SIZES or len(raw) % 2 or _MASK.fullmatch(raw[half:]) is None:
        raise refuse("IP constraint contained invalid value or mask")
    names.addresses.append(raw)


def _uri_constraint(names: Names, raw: bytes) -> None:
    text = ia5(raw)
    try:
        ip_address(text)
    except ValueError:
        names.uri_hosts.append(_domain(text))
    else:
        raise refuse("failed to parse URI constraint: cannot be IP address")


def _domain(text: str) -> str:
    if not is_domain(text, constraint=True):
        raise refuse("failed to parse a constraint's domain")
    return text


_CONSTRAINTS: Final[Mapping[int, Callable[[Names, bytes], None]]] = {
    _DNS: _dns_constraint,
    _IP: _address_constraint,
    _MAIL: _mail_constraint,
    _URI: _uri_constraint,
}


def _revocation_lists(meaning: Meaning, extension: Extension) -> bool:
    reader = der.Reader(extension.value).inside()
    while reader:
        point = reader.inside().optional(der.CONTEXT | der.CONSTRUCTED)
        if point is None:
            continue
        full = der.Reader(point.content).inside(der.CONTEXT | der.CONSTRUCTED)
        while full.peek(_URI):
            meaning.revocation_lists.append(as_text(full.read(_URI).content))
    return True


def _authority_key(meaning: Meaning, extension: Extension) -> bool:
    if extension.critical:
        raise refuse("authority key identifier incorrectly marked critical")
    found = der.Reader(extension.value).inside().optional(der.CONTEXT)
    meaning.authority_key = None if found is None else found.content
    return True


def _subject_key(meaning: Meaning, extension: Extension) -> bool:
    if extension.critical:
        raise refuse("subject key identifier incorrectly marked critical")
    meaning.subject_key = der.Reader(extension.value).read(der.OCTET_STRING).content
    return True


def _policy_constraints(meaning: Meaning, extension: Extension) -> bool:
    reader = der.Reader(extension.value).inside()
    if reader.peek(der.CONTEXT):
        meaning.explicit_policy = reader.small_integer(der.CONTEXT)
    if reader.peek(der.CONTEXT | 1):
        meaning.policy_mapping = reader.small_integer(der.CONTEXT | 1)
    return True


def _any_policy(meaning: Meaning, extension: Extension) -> bool:
    meaning.any_policy = der.Reader(extension.value).small_integer()
    return True


def _purposes(meaning: Meaning, extension: Extension) -> bool:
    reader = der.Reader(extension.value).inside()
    while reader:
        purpose = reader.oid()
        number = _PURPOSE_NUMBERS.get(purpose)
        if number is None:
            meaning.other_purposes.append(purpose)
        else:
            meaning.purposes.append(number)
    return True


def _policies(meaning: Meaning, extension: Extension) -> bool:
    reader = der.Reader(extension.value).inside()
    found: dict[bytes, None] = {}
    while reader:
        policy = reader.inside().read(der.OBJECT_IDENTIFIER).content
        if policy in found or not is_big_oid(policy):
            raise refuse("invalid certificate policies")
        found[policy] = None
    meaning.policies = list(found)
    return True


def is_big_oid(raw: bytes) -> bool:
    """Tell whether contents are an object identifier's, its arcs of any size."""
    starts = b"\x00" + raw[:-1]
    return bool(raw) and raw[-1] < 0x80 and not any(  # noqa: PLR2004 - the bit that says that more follows
        octet == 0x80 and before < 0x80 for before, octet in zip(starts, raw, strict=True)  # noqa: PLR2004 - the same
    )  # fmt: skip


def _policy_mappings(meaning: Meaning, extension: Extension) -> bool:
    reader = der.Reader(extension.value).inside()
    while reader:
        inner = reader.inside()
        issuer, subject = inner.read(der.OBJECT_IDENTIFIER).content, inner.read(der.OBJECT_IDENTIFIER).content
        meaning.policy_mappings.append((issuer, subject))
    return True


def _information_access(meaning: Meaning, extension: Extension) -> bool:
    if extension.critical:
        raise refuse("authority info access incorrectly marked critical")
    reader = der.Reader(extension.value).inside()
    while reader:
        inner = reader.inside()
        method, found = inner.oid(), inner.optional(_URI)
        if found is not None and method == _OCSP:
            meaning.responders.append(as_text(found.content))
        elif found is not None and method == _CA_ISSUERS:
            meaning.issuers.append(as_text(found.content))
    return True


#: What reads an extension; it returns whether nothing in it was left unread.
_READERS: Final[Mapping[OID, Callable[[Meaning, Extension], bool]]] = {
    (2, 5, 29, 14): _subject_key,
    (2, 5, 29, 15): _usages,
    SUBJECT_ALTERNATIVE_NAME: _subject_names,
    (2, 5, 29, 19): _basic_constraints,
    NAME_CONSTRAINTS: _name_constraints,
    (2, 5, 29, 31): _revocation_lists,
    (2, 5, 29, 32): _policies,
    (2, 5, 29, 33): _policy_mappings,
    (2, 5, 29, 35): _authority_key,
    (2, 5, 29, 36): _policy_constraints,
    (2, 5, 29, 37): _purposes,
    (2, 5, 29, 54): _any_policy,
    _AUTHORITY_INFORMATION_ACCESS: _information_access,
}
