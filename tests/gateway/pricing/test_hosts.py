"""A provider is known by its whole host and by nothing that somebody else could have."""

from __future__ import annotations

import pytest
from genai_prices.data import providers

from gateway.pricing import hosts


@pytest.mark.parametrize(
    ("url", "provider"),
    [
        ("https://api.openai.com/v1", "openai"),
        ("https://API.OpenAI.com:443/v1", "openai"),
        ("https://acme.openai.azure.com/openai/v1", "azure"),
        ("https://acme.services.ai.azure.com/models", "azure"),
        ("https://europe-west1-aiplatform.googleapis.com/v1/projects/p", "google"),
        ("https://openrouter.ai/api/v1", "openrouter"),
        ("https://api.openai.com.evil.example/v1", None),
        ("https://evil.example/api.openai.com", None),
        ("https://api.openai.com@evil.example/v1", None),
        ("https://notapi.openai.com/v1", None),
        ("https://openai.azure.com.evil.example/", None),
        ("http://127.0.0.1:11434/v1", None),
        ("http://[::1", None),
        ("", None),
        (None, None),
    ],
)
def test_a_host_is_guessed_as_a_whole(url: str | None, provider: str | None) -> None:
    """In any case, on any port; not by a part of it."""
    assert hosts.price_list(url) == provider


def test_every_guess_is_a_provider_of_the_list() -> None:
    """A newer list that renames one must not leave its deployments unpriced without a word."""
    assert {*hosts._HOSTS.values(), *hosts._BELOW.values()} <= {provider.id for provider in providers}
