"""Which bundle decides, and in which engine."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

import bundles
from gateway.settings.section import Secret, Section


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
    shadow: Path | None = Field(default=None, description="a candidate to evaluate beside the active bundle")
