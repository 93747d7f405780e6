"""What the tests of backtests share: the shipped bundle with other data, questions and recordings."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import orjson
import pytest

import bundles
from bundles import bundle as bundle_files
from gateway.obligations.effect import Obedience
from tests.servers.policy_bundles import edited

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bundles.bundle import Bundle

REQUEST = "gateway/request/decision"
ADMISSION = "gateway/admission/decision"


@dataclass(frozen=True)
class Decision:
    """A recorded decision."""

    id: str = "0" * 32
    t_us: int = 0
    team: str | None = "sales"
    model: str | None = "demo-small"
    action: str = "allow"
    reason_code: str = "allowed"
    path: str = REQUEST
    revision: str | None = None
    question: bytes | None = None
    missing: str = ""


@dataclass
class Decisions:
    """A recording in memory."""

    found: list[Decision]
    damaged: list[str] = field(default_factory=list)
    torn: list[str] = field(default_factory=list)
    total_bytes: int = 100
    read_bytes: int = 0

    def __iter__(self) -> Iterator[Decision]:
        for number, each in enumerate(self.found):
            self.read_bytes = 100 * number // len(self.found)
            yield each
        self.read_bytes = 100


def asked(**changes: Any) -> dict[str, Any]:
    """A question that the shipped bundle allows."""
    values = {
        "user": "alice@acme", "team": "sales", "role": "analyst", "model": "demo-small", "labels": [],
        "max_tokens": None, "time": "2026-11-20T09:00:00Z", "zones": ["cloud", "onprem"],
    } | changes  # fmt: skip
    places = [
        {"id": f"{zone}-1", "provider": "p", "model": "m", "zone": zone, "region": "eu", "labels": []}
        for zone in values["zones"]
    ]
    limit = {} if values["max_tokens"] is None else {"max_tokens": values["max_tokens"]}
    return {
        "version": 1,
        "subject": {
            "type": "user",
            "id": values["user"],
            "properties": {
                "issuer": "https://idp.acme.example",
                "roles": [values["role"]],
                "groups": [],
                "claims": {},
                "authentication": {"method": "oidc", "age_s": 1},
                "team": values["team"],
            },
        },
        "action": {
            "name": "chat.completions",
            "properties": {"stream": False, "tools": [], "modalities": ["text"], **limit},
        },
        "resource": {"type": "model", "id": values["model"], "properties": {"deployments": places}},
        "context": {
            "time": values["time"],
            "request_id": "req_1",
            "network": {"client_ip": "127.0.0.1"},
            "content": {"labels": values["labels"]},
        },
    }


Recorded = Decision


class House:
    """Everything under one fixture."""

    ADMISSION, REQUEST = ADMISSION, REQUEST
    Decision = staticmethod(Decision)
    Decisions = staticmethod(Decisions)
    asked = staticmethod(asked)
    edited = staticmethod(edited)
    gateway = Obedience()

    @staticmethod
    @cache
    def shipped() -> Bundle:
        """The shipped bundle."""
        return bundle_files.read(bundles.default_path())

    @staticmethod
    def decision(question: dict[str, Any] | None = None, **changes: Any) -> Recorded:
        """A recorded decision about a question."""
        return Decision(question=orjson.dumps(question or asked()), **changes)


@pytest.fixture(scope="session")
def house() -> House:
    """Bundles, questions and recordings."""
    return House()
