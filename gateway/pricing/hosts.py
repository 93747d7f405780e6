"""Which provider of the price list a well-known host is."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

_HOSTS: Final = {
    "api.anthropic.com": "anthropic",
    "api.cerebras.ai": "cerebras",
    "api.cohere.ai": "cohere",
    "api.cohere.com": "cohere",
    "api.deepseek.com": "deepseek",
    "api.fireworks.ai": "fireworks",
    "api.groq.com": "groq",
    "api.mistral.ai": "mistral",
    "api.moonshot.ai": "moonshotai",
    "api.openai.com": "openai",
    "api.perplexity.ai": "perplexity",
    "api.together.ai": "together",
    "api.together.xyz": "together",
    "api.x.ai": "x-ai",
    "api.z.ai": "zai",
    "aiplatform.googleapis.com": "google",
    "generativelanguage.googleapis.com": "google",
    "openrouter.ai": "openrouter",
}
# Where each customer, or each region, has a host of its own below a domain of the provider's.
_BELOW: Final = {
    ".openai.azure.com": "azure",
    ".services.ai.azure.com": "azure",
    ".cognitiveservices.azure.com": "azure",
    "-aiplatform.googleapis.com": "google",
}


def price_list(base_url: str | None) -> str | None:
    """The price list's provider at `base_url`; None for a host that isn't known for one, as most are.

    A guess by anything but the whole host would let somebody's own server pass for a provider's.
    """
    try:
        host = urlsplit(base_url or "").hostname or ""
    except ValueError:  # not a URL, which the adapter will say
        return None
    if host in _HOSTS:
        return _HOSTS[host]
    return next((provider for end, provider in _BELOW.items() if host.endswith(end)), None)
