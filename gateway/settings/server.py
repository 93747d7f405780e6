"""Where the gateway listens, what it refuses at the door, and what it writes."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from audit.durability import Durability
from audit.errors import AuditError
from audit.objects.target import MAX_LOCK_DAYS, Lock
from audit.objects.target import Target as Place
from audit.postgres.target import REPLICA, SCHEMA, Target
from gateway.settings.section import Name, Secret, Section


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


class Witnesses(Section):
    """Who vouches for the log's checkpoints, and whether calls wait for their word."""

    policy: Path | None = Field(
        default=None, description="a C2SP tlog-policy that names the witnesses, their URLs and the quorum"
    )
    required: bool = Field(
        default=False, description="whether calls are refused while no quorum has signed lately"
    )
    max_age_s: int = Field(
        default=60, ge=15, le=86_400, description="how long ago the last quorum may be, if one is required"
    )

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.required and self.policy is None:
            raise ValueError("witnesses are required, and no policy names them")
        return self


class Postgres(Section):
    """The database of a log that many replicas share."""

    dsn: Secret = Field(description="address and login, of a member of the log's writers and sequencers")
    sequencer_dsn: Secret = Field(default=None, description="another login for the sequencer alone")
    replica: Name = Field(default=REPLICA, description="what the ids of this replica's writers begin with")
    schema_name: str = Field(default=SCHEMA, description="the schema of the log's tables")
    vault_dsn_file: Path | None = Field(
        default=None,
        description="a file, 0600, with a login of the erasers, for commands; no gateway reads it",
    )

    @model_validator(mode="after")
    def _addresses_are_sound(self) -> Self:
        """Found here, because then the message names the field, and never the value."""
        if self.dsn is None:
            raise ValueError("a DSN is needed")
        try:
            self.target()
            self.target(sequencer=True)
        except AuditError as error:
            raise ValueError(str(error)) from None
        return self

    def target(self, *, sequencer: bool = False) -> Target:
        """The database as the gateway sees it, or its sequencer."""
        dsn = (self.sequencer_dsn if sequencer else None) or self.dsn
        return Target(dsn.get_secret_value() if dsn else "", self.schema_name)


class Copies(Section):
    """Where the log is copied to: a bucket, and how its objects are locked."""

    bucket: str = Field(description="its name; made beforehand, with Object Lock and versioning")
    prefix: str = Field(default="", description="before every key")
    endpoint_url: str | None = Field(default=None, description="of an S3 API that isn't AWS's")
    region: str | None = Field(default=None, description="the one that boto3 finds if left out")
    lock: Lock = Field(default=Lock.COMPLIANCE, description="retention mode of each object")
    lock_days: int = Field(default=400, ge=1, le=MAX_LOCK_DAYS, description="how long each object is locked")
    credentials_file: Path | None = Field(
        default=None, description="in the form of ~/.aws/credentials; boto3's usual chain if left out"
    )
    interval_s: float = Field(
        default=60, ge=1, le=86_400, description="how often the copy is brought up to date"
    )

    @property
    def target(self) -> Place:
        """The place, as `audit.objects` knows it."""
        return Place(**self.model_dump(exclude={"interval_s"}))

    @model_validator(mode="after")
    def _sound(self) -> Self:
        """A malformed place would be found out only by the process that copies."""
        _ = self.target
        return self


class Audit(Section):
    """Where the audit log lives, and what it calls itself."""

    folder: Path = Path("data/audit")
    postgres: Postgres | None = Field(
        default=None, description="the log is there; the folder has the keys, and a copy of the merged log"
    )
    origin: str = "regent.localhost/audit"
    questions: Literal["keep", "none"] = Field(
        default="keep", description="whether the vault keeps what policies were asked, for backtests"
    )
    durability: Durability = Field(
        default=Durability.STRICT, description="how much the log promises before a call goes on"
    )
    checkpoint_ms: int = Field(
        default=1_000, ge=100, le=10_000, description="how often the merged log is signed while records come"
    )
    witnesses: Witnesses = Witnesses()
    post_quantum: bool = Field(
        default=False, description="whether checkpoints have an ML-DSA-44 signature beside the Ed25519 one"
    )
    sealing_key_file: Path | None = Field(
        default=None, description="64 hex digits; without it, what a policy wants sealed is refused"
    )
    sealed_bytes: int = Field(
        default=1024 * 1024, ge=1024, le=16 * 1024 * 1024, description="the longest payload that is sealed"
    )
    copies: Copies | None = Field(default=None, description="where the log is copied to")

    @model_validator(mode="after")
    def _goes_with_a_database(self) -> Self:
        """What a log in a database doesn't do yet is refused, not left out."""
        if self.postgres is not None and self.durability is not Durability.STRICT:
            raise ValueError("a log in a database is strict")
        return self


class Log(Section):
    """Operational log lines (never prompts, never secrets)."""

    level: Literal["debug", "info", "warning", "error"] = "info"
