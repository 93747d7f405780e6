"""Reads the facts that are recorded of an answer: its usage, under every name it has, and its words."""

from collections.abc import Mapping

from adapters.contract import Usage

_CREDIBLE = range(2**53)


def read_usage(reported: object) -> Usage | None:
    """Read a `usage` object.

    Args:
        reported: What stood under `usage`. OpenAI's names, DeepSeek's `prompt_cache_hit_tokens` and
            Mistral's `num_cached_tokens` are known.

    Returns:
        None where it is absent or not credible (negative counts, text, fractions): a provider's nonsense
        must not give a budget tokens back. A count that isn't there is what the total leaves, and unknown
        without a total: an object of other names must not make a call free.
    """
    if not isinstance(reported, dict):
        return None
    total = _count(reported, "total_tokens")
    prompt = _said(reported, "prompt_tokens", "completion_tokens")
    completion = _said(reported, "completion_tokens", "prompt_tokens")
    if prompt is None or completion is None:
        return None
    of_prompt = _part(reported, "prompt_tokens_details")
    cached = (
        _count(of_prompt, "cached_tokens")
        or _count(reported, "prompt_cache_hit_tokens")
        or _count(reported, "num_cached_tokens")
    )
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=total or prompt + completion,
        cached_tokens=cached or 0,
        cache_write_tokens=_count(of_prompt, "cache_write_tokens") or 0,
        reasoning_tokens=_count(_part(reported, "completion_tokens_details"), "reasoning_tokens") or 0,
    )


def read_word(reported: object) -> str | None:
    """Read an id, a model or a finish reason; what is empty, or no text, counts as absent."""
    return reported if isinstance(reported, str) and reported else None


def _part(reported: Mapping[str, object], name: str) -> Mapping[str, object]:
    part = reported.get(name)
    return part if isinstance(part, dict) else {}


def _said(reported: Mapping[str, object], name: str, other: str) -> int | None:
    """A count that a usage is made of; where it is absent, what the total leaves beside the other one."""
    if reported.get(name) is not None:
        return _count(reported, name)
    if reported.get(other) is None or reported.get("total_tokens") is None:
        return None
    total, rest = _count(reported, "total_tokens"), _count(reported, other)
    return None if total is None or rest is None or rest > total else total - rest


def _count(reported: Mapping[str, object], name: str) -> int | None:
    """A count of tokens; 0 where it is absent, None where it is none."""
    value = reported.get(name)
    if value is None:
        return 0
    return value if isinstance(value, int) and value in _CREDIBLE and value is not True else None
