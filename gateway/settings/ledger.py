"""Where limits and budgets are counted, and who is told when a budget runs low."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from gateway.settings.section import Secret, Section


class Warnings(Section):
    """Who is told that a budget has passed one of its marks."""

    webhook_url: str | None = Field(
        default=None, max_length=2048, description="told of each mark once, by a signed POST"
    )
    webhook_secret: Secret = Field(
        default=None, description="signs what is sent, as Standard Webhooks says; `whsec_` and base64"
    )
    timeout_s: float = Field(default=5.0, gt=0, le=60, description="how long it may take to answer")

    @model_validator(mode="after")
    def _signed(self) -> Self:
        """Who acts on a warning must be able to tell ours from anybody's."""
        if self.webhook_url is not None:
            if not self.webhook_url.startswith(("https://", "http://")):
                raise ValueError("webhook_url must be a URL of http or https")
            if self.webhook_secret is None:
                raise ValueError("a webhook needs a webhook_secret to be signed with")
        return self


class RedisLedgerSettings(Section):
    """The one ledger of many replicas."""

    url: Secret = Field(
        default=None, description="`redis://`, `rediss://` or `unix://`, with user, password and database"
    )
    sentinels: tuple[Secret, ...] = Field(
        default=(), max_length=16, description="URLs of Sentinels; their word takes the place of `url`'s host"
    )
    service: str | None = Field(
        default=None, max_length=128, description="what the Sentinels call the primary"
    )
    cluster: bool = Field(default=False, description="whether `url` is a node of a Cluster")
    name: str = Field(
        default="regent",
        pattern=r"^[a-z0-9_-]{1,64}$",
        description="of the ledger on the server; another name is another ledger",
    )
    deadline_ms: int = Field(
        default=250, ge=10, le=10_000, description="how long a call waits for it before it is refused"
    )
    replicas: int = Field(
        default=0, ge=0, le=16, description="how many replicas must know of a reservation before it holds"
    )
    replicas_wait_ms: int = Field(default=100, ge=1, le=5000, description="how long they may take")

    @model_validator(mode="after")
    def _is_an_address(self) -> Self:
        if self.url is None:
            raise ValueError("a ledger in Redis needs a url")
        every = [each for each in (self.url, *self.sentinels) if each is not None]
        if any(_in_the_clear(each.get_secret_value()) for each in every):
            raise ValueError("a Redis of another machine is reached by TLS: rediss://")
        if self.replicas and self.replicas_wait_ms >= self.deadline_ms:
            raise ValueError("replicas_wait_ms must be less than deadline_ms")
        return self


def _in_the_clear(url: str) -> bool:
    """Whether a password, and what everybody spends, would cross a network that others may listen to."""
    parts = urlsplit(url)
    if parts.scheme != "redis" or parts.hostname == "localhost":
        return False
    try:
        return not ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return True


class LedgerSettings(Section):
    """Where limits and budgets are counted."""

    completion_tokens: int = Field(
        default=4096,
        ge=1,
        le=1_000_000,
        description="the most tokens of a reply where they are counted or paid for and nobody says less",
    )
    lease_s: int = Field(
        default=60,
        ge=10,
        le=3600,
        description="how long what a crashed process had reserved stays reserved; then it counts as used",
    )
    deadline_ms: int = Field(
        default=2000,
        ge=10,
        le=60_000,
        description="how long a call waits for it before it is refused",
    )
    redis: RedisLedgerSettings | None = Field(
        default=None,
        description="where many replicas count together; without it each machine counts apart",
    )
    warnings: Warnings = Warnings()
