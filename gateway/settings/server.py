"""Where the gateway listens, what it refuses at the door, and what it writes."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Literal

from pydantic import Field

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


class Audit(Section):
    """Where the audit log lives, and what it calls itself."""

    folder: Path = Path("data/audit")
    origin: str = "regent.localhost/audit"
    questions: Literal["keep", "none"] = Field(
        default="keep", description="whether the vault keeps what policies were asked, for backtests"
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
