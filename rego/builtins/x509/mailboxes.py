"""Mail addresses in certificates (RFC 5280 section 4.1.2.6, RFC 2821); knows no certificate."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_QUOTED: Final = re.compile(
    r'"((?:[\x01-\x08\x0b\x0c\x0e-\x1f !#-\[\]-~\x7f]|\\[\x01-\x09\x0b\x0c\x0e-\x7f])*+)"'
)
_ATOMS: Final = re.compile(r"((?:[0-9a-zA-Z!#$%&'*+\-/=?^_`{|}~.]|\\.)++)", re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_DOMAIN: Final = re.compile(r"(?:[!-\-/-~]+(?:\.[!-\-/-~]+)*+)?")


class Mailbox(NamedTuple):
    """An address: what stands before the sign, unquoted, and the domain."""

    local: str
    domain: str


def mailbox_of(text: str) -> Mailbox | None:
    """Return the parts of a mail address, or None where it is none."""
    quoted = text.startswith('"')
    match = (_QUOTED if quoted else _ATOMS).match(text)
    if match is None or text[match.end() : match.end() + 1] != "@":
        return None
    local, domain = _ESCAPED.sub(r"\1", match.group(1)), text[match.end() + 1 :]
    if not quoted and (local.startswith(".") or local.endswith(".") or ".." in local):
        return None
    return None if _DOMAIN.fullmatch(domain) is None else Mailbox(local, domain)
