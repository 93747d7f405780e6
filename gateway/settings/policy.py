"""Which bundle decides, and in which engine."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

import bundles
from gateway.settings.section import Secret, Section


class OPA(Section):
    """An OPA server beside the gateway."""

    url: str = Field(default="http://127.0.0.1:8181", pattern=r"^(http://|https://|unix:///).+")
    timeout_ms: int = Field(default=250, ge=1, le=30_000)
    token: Secret = None
    ca_file: Path | None = None


class BundleServer(Section):
    """An HTTP(S) server from which bundles are pulled."""

    url: str = Field(pattern=r"^https?://[!-~]+$", max_length=2048)
    token: Secret = None
    token_file: Path | None = Field(
        default=None, description="read again for each question, for a token that is replaced in time"
    )
    ca_file: Path | None = None
    long_poll_s: int = Field(default=30, ge=0, le=300, description="how long the server may hold a question")
    poll_s: float = Field(default=10.0, ge=0.1, le=86_400, description="for a server that holds none")

    @model_validator(mode="after")
    def _travels_safely(self) -> Self:
        """A bundle, or our token, over plain HTTP could be anybody's; only loopback is exempt."""
        parts = urlsplit(self.url)
        if parts.username is not None or not parts.hostname:
            # `http://127.0.0.1:80@evil.example` only looks like loopback.
            raise ValueError("the URL must name a host and hold no user information")
        if parts.scheme != "https" and parts.hostname not in {"127.0.0.1", "::1", "localhost"}:
            raise ValueError("the URL must use https")
        if self.token is not None and self.token_file is not None:
            raise ValueError("give either token or token_file")
        return self


class Policy(Section):
    """Which bundle decides, and in which engine."""

    engine: Literal["embedded", "opa"] = "embedded"
    bundle: Path = Field(default_factory=bundles.default_path)
    store: Path | None = None
    source: BundleServer | None = None
    opa: OPA = OPA()

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        """Two places, or one that nobody reads, would leave it to guessing which bundle decides."""
        named = [name for name in ("bundle", "store", "source") if name in self.model_fields_set]
        if len(named) > 1:
            raise ValueError(f"give only one of {', '.join(named)}")
        if self.engine == "opa" and (self.store is not None or self.source is not None):
            raise ValueError("OPA takes its bundle by itself: store and source are for the embedded engine")
        return self
