"""Chains of certificates (RFC 5280 section 6), built and checked as Go's `Certificate.Verify` does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from rego.builtins.x509.constraints import permits_names
from rego.builtins.x509.extensions import SUBJECT_ALTERNATIVE_NAME, as_ipv4
from rego.builtins.x509.policies import policies_valid
from rego.builtins.x509.signing import is_signed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rego.builtins.x509.certificates import Certificate

ANY_PURPOSE: Final = 0
SERVER: Final = 1
_SIGNS_CERTIFICATES: Final = 1 << 5
_VERSION_3: Final = 3
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)
#: Signatures checked in search of chains: certificates that name each other must not cost hours.
_MAX_SIGNATURES: Final = 100
_HOST_CHARACTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a chain must be good for.

    Args:
        moment_ns: When it must be valid, nanoseconds since 1970 UTC.
        host: The name or address that its leaf must have; none if empty.
        purposes: Go's numbers of purposes, of which one must be allowed; serving, if there are none.
    """

    moment_ns: int
    host: str = ""
    purposes: Sequence[int] = ()


def verified_chain(certificates: Sequence[Certificate], wanted: Wanted) -> list[Certificate] | None:
    """Return a chain from the last certificate to the first one, which is trusted, or None.

    Those between them may be in it.
    """
    root, *between, leaf = certificates
    if not _is_valid(leaf, [], wanted) or (wanted.host and not _names_host(leaf, wanted.host)):
        return None
    if leaf.raw == root.raw:
        chains = [[leaf]]
    else:
        pool = {certificate.raw: certificate for certificate in between}
        chains = _Search(root, list(pool.values()), wanted).chains([leaf])
    return next((chain for chain in chains if _is_good(chain, wanted)), None)


def _is_good(chain: list[Certificate], wanted: Wanted) -> bool:
    return policies_valid(chain) and _has_purpose(chain, wanted.purposes or [SERVER]) and permits_names(chain)


class _Search:
    """The search for chains: what is trusted, what may stand between, and what it may still cost."""

    def __init__(self, root: Certificate, between: list[Certificate], wanted: Wanted) -> None:
        self._root = root
        self._between = between
        self._wanted = wanted
        self._left = _MAX_SIGNATURES

    def chains(self, chain: list[Certificate]) -> list[list[Certificate]]:
        """Return the chains that begin with one."""
        roots = _parents(chain[-1], [self._root])
        found = [[*chain, root] for root in roots if self._continues(chain, root)]
        for parent in _parents(chain[-1], self._between):
            if self._continues(chain, parent) and _may_sign(parent):
                found += self.chains([*chain, parent])
        return found

    def _continues(self, chain: list[Certificate], parent: Certificate) -> bool:
        self._left -= 1
        if self._left < 0 or parent.key_info.key is None or _is_in(parent, chain):
            return False
        return _is_signed_by(chain[-1], parent) and _is_valid(parent, chain, self._wanted)


def _parents(child: Certificate, pool: list[Certificate]) -> list[Certificate]:
    """Return those that may have signed a certificate, first those whose key has the identifier it names."""
    named = [parent for parent in pool if parent.raw_subject == child.raw_issuer]
    identifier = child.meaning.authority_key or b""

    def rank(parent: Certificate) -> int:
        own = parent.meaning.subject_key or b""
        return 0 if own == identifier else 1 if not own or not identifier else 2

    return sorted(named, key=rank)


def _may_sign(certificate: Certificate) -> bool:
    return certificate.meaning.constrained and certificate.meaning.authority


def _is_signed_by(child: Certificate, parent: Certificate) -> bool:
    meaning = parent.meaning
    if not meaning.authority and (meaning.constrained or parent.version == _VERSION_3):
        return False
    if meaning.usages and not meaning.usages & _SIGNS_CERTIFICATES:
        return False
    return is_signed(child.signature_algorithm, child.raw_signed, child.signature, parent.key_info.key)


def _is_valid(certificate: Certificate, chain: list[Certificate], wanted: Wanted) -> bool:
    meaning = certificate.meaning
    if meaning.unhandled or not _ns(certificate.not_before) <= wanted.moment_ns <= _ns(certificate.not_after):
        return False
    if chain and chain[-1].raw_issuer != certificate.raw_subject:
        return False
    return not (meaning.constrained and 0 <= meaning.path_length < len(chain) - 1)


def _ns(moment: datetime) -> int:
    return (moment - _EPOCH) // _SECOND * 1_000_000_000


def _is_in(candidate: Certificate, chain: list[Certificate]) -> bool:
    """Tell whether a chain has a certificate of the same subject, names and key."""
    names = _names_of(candidate)
    for certificate in chain:
        if (
            candidate.raw_subject == certificate.raw_subject
            and candidate.key_info.raw == certificate.key_info.raw
        ):
            others = _names_of(certificate)
            if names == others:
                return True
            if names is None or others is None:
                return False
    return False


def _names_of(certificate: Certificate) -> bytes | None:
    return next(
        (found.value for found in certificate.extensions if found.kind == SUBJECT_ALTERNATIVE_NAME), None
    )


def _has_purpose(chain: list[Certificate], purposes: Sequence[int]) -> bool:
    """Tell whether there is a purpose that every certificate allows; one without a list allows all."""
    left = set(purposes)
    if ANY_PURPOSE in left:
        return True
    for certificate in reversed(chain):
        allowed = certificate.meaning.purposes
        if (allowed or certificate.meaning.other_purposes) and ANY_PURPOSE not in allowed:
            left.intersection_update(allowed)
    return bool(left)


# ── names of hosts ──────────────────────────────────────────────────────────────────────────────


def _names_host(certificate: Certificate, host: str) -> bool:
    literal = host[1:-1] if len(host) > 2 and host[0] == "[" and host[-1] == "]" else host  # noqa: PLR2004 - the brackets
    try:
        address = ip_address(literal)
    except ValueError:
        name = _lower(host)
        return any(_matches(pattern, name) for pattern in certificate.meaning.names.dns)
    wanted = as_ipv4(address.packed)
    return any(as_ipv4(found) == wanted for found in certificate.meaning.names.addresses)


def _lower(text: str) -> str:
    return "".join(char.lower() if char.isascii() else char for char in text)


def _matches(pattern: str, host: str) -> bool:
    if not (_is_host(host.removesuffix("."), wildcard=False) and _is_host(pattern, wildcard=True)):
        return pattern not in {"", "."} and host != "." and _lower(pattern) == host
    labels, wanted = _lower(pattern).split("."), host.removesuffix(".").split(".")
    if labels[0] == "*":
        labels[0] = wanted[0]
    return labels == wanted


def _is_host(text: str, *, wildcard: bool) -> bool:
    if text == "*":
        return False
    labels = text.split(".")
    if wildcard and labels[0] == "*":
        labels = labels[1:]
    return all(label and label[0] != "-" and _HOST_CHARACTERS.issuperset(label) for label in labels)
