"""From verified claims to a `Principal`: the issuer's mapping, with types and bounds; knows no signatures.

The bounds are those of the question (`policies/schemas/input.json`): what a policy couldn't be asked about
is refused here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal

from audit.labels import WORD
from gateway.errors import Refused, SettingsError
from gateway.types import Principal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.settings import ClaimMapping, Issuer
    from gateway.types import VerifiedClaims

MAX_SUBJECT: Final = 400
MAX_NAME: Final = 128
MAX_ROLES: Final = 64
MAX_GROUPS: Final = 256
MAX_GROUP: Final = 256
MAX_EXPOSED: Final = 32
MAX_EXPOSED_TEXT: Final = 1024
MAX_EXPOSED_LIST: Final = 64
MAX_EXPOSED_ITEM: Final = 256
MAX_NUMBER: Final = 2**53 - 1
"""The greatest integer that every JSON reader takes exactly (RFC 8259, section 6)."""
_LATEST_S: Final = 253_402_300_799  # the end of the year 9999

# Control characters, line separators, bidirectional overrides and lone surrogates: they forge log lines,
# make one name look like another, or can't be written as UTF-8 at all.
_UNSAFE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


class Claim:
    """Where one claim is found.

    The whole name is tried first, since namespaced claims are URLs with dots (`https://acme.example/roles`);
    then the dots walk into nested objects (`realm_access.roles`).

    Args:
        path: as the settings give it; None finds nothing.
    """

    __slots__ = ("_path", "_steps")

    def __init__(self, path: str | None) -> None:
        self._path = path or ""
        self._steps = tuple(path.split(".")) if path else ()

    def of(self, claims: Mapping[str, object]) -> object | None:
        """The claim's value; None if it is absent or null."""
        if not self._steps or self._path in claims:
            return claims.get(self._path) if self._steps else None
        value: object = claims
        for step in self._steps:
            value = value.get(step) if isinstance(value, dict) else None
        return value


class Mapper:
    """Maps the claims of one issuer's tokens.

    Args:
        issuer: its settings.
        method: how its tokens are verified, for `Principal.method`.

    Raises:
        SettingsError: more claims are exposed than a policy can be asked about.
    """

    def __init__(self, issuer: Issuer, method: Literal["oidc", "development"]) -> None:
        mapping: ClaimMapping = issuer.claims
        if len(mapping.expose) > MAX_EXPOSED or any(len(name) > MAX_NAME for name in mapping.expose):
            raise SettingsError(
                f"{issuer.name}: claims.expose takes {MAX_EXPOSED} names of {MAX_NAME} characters"
            )
        self._name = issuer.name
        self._issuer = issuer.issuer
        self._method = method
        self._subject = Claim(mapping.subject)
        self._organization = Claim(mapping.organization)
        self._team = Claim(mapping.team)
        self._roles = Claim(mapping.roles)
        self._groups = Claim(mapping.groups)
        self._level = Claim(mapping.level)
        self._cost_center = Claim(mapping.cost_center)
        self._service = Claim(mapping.service)
        self._expose = {name: Claim(path) for name, path in mapping.expose.items()}

    def principal(self, claims: VerifiedClaims) -> Principal:
        """Say who the claims speak of.

        Raises:
            Refused: `identity.claims` if one is missing, mistyped or beyond its bound.
        """
        subject = text(self._subject.of(claims), MAX_SUBJECT)
        issued_at = seconds(claims.get("iat"))
        authenticated = claims.get("auth_time")
        return Principal(
            id=f"{subject}@{self._name}",
            type="service" if self._is_service(claims, subject) else "user",
            issuer=self._issuer,
            organization=_optional_text(self._organization.of(claims)),
            team=_optional_text(self._team.of(claims)),
            roles=_roles(self._roles.of(claims)),
            groups=texts(self._groups.of(claims), MAX_GROUPS, MAX_GROUP),
            claims=self._exposed(claims),
            method=self._method,
            authenticated_at_s=issued_at if authenticated is None else seconds(authenticated),
            expires_at_s=seconds(claims.get("exp")),
            level=_optional_text(self._level.of(claims)),
            cost_center=_word(self._cost_center.of(claims)),
        )

    def _is_service(self, claims: VerifiedClaims, subject: str) -> bool:
        """RFC 9068, section 2.2: without a person in the flow, `sub` is the client itself."""
        return self._service.of(claims) is not None or claims.get("client_id") == subject

    def _exposed(self, claims: VerifiedClaims) -> dict[str, object]:
        found = ((name, claim.of(claims)) for name, claim in self._expose.items())
        return {name: _exposed(value) for name, value in found if value is not None}


def seconds(value: object) -> int:
    """A NumericDate (RFC 7519, section 2) as whole seconds since the epoch.

    Raises:
        Refused: `identity.claims` if it is absent, not a number (a boolean isn't one), or not of this era.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LATEST_S:
        raise Refused("identity.claims")
    return int(value)


def text(value: object, longest: int) -> str:
    """A string of 1 to `longest` characters, none of them unsafe.

    Raises:
        Refused: `identity.claims`.
    """
    if not isinstance(value, str) or not 0 < len(value) <= longest or _UNSAFE.search(value):
        raise Refused("identity.claims")
    return value


def texts(value: object, most: int, longest: int) -> tuple[str, ...]:
    """At most `most` such strings; none if the claim is absent.

    Raises:
        Refused: `identity.claims`.
    """
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > most:
        raise Refused("identity.claims")
    return tuple(text(item, longest) for item in value)


def _roles(value: object) -> tuple[str, ...]:
    """A list, or one string with spaces between the roles as in `scope` (RFC 6749, section 3.3)."""
    if isinstance(value, str):
        value = [role for role in value.split(" ") if role]
    return texts(value, MAX_ROLES, MAX_NAME)


def _optional_text(value: object) -> str | None:
    return None if value is None else text(value, MAX_NAME)


def _word(value: object) -> str | None:
    """A word as the audit log may hold it."""
    if value is not None and not (isinstance(value, str) and WORD.fullmatch(value)):
        raise Refused("identity.claims")
    return value


def _exposed(value: object) -> object:
    """A claim that policies see as it is: a string, number, boolean or list of strings."""
    if isinstance(value, str):
        return "" if value == "" else text(value, MAX_EXPOSED_TEXT)
    if isinstance(value, int | float):  # a boolean is an int
        if abs(value) > MAX_NUMBER:
            raise Refused("identity.claims")
        return value
    return list(texts(value, MAX_EXPOSED_LIST, MAX_EXPOSED_ITEM))
