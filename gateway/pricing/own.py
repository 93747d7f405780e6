"""The price that an operator has written beside a deployment."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from gateway.pricing.rates import Price, Rates, Tier, per_token, whole

if TYPE_CHECKING:
    from gateway.pricing.terms import Terms
    from gateway.settings import PriceSettings

ORIGIN: Final = "settings"


class Own:
    """A price of the settings: the same at all times, whatever tier of service a client asks for.

    Args:
        said: what the settings say; a price that isn't said to be cheaper or dearer is that of its whole.
    """

    origin = ORIGIN
    recorded = ORIGIN

    def __init__(self, said: PriceSettings) -> None:
        self._price = _price(said, Decimal(1))
        self._batch = _price(said, 1 - said.batch_discount)

    def at(self, terms: Terms) -> Price:
        """What calls under these terms cost."""
        return self._batch if terms.batch else self._price


def _price(said: PriceSettings, part: Decimal) -> Price:
    """The price of which tokens cost only a part."""
    written, read = said.input or Decimal(0), said.output or Decimal(0)

    def rate(own: Decimal | None, whole_of: Decimal) -> int:
        return per_token((whole_of if own is None else own) * part)

    rates = Rates(
        input=rate(None, written),
        cached=rate(said.cached_input, written),
        cache_write=rate(said.cache_write, written),
        output=rate(None, read),
        reasoning=rate(said.reasoning, read),
        request=whole(said.per_request or Decimal(0)),
    )
    return Price(
        tiers=(Tier(-1, rates),),
        hour=whole(said.per_hour or Decimal(0)),
        shared_by=said.shared_by,
        longest_us=said.longest_s * 1_000_000 if said.per_hour else 0,
    )
