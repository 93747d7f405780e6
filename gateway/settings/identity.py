"""Whose tokens are accepted: the identity part of the settings."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from gateway.settings.section import Name, Section

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]


class ClaimMapping(Section):
    """Which claim says what; a name with dots walks into nested objects (`realm_access.roles`)."""

    subject: str = "sub"
    organization: str | None = None
    team: str | None = None
    roles: str | None = None
    groups: str | None = None
    level: str | None = "acr"
    cost_center: str | None = Field(
        default=None, description="who bears the cost: a word of letters, digits and `._:/+-`, at most 64"
    )
    service: str | None = Field(
        default=None,
        description="a claim whose presence marks a service; else `client_id` equal to `sub` does",
    )
    expose: dict[str, str] = Field(default_factory=dict, description="policy name -> claim")


class Issuer(Section):
    """One OIDC issuer whose access tokens are trusted."""

    name: Name
    issuer: str = Field(min_length=8, max_length=512)
    audience: str = Field(min_length=1, max_length=512)
    jwks_uri: str | None = None
    algorithms: tuple[Algorithm, ...] = Field(default=("RS256", "PS256", "ES256", "EdDSA"), min_length=1)
    token_types: tuple[str, ...] = Field(
        default=("at+jwt", "application/at+jwt", "jwt"),
        min_length=1,
        description='accepted `typ` headers, lower case (RFC 9068); "" accepts a token without one',
    )
    claims: ClaimMapping = ClaimMapping()
    ca_file: Path | None = None

    @model_validator(mode="after")
    def _keys_travel_safely(self) -> Self:
        """Keys fetched over plain HTTP could be anybody's; only loopback is exempt."""
        for url in filter(None, (self.issuer, self.jwks_uri)):
            parts = urlsplit(url)
            if parts.username is not None:
                # `http://127.0.0.1:80@evil.example` only looks like loopback.
                raise ValueError("an issuer's URL must not hold user information")
            if parts.scheme != "https" and parts.hostname not in {"127.0.0.1", "::1", "localhost"}:
                raise ValueError(f"{url} must use https")
        return self


class Development(Section):
    """The loud identity for trying things out: `regent token` signs with a key in the data folder."""

    enabled: bool = False


class IdentitySettings(Section):
    """Whose tokens are accepted."""

    issuers: tuple[Issuer, ...] = ()
    development: Development = Development()
    leeway_s: int = Field(default=30, ge=0, le=300, description="how far clocks may disagree")
    keys_ttl_s: int = Field(
        default=600, ge=10, description="how long fetched keys are used before a look for new ones"
    )
    refresh_cooldown_s: int = Field(
        default=10, ge=1, description="an unknown `kid` fetches keys at most this often"
    )
    cache_entries: int = Field(default=10_000, ge=0)
