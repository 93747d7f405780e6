"""OIDC access tokens to principals: every check of a token, in the order in which it is made.

Follows RFC 7519, RFC 8725 (JWT best practice) and RFC 9068 (JWT access tokens).
Knows where keys come from only through `KeyRing`, and nothing of HTTP.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gateway.errors import Refused, SettingsError
from gateway.identity.cache import TokenCache
from gateway.identity.claims import seconds
from gateway.identity.tokens import parse
from gateway.types import VerifiedClaims

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from gateway.identity.claims import Mapper
    from gateway.identity.keyring import KeyRing
    from gateway.identity.keys import KeySet
    from gateway.identity.tokens import UnverifiedJWS
    from gateway.types import Principal, UnverifiedToken

_NOT_ACCESS: Final = frozenset({"nonce", "at_hash", "c_hash", "s_hash", "events"})
"""Claims of ID tokens (OpenID Connect Core 2, 3.3.2.11) and of security events such as logout tokens."""
_NOT_ACCESS_TYPES: Final = frozenset({"id", "refresh", "offline", "logout"})
"""Keycloak's `typ` claims of tokens that aren't for resource servers."""


@dataclass(frozen=True, slots=True)
class TrustedIssuer:
    """One issuer, ready to verify.

    Args:
        issuer: its `iss`, compared exactly.
        algorithms: accepted ones; each must also be in `keys.ALGORITHMS`.
        token_types: accepted `typ` headers, lower case.
    """

    issuer: str
    audience: str
    algorithms: frozenset[str]
    token_types: frozenset[str]
    mapper: Mapper
    ring: KeyRing


class OIDCIdentity:
    """The `Identity` port for OIDC access tokens of several issuers.

    Args:
        issuers: whose tokens are accepted; no two share one `iss`.
        leeway_s: how far clocks may disagree.
        token_bytes: longest token that is looked at.
        cache_entries: how many verified tokens are remembered.
        wall_s: the time of day, seconds since the epoch.

    Raises:
        SettingsError: two issuers share one `iss`, so a token could be read in two ways.
    """

    def __init__(
        self,
        issuers: Iterable[TrustedIssuer],
        *,
        leeway_s: int,
        token_bytes: int,
        cache_entries: int,
        wall_s: Callable[[], float],
    ) -> None:
        self._issuers: dict[str, TrustedIssuer] = {}
        for issuer in issuers:
            if issuer.issuer in self._issuers:
                raise SettingsError(f"two issuers are configured as {issuer.issuer}")
            self._issuers[issuer.issuer] = issuer
        self._leeway_s = leeway_s
        self._token_bytes = token_bytes
        self._wall_s = wall_s
        self._cache = TokenCache(cache_entries, wall_s)

    async def principal(self, token: UnverifiedToken) -> Principal:
        """Verify `token` completely and say whose it is.

        Raises:
            Refused: with an `identity.*` code; nothing in the error comes from the token.
        """
        if len(token) > self._token_bytes:
            raise Refused("identity.too_large")
        if not token.isascii():
            raise Refused("identity.malformed")
        raw = token.encode("ascii")
        digest = self._cache.digest(raw)
        known = self._cache.get(digest)
        return known if known is not None else await self._verified(raw, digest)

    async def warm(self) -> None:
        """Fetch every issuer's keys; a failure is logged, and fetching is tried again when a token comes."""
        await asyncio.gather(*(issuer.ring.refresh() for issuer in self._issuers.values()))

    async def close(self) -> None:
        """Stop fetching keys and close connections."""
        await asyncio.gather(*(issuer.ring.close() for issuer in self._issuers.values()))

    async def _verified(self, raw: bytes, digest: bytes) -> Principal:
        jws = parse(raw)
        issuer = self._issuer_of(jws)
        key, keys = await issuer.ring.key(jws.kid, jws.algorithm)
        # Many calls with one new token may have waited for the keys: the first to wake verifies for all.
        known = self._cache.get(digest)
        if known is not None:
            return known
        if not key.verifies(jws.algorithm, jws.signed, jws.signature):
            raise Refused("identity.signature")
        claims = self._checked(jws, issuer)
        principal = issuer.mapper.principal(claims)
        self._remember(digest, principal, issuer, keys)
        return principal

    def _issuer_of(self, jws: UnverifiedJWS) -> TrustedIssuer:
        """Choose among the configured issuers by the unverified `iss`, and hold the header against its rules.

        The choice is binding: only keys of the chosen issuer verify the token,
        and the `iss` that was compared is in the bytes that the signature covers.
        """
        name = jws.claims.get("iss")
        issuer = self._issuers.get(name) if isinstance(name, str) else None
        if issuer is None:
            raise Refused("identity.issuer")
        if jws.algorithm not in issuer.algorithms:
            raise Refused("identity.algorithm")
        if jws.type not in issuer.token_types or not _is_access_token(jws.claims):
            raise Refused("identity.type")
        return issuer

    def _checked(self, jws: UnverifiedJWS, issuer: TrustedIssuer) -> VerifiedClaims:
        """Hold the claims of a token whose signature verified against audience and time."""
        _check_audience(jws.claims.get("aud"), issuer.audience)
        now = self._wall_s()
        if now >= seconds(jws.claims.get("exp")) + self._leeway_s:
            raise Refused("identity.expired")
        begins = [seconds(jws.claims["nbf"])] if jws.claims.get("nbf") is not None else []
        begins.append(seconds(jws.claims.get("iat")))
        if jws.claims.get("auth_time") is not None:
            begins.append(seconds(jws.claims["auth_time"]))
        if max(begins) > now + self._leeway_s:
            raise Refused("identity.not_yet_valid")
        return VerifiedClaims(jws.claims)

    def _remember(self, digest: bytes, principal: Principal, issuer: TrustedIssuer, keys: KeySet) -> None:
        self._cache.put(digest, principal, principal.expires_at_s + self._leeway_s, issuer.ring, keys)


def _check_audience(audience: object, own: str) -> None:
    """RFC 7519, section 4.1.3: a string or a list of strings, and this gateway must be named."""
    named = [audience] if isinstance(audience, str) else audience
    if named is None:
        raise Refused("identity.audience")
    if not isinstance(named, list) or not all(isinstance(name, str) for name in named):
        raise Refused("identity.claims")
    if own not in named:
        raise Refused("identity.audience")


def _is_access_token(claims: Mapping[str, object]) -> bool:
    """Whether nothing in the claims says that this is another kind of token, or one bound to a key.

    Many issuers write `typ: JWT` on all they sign, so an ID token for the same audience would pass by its
    header. A token with `cnf` is worth nothing without a proof of its key (RFC 7800); a bearer shows none.
    """
    kind = claims.get("typ")
    return (
        _NOT_ACCESS.isdisjoint(claims)
        and "cnf" not in claims
        and not (isinstance(kind, str) and kind.lower() in _NOT_ACCESS_TYPES)
    )
