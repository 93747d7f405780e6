"""Which bundle decides, in which engine, and who must stand behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

import bundles
from bundles.errors import BundleError
from bundles.jws import PublicKey
from bundles.manifest import PERSON
from bundles.trust import Trust as Root
from gateway.settings.section import Secret, Section


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

    def root(self) -> Root:
        """The same, with the keys read.

        Raises:
            BundleError: `bundle.key`; not once the settings were checked.
        """
        return Root(
            keys={each.id: PublicKey.parse(each.public_key.encode(), each.id) for each in self.keys},
            scope=self.scope,
            people={each.name: PublicKey.parse(each.public_key.encode(), each.name) for each in self.people},
            approvals=self.approvals,
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


class Policy(Section):
    """Which bundle decides, and in which engine."""

    engine: Literal["embedded", "opa"] = "embedded"
    bundle: Path = Field(default_factory=bundles.default_path)
    store: Path | None = None
    trust: Trust = Trust()
    opa: OPA = OPA()
