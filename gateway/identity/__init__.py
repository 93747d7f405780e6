"""Who calls: OIDC access tokens become principals; knows no web framework, no policy and no provider.

`build` composes it: one key ring for each issuer, one verifier over all of them.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal

import structlog

from gateway.errors import SettingsError
from gateway.identity import development
from gateway.identity.claims import Mapper
from gateway.identity.keyring import KeyRing
from gateway.identity.published import PublishedKeys
from gateway.identity.verifier import OIDCIdentity, TrustedIssuer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gateway.identity.keys import KeySource
    from gateway.settings import IdentitySettings, Issuer, Limits

__all__ = ["OIDCIdentity", "build"]


def build(
    settings: IdentitySettings,
    data_dir: Path,
    limits: Limits,
    *,
    wall_s: Callable[[], float] = time.time,
    monotonic_s: Callable[[], float] = time.monotonic,
) -> OIDCIdentity:
    """Compose the identity port; no network is touched before `warm` or the first token.

    Args:
        settings: the issuers and how long their keys are used.
        data_dir: the gateway's data folder, where the development key lives.
        limits: for the longest token.
        wall_s: the time of day, seconds since the epoch.
        monotonic_s: a clock that only goes forward, in seconds.

    Raises:
        SettingsError: issuers clash, a CA file can't be read, the development key can't be used, or keys
            would run out before they may be fetched again.
    """
    if settings.refresh_cooldown_s > settings.keys_ttl_s:
        raise SettingsError("identity.refresh_cooldown_s must not be longer than identity.keys_ttl_s")

    def trusted(issuer: Issuer, source: KeySource, method: Literal["oidc", "development"]) -> TrustedIssuer:
        ring = KeyRing(
            issuer.name,
            source,
            ttl_s=settings.keys_ttl_s,
            cooldown_s=settings.refresh_cooldown_s,
            monotonic_s=monotonic_s,
        )
        return TrustedIssuer(
            issuer=issuer.issuer,
            audience=issuer.audience,
            algorithms=frozenset(issuer.algorithms),
            token_types=frozenset(kind.lower() for kind in issuer.token_types),
            mapper=Mapper(issuer, method),
            ring=ring,
        )

    issuers = [trusted(issuer, PublishedKeys(issuer), "oidc") for issuer in settings.issuers]
    if settings.development.enabled:
        if any(issuer.name == development.NAME for issuer in settings.issuers):
            # Its people would share ids with those whom the development key can invent.
            raise SettingsError(f"no issuer may be called {development.NAME} while that identity is on")
        development.ensure_key(data_dir)
        structlog.get_logger(__name__).warning(development.ENABLED_EVENT, warning=development.WARNING)
        issuers.append(trusted(development.ISSUER, development.LocalKeys(data_dir), "development"))
    return OIDCIdentity(
        issuers,
        leeway_s=settings.leeway_s,
        token_bytes=limits.token_bytes,
        cache_entries=settings.cache_entries,
        wall_s=wall_s,
    )
