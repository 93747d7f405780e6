"""A model's name says how it counts; a name that says nothing is met with wide bounds."""

from __future__ import annotations

import pytest

from gateway.content.tokens import families


@pytest.mark.parametrize(
    ("model", "encoding"),
    [
        ("gpt-4o", "o200k_base"),
        ("gpt-4o-mini-2024-07-18", "o200k_base"),
        ("azure/gpt-4.1-nano", "o200k_base"),
        ("openai/gpt-5-mini", "o200k_base"),
        ("O3-mini", "o200k_base"),
        ("chatgpt-4o-latest", "o200k_base"),
        ("openai.gpt-oss-safeguard-20b", "o200k_base"),
        ("gpt-4", "cl100k_base"),
        ("gpt-35-turbo", "cl100k_base"),
        ("gpt-3.5-turbo-0613", "cl100k_base"),
        ("claude-opus-4-8", None),
        ("meta-llama/llama-4-scout", None),
        ("demo3", None),
        ("", None),
    ],
)
def test_a_models_encoding_is_known_by_its_name(model: str, encoding: str | None) -> None:
    """Also below a provider's name, with a date behind, and in capitals."""
    assert families.of(model).encoding == encoding


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("openai/gpt-oss-120b", "gpt-oss:20b"),
        ("us.anthropic.claude-sonnet-4-6", "claude-3-7-sonnet"),
        ("llama3-8b-8192", "meta-llama/Llama-3.3-70B-Instruct"),
        ("mistralai/Mixtral-8x7B", "deepseek-chat"),
        ("pixtral-12b", "zai/GLM-5.2"),
    ],
)
def test_models_of_one_family_count_alike(one: str, other: str) -> None:
    """However they are named at the places that serve them."""
    assert families.of(one) is families.of(other) is not families.OTHERS


def test_an_unknown_model_is_met_with_the_widest_bounds() -> None:
    """It may be any of the known ones under another name; but for an agent, which nobody can foresee."""
    known = families.FAMILIES[1:]

    assert families.OTHERS.opening.upper >= max(family.opening.upper for family in known[1:])
    assert families.OTHERS.tools.upper >= max(family.tools.upper for family in known)


def test_every_upper_is_no_lower_than_what_is_expected() -> None:
    """In each family, for each part of a prompt."""
    for family in (*families.FAMILIES, families.OTHERS):
        for estimate in (family.opening, family.tools, family.tools_percent, family.image):
            assert estimate.expected <= estimate.upper
