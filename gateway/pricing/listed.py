"""Prices from the list that comes with the package `genai-prices`: its data, and nothing that reaches out.

Its own arithmetic takes 130 us a call, so a model's prices are turned into integers once for each set of
terms, and again when they may have changed: some begin on a day, some hold between two times of it.
The package can fetch newer prices; that is never switched on here, so the list is as old as the package.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from gateway.errors import SettingsError
from gateway.pricing.rates import Price, Rates, Tier, per_token, whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo, ModelPrice

    from gateway.pricing.terms import Terms

# As far as the list prices one of these apart; what else there is may be any of them.
_APART: Final = ("image", "audio", "video")
_BASE: Final = -1
_REQUESTS_PRICED: Final = 1_000


class Listed:
    """One model's prices, as the list has them at the time.

    Args:
        origin: what says where they are from.
        model: the list's model.
        special: whether the list's tiers of service and batches hold here: not for a model that one
            provider resells of another.
    """

    def __init__(self, origin: str, model: ModelInfo, *, special: bool) -> None:
        self.origin = origin
        self.recorded = "-".join(origin.split(" ")[:2])
        self._model = model
        variants = (model.price_variants or ()) if special else ()
        self._tiers = frozenset(tier for each in variants if (tier := each.when.get("service_tier")))
        self._special = special
        self._changes = tuple(_changes(model))
        self._known: dict[_Kind, _Held] = {}

    def at(self, terms: Terms) -> Price:
        """What calls under these terms cost."""
        kind = _Kind(
            # A client may write anything there: only what the list knows can be another price.
            terms.service_tier if terms.service_tier in self._tiers else "",
            tuple(name for name in _APART if name in terms.modalities or "other" in terms.modalities),
            terms.batch and self._special,
        )
        held = self._known.get(kind)
        if held is None or not held.from_us <= terms.at_us < held.until_us:
            held = self._known[kind] = self._look_up(kind, terms.at_us)
        return held.price

    def _look_up(self, kind: _Kind, at_us: int) -> _Held:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)
        context = {"service_tier": kind.service_tier} if kind.service_tier else {}
        if kind.batch:
            context["processing"] = "batch"
        found = self._model.get_prices(moment, context or None)
        # Prices change at midnight at the most, or at the times that this model's have.
        day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        moments = [day + timedelta(days=days, seconds=each) for days in (0, 1) for each in self._changes]
        begun = max(each for each in moments if each <= moment)
        ends = min(each for each in moments if each > moment)
        return _Held(_price(found, kind.apart), _us(begun), _us(ends))


class _Kind(NamedTuple):
    service_tier: str
    apart: tuple[str, ...]
    batch: bool


class _Held(NamedTuple):
    price: Price
    from_us: int
    until_us: int


class PriceList:
    """The list as a whole.

    Raises:
        SettingsError: the package that holds it is damaged or too new to be read.
    """

    def __init__(self) -> None:
        # A fifth of a second and 24 MB, for those who use it; it imports an HTTP client that is never used.
        from genai_prices import __version__, data_snapshot  # noqa: PLC0415

        self.version = f"genai-prices {__version__}"
        self._snapshot: DataSnapshot = data_snapshot.get_snapshot()
        self._providers = frozenset(provider.id for provider in self._snapshot.providers)

    def find(self, provider: str, model: str) -> Listed | None:
        """The prices of a provider's model; None if the list has none for its tokens.

        Raises:
            SettingsError: the list has no such provider.
        """
        if provider not in self._providers:
            raise SettingsError(
                f"the price list has no provider {provider}; it has {', '.join(sorted(self._providers))}"
            )
        try:
            seller, found = self._snapshot.find_provider_model(model, None, provider, None)
        except LookupError:
            return None
        if not all(_is_priced(each) for each in _prices(found)):
            return None
        origin = f"{self.version} {provider}/{found.id}"
        return Listed(origin, found, special=any(found is each for each in seller.models))


def _prices(model: ModelInfo) -> Iterable[ModelPrice]:
    return [each.prices for each in model.prices] if isinstance(model.prices, list) else [model.prices]


def _is_priced(prices: ModelPrice) -> bool:
    """Whether tokens have a price, zero included; a list that says nothing of them doesn't say zero."""
    return prices.input_mtok is not None and prices.output_mtok is not None


def _changes(model: ModelInfo) -> Iterator[int]:
    """The seconds of a day (UTC) at which a price of `model` may change; midnight among them."""
    yield 0
    constraints = [each.constraint for each in model.prices] if isinstance(model.prices, list) else []
    for constraint in constraints + [each.constraint for each in model.price_variants or ()]:
        for name in ("start_time", "end_time"):
            moment: time | None = getattr(constraint, name, None)
            if moment is not None:
                there = datetime.combine(date(2000, 1, 2), moment)
                utc = there.astimezone(UTC) if there.tzinfo else there
                yield utc.hour * 3600 + utc.minute * 60 + utc.second


def _price(found: ModelPrice, apart: tuple[str, ...]) -> Price:
    """In integers, with one tier for every size of prompt at which any price of it changes."""
    said: dict[str, object] = {name: value for name, value in vars(found).items() if value is not None}
    starts = sorted({tier.start for value in said.values() for tier in getattr(value, "tiers", ())})
    return Price(tuple(Tier(above, _rates(said, above, apart)) for above in (_BASE, *starts)))


def _rates(said: Mapping[str, object], above: int, apart: tuple[str, ...]) -> Rates:
    def usd(name: str) -> Decimal | None:
        value = said.get(name)
        if value is None or isinstance(value, Decimal):
            return value
        reached = [tier.price for tier in value.tiers if tier.start <= above]  # type: ignore[attr-defined]
        price: Decimal = reached[-1] if reached else value.base  # type: ignore[attr-defined]
        return price

    def dearest(name: str, *others: str) -> Decimal:
        return max(price for each in (name, *others) if (price := usd(each)) is not None)

    written = dearest("input_mtok", *(f"input_{kind}_mtok" for kind in apart))
    # A model that has a price for images of its own may answer by one that nobody asked for.
    read = dearest("output_mtok", "output_image_mtok", *(f"output_{kind}_mtok" for kind in apart))
    cached = usd("cache_read_mtok")
    apart_cached = [price for kind in apart if (price := usd(f"cache_{kind}_read_mtok")) is not None]
    return Rates(
        input=per_token(written),
        cached=per_token(written if cached is None else max(cached, *apart_cached, cached)),
        cache_write=per_token(_or(usd("cache_write_mtok"), written)),
        output=per_token(read),
        reasoning=per_token(_or(usd("output_reasoning_mtok"), read)),
        request=whole(_or(usd("requests_kcount"), Decimal(0)) / _REQUESTS_PRICED),
    )


def _or(said: Decimal | None, otherwise: Decimal) -> Decimal:
    return otherwise if said is None else said


def _us(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
