"""Which bundle decides, in which engine, and who must stand behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

import bundles
from bundles.errors import BundleError
from bundles.jws import PublicKey
from bundles.manifest import PERSON
from bundles.trust import Trust as Root
from gateway.errors import SettingsError
from gateway.settings.section import Secret, Section

APPROVALS: Final = 2
"""Approvals besides the author's that a store asks for where the settings don't say how many."""

LAST_GOOD: Final = Path("policy", "last-good.tar.gz")
"""Below the data folder: the last bundle of a server that was good."""


def _resolved(key: str) -> str:
    """Follow a path; a PEM is the key itself. A public key is no secret, so anybody may read its file."""
    if key.lstrip().startswith("-----BEGIN"):
        return key
    try:
        return Path(key).read_text(encoding="ascii")
    except (OSError, ValueError):
        raise ValueError(f"there is no public key in PEM at {key!r:.200}") from None


PublicKeyPEM = Annotated[str, AfterValidator(_resolved)]


class ReleaseKey(Section):
    """A key whose signature makes a bundle one that may decide."""

    id: str = Field(min_length=1, max_length=80)
    public_key: PublicKeyPEM


class Person(Section):
    """Somebody who may write and approve policies."""

    name: str = Field(pattern=f"^{PERSON.pattern}$")
    public_key: PublicKeyPEM


class Trust(Section):
    """Who must have signed and approved a bundle. It is settled here: a bundle can't name its own judges."""

    keys: tuple[ReleaseKey, ...] = Field(default=(), max_length=64)
    scope: str | None = Field(default=None, min_length=1, max_length=256)
    people: tuple[Person, ...] = Field(default=(), max_length=256)
    approvals: int = Field(default=0, ge=0, le=16)

    def root(self, approvals: int = 0) -> Root:
        """The same, with the keys read.

        Args:
            approvals: how many are asked for where the settings don't say.

        Raises:
            BundleError: `bundle.key`; not once the settings were checked.
        """
        return Root(
            keys={each.id: PublicKey.parse(each.public_key.encode(), each.id) for each in self.keys},
            scope=self.scope,
            people={each.name: PublicKey.parse(each.public_key.encode(), each.name) for each in self.people},
            approvals=self.approvals if "approvals" in self.model_fields_set else approvals,
        )

    @model_validator(mode="after")
    def _can_be_met(self) -> Self:
        """Trust that no bundle can ever satisfy is a slip of the pen."""
        try:
            root = self.root()
        except BundleError as error:
            raise ValueError(error.detail) from None
        if len(root.keys) != len(self.keys) or len(root.people) != len(self.people):
            raise ValueError("two keys, or two people, share one name")
        people = len({key.fingerprint for key in root.people.values()})
        if self.approvals and self.approvals >= people:
            raise ValueError(f"{self.approvals} approvals and an author need more than {people} people")
        if self.scope and not self.keys:
            raise ValueError("a scope is one of signatures, and no keys are given to check them with")
        return self


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
    trust: Trust = Trust()
    opa: OPA = OPA()
    shadow: Path | None = Field(default=None, description="a candidate to evaluate beside the active bundle")

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        """Two places, or one that nobody reads, would leave it to guessing which bundle decides."""
        named = [name for name in ("bundle", "store", "source") if name in self.model_fields_set]
        if len(named) > 1:
            raise ValueError(f"give only one of {', '.join(named)}")
        if self.engine == "opa" and self.source is not None:
            raise ValueError("OPA pulls its bundle by itself: policy.source is for the embedded engine")
        return self

    def root(self) -> Root:
        """Whom this gateway believes.

        Whoever can write into a store's folder could else name any bundle there: a store is for four eyes,
        so its bundles need `APPROVALS` approvals unless the settings say another number.

        Raises:
            SettingsError: there are too few people for that.
        """
        chosen = self.trust.root(APPROVALS if self.store is not None else 0)
        people = {key.fingerprint for key in chosen.people.values()}
        if chosen.approvals and len(people) <= chosen.approvals:
            raise SettingsError(
                f"policy.store asks for {chosen.approvals} approvals besides the author's: name more people"
                " under policy.trust.people, or say how many are asked for in policy.trust.approvals"
            )
        return chosen
