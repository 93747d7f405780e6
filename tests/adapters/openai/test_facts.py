"""Usage is read under all its names, and never believed when it is absurd."""

import pytest

from adapters.contract import Usage
from adapters.openai.facts import read_usage, read_word


@pytest.mark.parametrize(
    ("reported", "expected"),
    [
        ({"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}, Usage(5, 2, 7)),
        ({"prompt_tokens": 5, "completion_tokens": 2}, Usage(5, 2, 7)),
        ({"prompt_tokens": 5, "total_tokens": 5}, Usage(5, 0, 5)),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 4,
                "total_tokens": 13,
                "prompt_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 2},
                "completion_tokens_details": {"reasoning_tokens": 1},
            },
            Usage(9, 4, 13, cached_tokens=3, cache_write_tokens=2, reasoning_tokens=1),
        ),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 4,
                "total_tokens": 13,
                "prompt_cache_hit_tokens": 8,
                "prompt_tokens_details": None,
            },
            Usage(9, 4, 13, cached_tokens=8),
        ),
        (
            {"prompt_tokens": 9, "completion_tokens": 4, "num_cached_tokens": 2},
            Usage(9, 4, 13, cached_tokens=2),
        ),
        ({"prompt_tokens": -9, "completion_tokens": 4}, None),
        ({"prompt_tokens": "9", "completion_tokens": 4}, None),
        ({"prompt_tokens": 9.5, "completion_tokens": 4}, None),
        ({"prompt_tokens": True, "completion_tokens": 4}, None),
        ({"prompt_tokens": 2**60, "completion_tokens": 4}, None),
        ({"prompt_tokens": 5, "total_tokens": 12}, Usage(5, 7, 12)),
        ({"completion_tokens": 7, "total_tokens": 12}, Usage(5, 7, 12)),
        ({"prompt_tokens": 0, "completion_tokens": 0}, Usage(0, 0, 0)),
        ({"prompt_tokens": 5}, None),
        ({"completion_tokens": 7, "total_tokens": 5}, None),
        ({"total_tokens": 12}, None),
        ({"input_tokens": 5, "output_tokens": 7}, None),
        ({}, None),
        (None, None),
        ([], None),
    ],
)
def test_usage(reported: object, expected: Usage | None) -> None:
    """Every provider's names are known; a count that is none makes the usage unknown."""
    assert expected == read_usage(reported)


@pytest.mark.parametrize(("reported", "expected"), [("a", "a"), ("", None), (0, None), (None, None)])
def test_word(reported: object, expected: str | None) -> None:
    """Empty is absent (Snowflake, TGI)."""
    assert expected == read_word(reported)
