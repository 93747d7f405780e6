"""Each deployment has one price, from the settings or from the list, or it is known to have none."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.contract import Usage
from audit.labels import WORD
from gateway import pricing
from gateway.errors import SettingsError
from gateway.pricing import Book, Terms
from gateway.settings import DeploymentSettings, PriceSettings, Provider
from gateway.types import Call, Deployment

if TYPE_CHECKING:
    from decimal import Decimal

NOON_US = 1_795_262_400_000_000  # 21 November 2026, 12:00 UTC
TERMS = Terms(NOON_US)
PROVIDERS = {
    "openai": Provider(adapter="openai", base_url="https://api.openai.com/v1"),
    "unlisted": Provider(adapter="openai", base_url="https://api.openai.com/v1", price_list="none"),
    "azure": Provider(adapter="openai", base_url="https://gateway.acme.example/v1", price_list="azure"),
    "rack": Provider(adapter="openai", base_url="http://10.0.0.5:8000/v1"),
    "demo": Provider(adapter="echo"),
}


def described(name: str, provider: str = "rack", serves: str = "m", **price: Any) -> DeploymentSettings:
    """The settings of one deployment."""
    said = PriceSettings(**price) if price else None
    return DeploymentSettings(id=name, provider=provider, serves=serves, zone="z", region="r", price=said)


def book(*deployments: DeploymentSettings) -> Book:
    """The prices of some deployments, at noon."""
    return pricing.build(deployments, PROVIDERS, lambda: NOON_US)


def place(name: str) -> Deployment:
    """A deployment as the pipeline knows it."""
    return Deployment(name, "p", "m", "m", "z", "r")


def usage(prompt: int = 1_000_000, completion: int = 0, **parts: int) -> Usage:
    """So many tokens."""
    return Usage(prompt, completion, prompt + completion, **parts)


@pytest.mark.parametrize(
    ("deployment", "origin"),
    [
        (described("a", "openai", "gpt-4o"), "openai/gpt-4o"),
        (described("a", "azure", "our-4o", model="gpt-4o"), "azure/gpt-4o"),
        (described("a", "openai", "gpt-4o", input=1, output=1), "settings"),
        (described("a", "openai", "our-own-model"), None),
        (described("a", "azure", "our-4o"), None),
        (described("a", "unlisted", "gpt-4o"), None),
        (described("a", "rack", "gpt-4o"), None),
        (described("a", "demo", "gpt-4o"), None),
        (described("a", "rack", per_hour=4), "settings"),
    ],
)
def test_a_price_comes_from_the_settings_or_from_a_list_that_is_meant(
    deployment: DeploymentSettings, origin: str | None
) -> None:
    """A model's name alone says nothing: somebody's own server may use it as well."""
    found = book(deployment)

    source, word = found.source("a"), found.origin("a")
    assert (source.origin if source else "").endswith(origin or "")
    # A record takes words only; which model of which provider it was stands elsewhere in it.
    assert word in ({"settings", f"genai-prices-{version('genai-prices')}"} if origin else {None})
    assert word is None or WORD.fullmatch(word)
    assert found.priced(place("a")) == (origin is not None)
    assert found.unpriced == (() if origin else ("a",))


@pytest.mark.parametrize(
    "deployment",
    [described("a", "azure", model="no-such-model"), described("a", "rack", model="gpt-4o")],
)
def test_a_name_that_leads_nowhere_is_refused(deployment: DeploymentSettings) -> None:
    """Somebody meant a price; without it the deployment would be unpriced and nobody would know why."""
    with pytest.raises(SettingsError, match="a: "):
        book(described("b"), deployment)


def test_free_is_not_unknown() -> None:
    """Zero is a price; none is none."""
    found = book(described("free", input=0, output=0), described("unknown"))

    assert found.charge(place("free"), usage(), 0, TERMS) == 0
    assert found.charge(place("unknown"), usage(), 0, TERMS) is None
    assert found.charge(place("nowhere"), usage(), 0, TERMS) is None
    assert found.estimate([place("free")], 1000, 1000, TERMS) == 0
    assert found.estimate([place("unknown")], 1000, 1000, TERMS) is None


def test_the_dearest_place_is_reserved_for() -> None:
    """A fallback may serve the call; and where one has no price, nobody knows."""
    found = book(described("a", input=1, output=2), described("b", input=2, output=1), described("c"))
    a, b, c = map(place, "abc")

    assert found.estimate([a, b], 1000, 10, TERMS) == 2010
    assert found.estimate([a, b], 10, 1000, TERMS) == 2010
    assert found.estimate([a, b, c], 10, 10, TERMS) is None
    assert found.estimate([], 10, 10, TERMS) is None


def test_a_price_has_parts() -> None:
    """Each has its own, or that of its whole."""
    full = described(
        "full",
        input="3",
        output="15",
        cached_input="0.3",
        cache_write="3.75",
        reasoning="20",
        per_request="0.01",
    )
    found = book(full, described("plain", input=3, output=15))
    spent = usage(1000, 100, cached_tokens=500, cache_write_tokens=200, reasoning_tokens=40)

    assert found.charge(place("full"), spent, 0, TERMS) == 900 + 150 + 750 + 900 + 800 + 10_000
    assert found.charge(place("plain"), spent, 0, TERMS) == 3000 + 1500
    assert found.estimate([place("full")], 1000, 100, TERMS) == 3750 + 2000 + 10_000


def test_a_batch_costs_less() -> None:
    """By the part that the settings say; the request itself costs the same."""
    found = book(described("a", input=4, output=8, per_request=1, batch_discount=0.5))

    assert found.charge(place("a"), usage(100, 100), 0, TERMS._replace(batch=True)) == 600 + 1_000_000


def test_a_machine_costs_by_the_hour() -> None:
    """By the time that a call takes of it, whatever its tokens."""
    found = book(described("a", per_hour="7.2", shared_by=4, longest_s=30))

    assert found.charge(place("a"), usage(), 10_000_000, TERMS) == 5_000
    assert found.estimate([place("a")], 10**6, 10**6, TERMS) == 15_000


def test_without_terms_it_is_now() -> None:
    """By the book's clock, and plain text."""
    found = book(described("a", "openai", "gpt-4o"))

    assert found.charge(place("a"), usage(), 0) == found.charge(place("a"), usage(), 0, TERMS) == 2_500_000
    assert found.estimate([place("a")], 1_000_000, 0) == 2_500_000


def test_a_calls_terms_are_its_own() -> None:
    """Its arrival, its modalities and the tier that it asks for; anything but a text there is no tier."""
    call = Call("chat.completions", "r", "d", "::1", NOON_US, modalities=("audio", "text"))

    assert pricing.terms(call) == Terms(NOON_US, "", ("audio", "text"))
    flex = Call("chat.completions", "r", "d", "::1", NOON_US, body={"service_tier": "flex"})
    assert pricing.terms(flex).service_tier == "flex"
    odd = Call("chat.completions", "r", "d", "::1", NOON_US, body={"service_tier": ["flex"]})
    assert pricing.terms(odd).service_tier == ""


@given(
    st.decimals(0, 1000, places=6),
    st.decimals(0, 1000, places=6),
    st.integers(0, 10**7),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
)
def test_what_is_reserved_is_enough(
    read: Decimal, written: Decimal, prompt: int, completion: int, spare: int
) -> None:
    """For every call that stays within what was reserved, at every price."""
    found = book(described("a", input=read, output=written))
    reserved = found.estimate([place("a")], prompt + spare, completion + spare, TERMS)
    charged = found.charge(place("a"), usage(prompt, completion), 0, TERMS)

    assert reserved is not None
    assert charged is not None
    assert 0 <= charged <= reserved
