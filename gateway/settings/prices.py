"""What a deployment's calls cost, where an operator knows better than the price list."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, model_validator

from gateway.settings.section import Section

Usd = Annotated[Decimal, Field(ge=0, le=1_000_000, decimal_places=9, allow_inf_nan=False)]


class PriceSettings(Section):
    """What calls of one deployment cost, in place of the price list, or where in that it stands.

    In USD: tokens by the million.
    """

    model: str | None = Field(
        default=None, min_length=1, max_length=256, description="the price list's name for the model"
    )
    input: Usd | None = None
    output: Usd | None = None
    cached_input: Usd | None = None
    cache_write: Usd | None = None
    reasoning: Usd | None = None
    per_request: Usd | None = None
    batch_discount: Annotated[Decimal, Field(ge=0, le=1, decimal_places=6)] = Decimal(0)
    per_hour: Usd | None = Field(default=None, description="of the machine, used or not")
    shared_by: int = Field(
        default=1, ge=1, le=100_000, description="how many calls the machine serves at once"
    )
    longest_s: int = Field(
        default=600, ge=1, le=86_400, description="the upstream time that a budget reserves; with `per_hour`"
    )

    @property
    def is_own(self) -> bool:
        """Whether a price is said here, so that the price list isn't asked."""
        return any(each is not None for each in (self.input, self.per_request, self.per_hour))

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        """Half a price would be charged as a whole one."""
        if (self.input is None) != (self.output is None):
            raise ValueError("a price has both `input` and `output`; 0 is free")
        parts = (self.cached_input, self.cache_write, self.reasoning)
        if self.input is None and (any(each is not None for each in parts) or self.batch_discount):
            raise ValueError("prices of parts of the tokens need `input` and `output`")
        if self.model is not None and self.is_own:
            raise ValueError("either `model` names a price of the list, or the price is said here")
        if self.model is None and not self.is_own:
            raise ValueError("a price needs `input` and `output`, `per_request`, `per_hour` or `model`")
        return self
