"""One YAML file and the environment become frozen settings; the only room that reads the environment.

`REGENT_CONFIG` names the file; any value can be overridden as `REGENT_<SECTION>__<FIELD>`.
Doubt refuses to start: unknown fields, duplicate YAML keys, secrets that can't be resolved,
a development identity that others could reach.
"""

from __future__ import annotations

import ipaddress
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from urllib.parse import urlsplit

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from typing_extensions import override

import bundles
from gateway.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Hashable

DEFAULT_FILE = Path("regent.yaml")
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]


def _resolved(secret: SecretStr | None) -> SecretStr | None:
    """Follow `env:NAME` and `file:PATH`; anything else is the secret itself.

    A secret file that others can read is refused: it has leaked already.
    """
    if secret is None:
        return None
    value = secret.get_secret_value()
    if value.startswith("env:"):
        found = os.environ.get(value[4:])  # noqa: TID251 - this is the room that may
        if not found:
            raise ValueError(f"the environment variable {value[4:]} is not set")
        return SecretStr(found)
    if value.startswith("file:"):
        path = Path(value[5:])
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ValueError(f"{path} can be read by others; chmod 600 it")
        return SecretStr(path.read_text(encoding="utf-8").strip())
    return secret


Secret = Annotated[SecretStr | None, AfterValidator(_resolved)]


class Section(BaseModel):
    """A part of the settings: frozen, and strict about unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Server(Section):
    """Where the gateway listens."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    workers: int = Field(default=1, ge=1, le=64)
    stop_grace_s: int = Field(
        default=30, ge=0, description="how long open answers may go on after a stop signal"
    )

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the listener."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


class Limits(Section):
    """What is refused before anything else looks at it."""

    body_bytes: int = Field(default=10 * 1024 * 1024, ge=1024)
    body_timeout_s: float = Field(default=30.0, gt=0, description="the whole body must have arrived by then")
    json_depth: int = Field(default=64, ge=4, le=512)
    token_bytes: int = Field(default=16 * 1024, ge=256)


class ClaimMapping(Section):
    """Which claim says what; a name with dots walks into nested objects (`realm_access.roles`)."""

    subject: str = "sub"
    organization: str | None = None
    team: str | None = None
    roles: str | None = None
    groups: str | None = None
    level: str | None = "acr"
    service: str | None = Field(
        default=None,
        description="a claim whose presence marks a service; else `client_id` equal to `sub` does",
    )
    expose: dict[str, str] = Field(default_factory=dict, max_length=32, description="policy name -> claim")


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
    opa: OPA = OPA()


class Provider(Section):
    """One upstream and how to speak to it."""

    adapter: Literal["openai", "echo"]
    base_url: str | None = None
    api_key: Secret = None
    api_key_header: Literal["authorization", "api-key"] = "authorization"
    headers: dict[str, str] = Field(default_factory=dict)
    supports_stream_options: bool = True
    completion_limit_field: Literal["max_completion_tokens", "max_tokens"] = Field(
        default="max_completion_tokens",
        description="where a limit goes that the policy sets and the client didn't",
    )
    connect_timeout_s: float = Field(default=5.0, gt=0)
    first_byte_timeout_s: float = Field(default=120.0, gt=0)
    idle_timeout_s: float = Field(default=60.0, gt=0)
    delay_ms: int = Field(
        default=0, ge=0, le=10_000, description="echo only: pause before each streamed chunk"
    )

    @model_validator(mode="after")
    def _openai_has_a_url(self) -> Self:
        if self.adapter == "openai" and not self.base_url:
            raise ValueError("an openai provider needs a base_url")
        return self


class DeploymentSettings(Section):
    """One model at one provider, under the name that clients use."""

    id: Name
    provider: str
    serves: str = Field(min_length=1, max_length=256)
    model: str | None = Field(
        default=None,
        max_length=256,
        description="the upstream's name for it; the same as `serves` if left out",
    )
    zone: Name
    region: Name
    labels: tuple[Name, ...] = Field(default=(), max_length=32)


class Audit(Section):
    """Where the audit log lives, and what it calls itself."""

    folder: Path = Path("data/audit")
    origin: str = "regent.localhost/audit"


class Log(Section):
    """Operational log lines (never prompts, never secrets)."""

    level: Literal["debug", "info", "warning", "error"] = "info"


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
    audit: Audit = Audit()
    log: Log = Log()

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


class _StrictLoader(yaml.SafeLoader):
    """YAML that refuses a key given twice: the second would silently win over the first."""

    @override
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise SettingsError(f"{node.start_mark}: {key!r} is given twice")
        return super().construct_mapping(node, deep)


def load(path: Path | None = None, **server: str | int | None) -> Settings:
    """Read the settings from `path`, `REGENT_CONFIG` or `regent.yaml`, and the environment.

    Args:
        path: the file.
        server: values of the section `server` that outrank file and environment; None leaves one alone.
            They are remembered for worker processes.

    Raises:
        SettingsError: the file is missing, malformed or doubtful; the message names the field.
    """
    for name, value in server.items():
        if value is not None:
            os.environ[f"REGENT_SERVER__{name.upper()}"] = str(value)  # noqa: TID251 - this is the room that may
    path = path or _file()
    try:
        return Settings(**_document(path))
    except ValidationError as error:
        # Values are left out: one of them may be a secret.
        lines = [
            f"{'.'.join(map(str, each['loc'])) or 'settings'}: {each['msg']}"
            for each in error.errors(include_input=False, include_url=False)
        ]
        raise SettingsError(f"{path} is not usable:\n  " + "\n  ".join(lines)) from None


def remember(path: Path) -> None:
    """Make `path` the settings file of this process and of those that it starts.

    Raises:
        SettingsError: there is no such file.
    """
    if not path.is_file():
        raise SettingsError(f"{path} does not exist")
    os.environ["REGENT_CONFIG"] = str(path.resolve())  # noqa: TID251 - this is the room that may


def audit_folder() -> Path:
    """Where the audit log is, for commands that read it even while the rest of the settings is unusable."""
    try:
        return load().audit.folder
    except SettingsError:
        return Audit().folder


def _file() -> Path:
    return Path(os.environ.get("REGENT_CONFIG", DEFAULT_FILE))  # noqa: TID251 - this is the room that may


def _document(path: Path) -> dict[str, Any]:
    try:
        document = yaml.load(path.read_bytes(), _StrictLoader)  # noqa: S506 - a SafeLoader
    except FileNotFoundError:
        raise SettingsError(f"{path} does not exist; `regent init` writes one to start from") from None
    except (yaml.YAMLError, OSError) as error:
        raise SettingsError(f"{path}: {error}") from error
    if not isinstance(document, dict):
        raise SettingsError(f"{path} must hold a mapping")
    return document
