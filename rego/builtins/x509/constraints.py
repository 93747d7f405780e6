"""Name constraints (RFC 5280 section 4.2.1.10): whether authorities may certify what they certified."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from rego.builtins.rawbytes import as_text
from rego.builtins.x509.extensions import NAME_CONSTRAINTS, SUBJECT_ALTERNATIVE_NAME, Names, is_domain
from rego.builtins.x509.mailboxes import Mailbox, mailbox_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rego.builtins.x509.certificates import Certificate
    from rego.builtins.x509.uris import URI

#: Names compared with constraints in one chain; many of both must not cost hours.
_MAX_COMPARISONS: Final = 250_000
_PORT: Final = re.compile(r"(.*):[0-9]*")


def permits_names(chain: Sequence[Certificate]) -> bool:
    """Tell whether every certificate's names are such as those above it in the chain may certify."""
    comparisons = 0
    for place, certificate in enumerate(chain):
        above = [parent.meaning for parent in chain[place + 1 :] if parent.has(NAME_CONSTRAINTS)]
        if not above or not certificate.has(SUBJECT_ALTERNATIVE_NAME):
            continue
        names = certificate.meaning.names
        comparisons += _size(names) * sum(
            _size(parent.permitted) + _size(parent.excluded) for parent in above
        )
        if comparisons > _MAX_COMPARISONS:
            return False
        found = _Subject.of(names)
        if found is None or not all(
            found.is_permitted(parent.permitted, parent.excluded) for parent in above
        ):
            return False
    return True


def _size(names: Names) -> int:
    return len(names.dns) + len(names.mail) + len(names.addresses) + len(names.uris) + len(names.uri_hosts)


class _Subject:
    """A subject's names in the forms in which they are compared."""

    __slots__ = ("_addresses", "_dns", "_hosts", "_mail")

    def __init__(self, dns: list[str], hosts: list[str], mail: list[Mailbox], addresses: list[bytes]) -> None:
        self._dns = dns
        self._hosts = hosts
        self._mail = mail
        self._addresses = addresses

    @classmethod
    def of(cls, names: Names) -> _Subject | None:
        """Return a subject, or None if it has a name that can't be compared."""
        hosts = [_host_of(uri) for uri in names.uris]
        mail = [mailbox_of(text) for text in names.mail]
        known = [Mailbox(box.local, box.domain.lower()) for box in mail if box is not None]
        if None in hosts or len(known) != len(mail) or not all(map(is_domain, names.dns)):
            return None
        return cls(names.dns, [host for host in hosts if host is not None], known, names.addresses)

    def is_permitted(self, permitted: Names, excluded: Names) -> bool:
        """Tell whether all names are in what is permitted, of their type, and none is in what is excluded."""
        return (
            all(_holds_address(permitted.addresses, excluded.addresses, name) for name in self._addresses)
            and all(_holds_domain(permitted.dns, excluded.dns, name) for name in self._dns)
            and all(_holds_domain(permitted.uri_hosts, excluded.uri_hosts, name) for name in self._hosts)
            and all(self._holds_mail(permitted.mail, excluded.mail, name) for name in self._mail)
        )

    @staticmethod
    def _holds_mail(permitted: list[str], excluded: list[str], name: Mailbox) -> bool:
        allowed = not permitted or _has_mail(permitted, name)
        return allowed and not (
            _has_mail(excluded, name) or _is_under_wildcard(_domains(excluded), name.domain)
        )


def _host_of(uri: URI) -> str | None:
    """Return the host that a URI names, or None where constraints can't be applied to it."""
    host = as_text(uri.host).lower()
    if ":" in host and not host.endswith("]"):
        match = _PORT.fullmatch(host)
        host = match.group(1) if match is not None and ":" not in match.group(1) else ""
    if not host or host.startswith("[") or not is_domain(host):
        return None
    try:
        ip_address(host)
    except ValueError:
        return host
    return None


def _holds_domain(permitted: list[str], excluded: list[str], name: str) -> bool:
    allowed = not permitted or _has_domain(permitted, name)
    return allowed and not (_has_domain(excluded, name) or _is_under_wildcard(excluded, name))


def _has_domain(constraints: list[str], name: str) -> bool:
    return any(_is_within(constraint.lower(), name.lower()) for constraint in constraints)


def _is_within(constraint: str, name: str) -> bool:
    """Tell whether a domain is a constraint's or below it; with a dot before it, it is for those below."""
    if not name.endswith(constraint):
        return False
    at = len(name) - len(constraint)
    return not constraint or constraint[0] == "." or at == 0 or name[at - 1] == "."


def _is_under_wildcard(excluded: list[str], name: str) -> bool:
    """Tell whether a wildcard stands for an excluded name among others."""
    return name.startswith("*") and any(
        "." in constraint and name.lower().partition(".")[2] == constraint.lower().partition(".")[2]
        for constraint in excluded
    )


def _domains(constraints: list[str]) -> list[str]:
    return [constraint for constraint in constraints if "@" not in constraint]


def _has_mail(constraints: list[str], name: Mailbox) -> bool:
    for constraint in constraints:
        exact = mailbox_of(constraint) if "@" in constraint else None
        if exact is not None and (exact.local, exact.domain.lower()) == name:
            return True
    return _has_domain(_domains(constraints), name.domain)


def _has_address(constraint: bytes, address: bytes) -> bool:
    size = len(address)
    if len(constraint) != 2 * size:
        return False
    mask = int.from_bytes(constraint[size:])
    return int.from_bytes(constraint[:size]) & mask == int.from_bytes(address) & mask


def _holds_address(permitted: list[bytes], excluded: list[bytes], name: bytes) -> bool:
    allowed = not permitted or any(_has_address(constraint, name) for constraint in permitted)
    return allowed and not any(_has_address(constraint, name) for constraint in excluded)
