"""Where the gateway listens, what it refuses at the door, and what it writes."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from audit.durability import Durability
from gateway.settings.section import Section


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


class Audit(Section):
    """Where the audit log lives, and what it calls itself."""

    folder: Path = Path("data/audit")
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


class Log(Section):
    """Operational log lines (never prompts, never secrets)."""

    level: Literal["debug", "info", "warning", "error"] = "info"
