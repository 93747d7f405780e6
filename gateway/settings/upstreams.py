"""Where calls may go: providers and deployments."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from gateway.settings.prices import PriceSettings
from gateway.settings.section import Name, Secret, Section


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
    price_list: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$",
        description="which provider of the price list it is; by the host of `base_url` if left out",
    )
    connect_timeout_s: float = Field(default=5.0, gt=0)
    first_byte_timeout_s: float = Field(default=120.0, gt=0)
    idle_timeout_s: float = Field(default=60.0, gt=0)
    answer_timeout_s: float = Field(default=600.0, gt=0)
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
    price: PriceSettings | None = None
