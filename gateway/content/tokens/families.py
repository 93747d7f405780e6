"""What is known of a model's way of counting, by its name: tokenizer, and what its template adds to a prompt.

From the recorded calls whose answers say how many tokens the prompt had; see docs/prices.md.
A wrong guess costs accuracy and nothing else: what a call used is counted by its provider afterwards.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from gateway.content.tokens.weights import ANY, O200K, Estimate, Weights


class Family(NamedTuple):
    """Models that count alike.

    Args:
        names: what a word in a model's name begins with, in lower case; the first family that fits is meant.
        weights: for texts, where its tokenizer isn't at hand.
        percent: tokens for 100 of these weights; expected, and at worst.
        encoding: its tokenizer in tiktoken; None if that has none.
        opening: tokens of its template around any prompt.
        tools: tokens of its template around any tools.
        tools_percent: tokens of 100 of the tools' JSON: some write it shorter, some longer.
        image: tokens of one image.
    """

    names: re.Pattern[str]
    weights: Weights = ANY
    percent: Estimate = Estimate(103, 130)
    encoding: str | None = None
    opening: Estimate = Estimate(6, 90)
    tools: Estimate = Estimate(60, 900)
    tools_percent: Estimate = Estimate(100, 125)
    image: Estimate = Estimate(500, 5_000)


def _named(names: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z0-9])(?:{names})")


_O200K: Final = "o200k_base"
_OWN: Final = Estimate(100, 100)
_SHORTER: Final = Estimate(75, 110)

OTHERS: Final = Family(_named(""))
"""Models of which nothing is known, so that their upper estimates are wide."""

FAMILIES: Final = (
    # An agent: it searches the web by itself, and what it finds is prompt.
    Family(_named("compound"), opening=Estimate(5_000, 16_000)),
    Family(
        _named("gpt-oss"),
        weights=O200K,
        percent=_OWN,
        encoding=_O200K,
        opening=Estimate(66, 96),
        tools=Estimate(50, 110),
    ),
    # An image costs it 33 times the tokens, so that it costs the same money.
    Family(
        _named("gpt-4o-mini"),
        weights=O200K,
        percent=_OWN,
        encoding=_O200K,
        opening=Estimate(4, 12),
        tools=Estimate(6, 40),
        tools_percent=_SHORTER,
        image=Estimate(14_000, 49_000),
    ),
    Family(
        _named(r"gpt-5|gpt-4o|gpt-4\.[15]|o[134](?![a-z0-9])|chatgpt"),
        weights=O200K,
        percent=_OWN,
        encoding=_O200K,
        opening=Estimate(4, 12),
        tools=Estimate(12, 120),
        tools_percent=_SHORTER,
    ),
    Family(
        _named(r"gpt-4|gpt-3\.?5"),
        percent=_OWN,
        encoding="cl100k_base",
        opening=Estimate(4, 12),
        tools=Estimate(6, 40),
        tools_percent=_SHORTER,
    ),
    # Claude 4.7 and later make up to 1.45 tokens of what others make one of.
    Family(_named("claude"), percent=Estimate(112, 140), opening=Estimate(6, 50), tools=Estimate(520, 900)),
    Family(_named("llama-4"), percent=_OWN, opening=Estimate(8, 45), tools=Estimate(650, 800)),
    Family(_named("llama"), percent=_OWN, opening=Estimate(33, 60), tools=Estimate(60, 320)),
    Family(_named("gemini|gemma"), percent=_OWN, opening=Estimate(4, 45), tools=Estimate(10, 200)),
    Family(
        _named("[a-z]*stral|[mp]ixtral|qwen|qwq|glm|deepseek|kimi"),
        percent=_OWN,
        opening=Estimate(6, 45),
        tools=Estimate(60, 320),
    ),
)


def of(model: str) -> Family:
    """The family of the model that an upstream calls so."""
    name = model.lower()
    return next((family for family in FAMILIES if family.names.search(name)), OTHERS)
