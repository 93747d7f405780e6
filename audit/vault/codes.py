"""Words that may stand in a record for a reason or for somebody: codes; free text is where names leak."""

import re

from audit.errors import VaultRefused

_BASIS = re.compile(r"[a-z][a-z0-9_-]{0,31}(\.[a-z0-9_-]{1,32}){1,3}")
_ACTOR = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")


def basis(text: str) -> str:
    """Return a legal or other basis: dotted words as `gdpr.art17` or `litigation.2026-17`.

    Raises:
        VaultRefused: `vault.word`.
    """
    if not _BASIS.fullmatch(text):
        raise VaultRefused("vault.word", "a basis is a dotted code such as gdpr.art17, without free text")
    return text


def actor(text: str) -> str:
    """Return who ordered something: a role or a name of the house, as `dpo` or `ops@acme.example`.

    Raises:
        VaultRefused: `vault.word`.
    """
    if not _ACTOR.fullmatch(text):
        raise VaultRefused("vault.word", "who orders it is a short name of a-z, 0-9, '.', '_', '@' and '-'")
    return text
