"""Prices from the list are what the package itself would charge, and nothing is asked of the network."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, time
from decimal import ROUND_CEILING, Decimal
from functools import lru_cache

import pytest
from genai_prices import Usage as TheirUsage
from genai_prices.data import providers
from genai_prices.types import (
    ClauseEquals,
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    PriceVariant,
    Provider,
    StartDateConstraint,
    TieredPrices,
    TimeOfDateConstraint,
)
from hypothesis import given
from hypothesis import strategies as st

from adapters.contract import Usage
from gateway.errors import SettingsError
from gateway.pricing.listed import Listed, PriceList, _is_priced, _prices
from gateway.pricing.terms import Terms

NOON_US = 1_795_262_400_000_000  # 21 November 2026, 12:00 UTC
DAY_US = 86_400_000_000

PRICED = sorted(
    (
        (provider, model)
        for provider in providers
        for model in provider.models
        if all(map(_is_priced, _prices(model)))
    ),
    key=lambda pair: (pair[0].id, pair[1].id),
)


@lru_cache(maxsize=1)
def price_list() -> PriceList:
    """The list, read once."""
    return PriceList()


def model(**prices: Decimal | TieredPrices) -> ModelInfo:
    """A model with one price at all times."""
    return ModelInfo(id="m", match=ClauseEquals("m"), prices=ModelPrice(**prices))


def cost(listed: Listed, terms: Terms, prompt: int = 1_000_000, completion: int = 0) -> int:
    """What so many tokens cost."""
    return listed.at(terms).cost(Usage(prompt, completion, prompt + completion), 0)


@given(
    pair=st.sampled_from(PRICED),
    prompt=st.integers(0, 2_000_000),
    completion=st.integers(0, 200_000),
    parts=st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)),
    at_s=st.integers(1_700_000_000, 1_830_000_000),
    tier=st.sampled_from(["", "flex", "priority", "default", "fast", "no-such-tier"]),
    batch=st.booleans(),
)
def test_costs_are_those_of_the_package_rounded_up(
    pair: tuple[Provider, ModelInfo],
    prompt: int,
    completion: int,
    parts: tuple[float, float, float],
    at_s: int,
    tier: str,
    batch: bool,  # noqa: FBT001 - hypothesis calls it so
) -> None:
    """For every model of the list, at any time, under any terms: our integers against their decimals."""
    seller, info = pair
    cached = int(prompt * parts[0])
    written = int((prompt - cached) * parts[1])
    thought = int(completion * parts[2])
    context = ({"service_tier": tier} if tier else {}) | ({"processing": "batch"} if batch else {})
    moment = datetime.fromtimestamp(at_s, UTC)
    said = info.get_prices(moment, context)
    if said.output_image_mtok is not None:  # charged by its dearest, see below
        return
    counted = {"cache_read_tokens": cached, "cache_write_tokens": written, "output_reasoning_tokens": thought}
    theirs = info.calc_price(
        # What has no price of its own is part of its whole; the package wants it left out then.
        TheirUsage(
            input_tokens=prompt, output_tokens=completion, **{name: n for name, n in counted.items() if n}
        ),
        seller,
        genai_request_timestamp=moment,
        price_context=context,
    )
    ours = (
        Listed("", info, special=True)
        .at(Terms(at_s * 1_000_000, tier, ("text",), batch))
        .cost(Usage(prompt, completion, prompt + completion, cached, written, thought), 0)
    )

    assert ours == (theirs.total_price * 10**6).to_integral_value(ROUND_CEILING)


def test_a_model_is_found_by_provider_and_name() -> None:
    """With what says which price it is: the package, its version, the provider and the list's model."""
    found = price_list().find("openai", "gpt-4o-mini-2024-07-18")

    assert found is not None
    assert found.origin == f"{price_list().version} openai/gpt-4o-mini"
    assert cost(found, Terms(NOON_US), 1_000_000, 1_000_000) == 750_000


@pytest.mark.parametrize(
    ("provider", "name"),
    [
        ("openai", "no-such-model"),
        ("openai", "whisper-1"),
        ("openai", "text-embedding-3-small"),
        ("openai", ""),
    ],
)
def test_what_has_no_price_for_tokens_has_none(provider: str, name: str) -> None:
    """An unknown model, one that is paid by the minute, one that answers in no tokens: none is free."""
    assert price_list().find(provider, name) is None


def test_a_price_that_is_not_said_is_not_zero() -> None:
    """The list leaves prices out where it doesn't know them, and of free models, too."""
    assert not _is_priced(ModelPrice())
    assert not _is_priced(ModelPrice(input_mtok=Decimal(1)))
    assert _is_priced(ModelPrice(input_mtok=Decimal(0), output_mtok=Decimal(0)))


@pytest.mark.parametrize("provider", ["no-such-provider", "OpenAI", "amazon"])
def test_an_unknown_provider_is_refused(provider: str) -> None:
    """The package would guess; a guess could charge another's price."""
    with pytest.raises(SettingsError, match="openrouter"):
        price_list().find(provider, "gpt-4o")


def test_a_price_begins_on_its_day() -> None:
    """Whether it is asked for before it was, or afterwards."""
    info = model()
    info.prices = [
        ConditionalPrice(prices=ModelPrice(input_mtok=Decimal(1), output_mtok=Decimal(1))),
        ConditionalPrice(
            constraint=StartDateConstraint(datetime.fromtimestamp(NOON_US / 1e6, UTC).date()),
            prices=ModelPrice(input_mtok=Decimal(3), output_mtok=Decimal(3)),
        ),
    ]
    listed, midnight = Listed("", info, special=True), NOON_US - DAY_US // 2

    assert [cost(listed, Terms(midnight + moved)) for moved in (-1, 0, -1, DAY_US, 5)] == [
        1_000_000,
        3_000_000,
        1_000_000,
        3_000_000,
        3_000_000,
    ]


def test_a_price_by_the_hour_of_the_day_holds_there() -> None:
    """From 16:30 over midnight until 00:30, as DeepSeek had it."""
    info = model()
    info.prices = [
        ConditionalPrice(prices=ModelPrice(input_mtok=Decimal(2), output_mtok=Decimal(2))),
        ConditionalPrice(
            constraint=TimeOfDateConstraint(time(16, 30), time(0, 30)),
            prices=ModelPrice(input_mtok=Decimal(1), output_mtok=Decimal(1)),
        ),
    ]
    listed, midnight, minute = Listed("", info, special=True), NOON_US - DAY_US // 2, 60_000_000
    asked = [
        990 * minute - 1,
        990 * minute,
        DAY_US - 1,
        DAY_US,
        DAY_US + 30 * minute - 1,
        DAY_US + 30 * minute,
    ]

    assert [cost(listed, Terms(midnight + each)) // 1_000_000 for each in asked] == [2, 1, 1, 1, 1, 2]


def test_sound_is_charged_by_its_price_and_text_is_not() -> None:
    """Nobody says which tokens were sound: where there was any, all count as the dearest."""
    listed = Listed(
        "",
        model(
            input_mtok=Decimal(1),
            output_mtok=Decimal(2),
            input_audio_mtok=Decimal(7),
            output_audio_mtok=Decimal(9),
        ),
        special=True,
    )

    assert cost(listed, Terms(NOON_US), 10, 10) == 30
    assert cost(listed, Terms(NOON_US, modalities=("image", "text")), 10, 10) == 30
    assert cost(listed, Terms(NOON_US, modalities=("audio", "text")), 10, 10) == 160
    assert cost(listed, Terms(NOON_US, modalities=("other", "text")), 10, 10) == 160


def test_a_model_that_draws_is_charged_for_drawing() -> None:
    """It may answer by an image that the client never asked for."""
    listed = Listed(
        "", model(input_mtok=Decimal(1), output_mtok=Decimal(2), output_image_mtok=Decimal(30)), special=True
    )

    assert cost(listed, Terms(NOON_US), 0, 10) == 300


def test_terms_count_at_the_one_who_offers_them() -> None:
    """What a provider resells of another has the plain price; the list knows no other there."""
    info = model(input_mtok=Decimal(4), output_mtok=Decimal(4))
    half = ModelPrice(input_mtok=Decimal(2), output_mtok=Decimal(2))
    info.price_variants = [
        PriceVariant({"service_tier": "flex"}, half),
        PriceVariant({"processing": "batch"}, half),
    ]
    flex, batch = Terms(NOON_US, "flex"), Terms(NOON_US, batch=True)

    assert [cost(Listed("", info, special=True), terms, 1) for terms in (flex, batch)] == [2, 2]
    assert [cost(Listed("", info, special=False), terms, 1) for terms in (flex, batch)] == [4, 4]


def test_what_a_client_writes_as_a_tier_takes_no_memory() -> None:
    """Only tiers that the list knows are kept apart."""
    listed = Listed("", model(input_mtok=Decimal(4), output_mtok=Decimal(4)), special=True)
    for number in range(100):
        listed.at(Terms(NOON_US, f"tier-{number}"))

    assert len(listed._known) == 1


def test_nothing_is_asked_of_the_network() -> None:
    """Neither when the list is read nor when it is used: no name looked up, no socket, no thread."""
    program = """
import sys, threading
seen = []
def hook(event, args):
    if event.split(".")[0] in {"socket", "urllib", "subprocess"}:
        seen.append(event)
sys.addaudithook(hook)
from adapters.contract import Usage
from gateway.pricing.listed import PriceList
from gateway.pricing.terms import Terms
found = PriceList().find("openai", "gpt-4o")
assert found.at(Terms(1_795_262_400_000_000)).cost(Usage(1000, 200, 1200), 0) == 4500
assert not PriceList()._snapshot.from_auto_update
assert threading.active_count() == 1
print(sorted(set(seen)))
"""
    answered = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], check=True, capture_output=True, text=True
    )

    assert answered.stdout.strip() == "[]"
