"""Which fields of a body may go on: knows names that lead around a decision, and no values but counts.

Fields that nobody here relies on pass through, and upstreams obey more of them than OpenAI's API has.
So a limit by another name is held to the policy's clamp, a choice of model or place is refused,
and so is a name that an upstream might take for one that the gateway has read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.content import chat

if TYPE_CHECKING:
    from collections.abc import Mapping

OTHER_LIMITS = (
    "max_new_tokens",
    "max_output_tokens",
    "maxTokens",
    "max_length",
    "num_predict",
    "n_predict",
    "min_tokens",
)
"""Limits of a completion as other servers name them (TGI, Transformers, Gemini, Ollama, llama.cpp, vLLM)."""
OPTIONS = "options"
"""Ollama's own object of settings; `num_predict` in it is a limit too."""
_OPTIONS_LIMIT = "num_predict"

_ONE_MODEL = "A call names one model."
_OUR_PLACE = "Where a call goes is for policy to say."
# Routers (OpenRouter, LiteLLM) obey these, so that another model or place than the decided one would answer.
_CHOICES_OF_PLACE = {
    "models": _ONE_MODEL,
    "fallback_models": _ONE_MODEL,
    "fallbacks": _ONE_MODEL,
    "provider": _OUR_PLACE,
    "route": _OUR_PLACE,
    # Ways to say the same where nobody looks.
    "plugins": "Tools are offered by name, in `tools`.",
    "extra_body": "Fields belong into the body itself.",
}
_WATCHED = frozenset({*OTHER_LIMITS, OPTIONS, *_CHOICES_OF_PLACE})
_READ = frozenset({*chat.FIELDS, "metadata", *_WATCHED})


def check(body: Mapping[str, object]) -> None:
    """Refuse what would lead around a decision; null is as good as absent.

    Raises:
        Refused: `input.invalid` for a choice of model or place, a limit that is no positive integer
            (-1 means unlimited to some), or a look-alike; `input.out_of_bounds` for too large a limit.
    """
    chat.spelt(body, _READ)
    if _WATCHED.isdisjoint(body):
        return
    for field, message in _CHOICES_OF_PLACE.items():
        if body.get(field) is not None:
            raise chat.invalid(field, message)
    for field in OTHER_LIMITS:
        # vLLM's own value for "no minimum" is 0; as a limit 0 means unlimited to Ollama.
        chat.count(body.get(field), field, least=0 if field == "min_tokens" else 1)
    options = body.get(OPTIONS)
    if options is None:
        return
    if not isinstance(options, dict):
        raise chat.invalid(OPTIONS, f"`{OPTIONS}` must be an object.")
    chat.spelt(options, frozenset({_OPTIONS_LIMIT}), OPTIONS)
    chat.count(options.get(_OPTIONS_LIMIT), f"{OPTIONS}.{_OPTIONS_LIMIT}")


def lowered(body: Mapping[str, object], ceiling: int) -> Mapping[str, object]:
    """The body with every limit of the completion, by whatever name, at most `ceiling` tokens."""
    changed: dict[str, object] = {
        field: ceiling
        for field in (*chat.LIMIT_FIELDS, *OTHER_LIMITS)
        if isinstance(limit := body.get(field), int) and limit > ceiling
    }
    options = body.get(OPTIONS)
    if isinstance(options, dict):
        limit = options.get(_OPTIONS_LIMIT)
        if isinstance(limit, int) and limit > ceiling:
            changed[OPTIONS] = {**options, _OPTIONS_LIMIT: ceiling}
    return {**body, **changed} if changed else body
