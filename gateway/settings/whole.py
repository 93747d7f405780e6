"""Everything that can be configured, checked as a whole."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from typing_extensions import override

from gateway.settings.identity import IdentitySettings
from gateway.settings.ledger import LedgerSettings
from gateway.settings.policy import Policy
from gateway.settings.section import Name
from gateway.settings.server import Audit, Limits, Log, Server
from gateway.settings.tokens import Tokens
from gateway.settings.upstreams import DeploymentSettings, Provider


class Settings(BaseSettings):
    """Everything that can be configured."""

    model_config = SettingsConfigDict(
        env_prefix="REGENT_", env_nested_delimiter="__", extra="forbid", frozen=True, env_ignore_empty=True
    )

    data_dir: Path = Path("data")
    server: Server = Server()
    limits: Limits = Limits()
    identity: IdentitySettings = IdentitySettings()
    policy: Policy = Field(default_factory=Policy)
    providers: dict[Name, Provider] = Field(default_factory=dict)
    deployments: tuple[DeploymentSettings, ...] = Field(default=(), max_length=1024)
    tokens: Tokens = Tokens()
    audit: Audit = Audit()
    ledger: LedgerSettings = LedgerSettings()
    log: Log = Log()

    @property
    def digest(self) -> str:
        """`sha256:` and the digest of every value but the secrets, of which only their being there counts."""
        return "sha256:" + sha256(self.model_dump_json().encode()).hexdigest()

    @classmethod
    @override
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment outranks the file (which arrives as init values); nothing else is read."""
        return env_settings, init_settings

    @model_validator(mode="after")
    def _development_stays_at_home(self) -> Self:
        """Anybody who can read the data folder can mint development tokens, so nobody else may reach them."""
        if self.identity.development.enabled and not self.server.is_loopback:
            raise ValueError("the development identity is on, so server.host must be a loopback address")
        if not self.identity.development.enabled and not self.identity.issuers:
            raise ValueError("no issuer is configured, so nobody could call: add one under identity.issuers")
        return self

    @model_validator(mode="after")
    def _deployments_are_sound(self) -> Self:
        """A route names deployments by id, so an id must mean one thing."""
        ids = [deployment.id for deployment in self.deployments]
        for kind, names in (
            ("deployment", ids),
            ("issuer", [issuer.name for issuer in self.identity.issuers]),
        ):
            if len(set(names)) != len(names):
                raise ValueError(f"two entries share one {kind} name")
        for deployment in self.deployments:
            if deployment.provider not in self.providers:
                raise ValueError(
                    f"deployment {deployment.id} names the unknown provider {deployment.provider}"
                )
        return self
