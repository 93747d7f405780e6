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
TEMPERATURE = "temperature"
"""In the body, and in Ollama's object of settings."""
SPREAD = "dynatemp_range"
"""llama.cpp draws at temperatures up to so much above the one that the call names."""
UNSAID = 1
"""The temperature of a call that names none (OpenAI's API description, `temperature`)."""

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
_WATCHED = frozenset({*OTHER_LIMITS, OPTIONS, TEMPERATURE, SPREAD, *_CHOICES_OF_PLACE})
_OPTIONS_WATCHED = frozenset({_OPTIONS_LIMIT, TEMPERATURE})
_READ = frozenset({*chat.FIELDS, "metadata", *_WATCHED})


def check(body: Mapping[str, object]) -> None:
    """Refuse what would lead around a decision; null is as good as absent.

    Raises:
        Refused: `input.invalid` for a choice of model or place, a limit that is no positive integer
            (-1 means unlimited to some), a temperature that is no number of at least 0, or a look-alike;
            `input.out_of_bounds` for too large a limit.
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
    _check_temperature(body.get(TEMPERATURE), TEMPERATURE)
    options = body.get(OPTIONS)
    if options is None:
        return
    if not isinstance(options, dict):
        raise chat.invalid(OPTIONS, f"`{OPTIONS}` must be an object.")
    chat.spelt(options, _OPTIONS_WATCHED, OPTIONS)
    chat.count(options.get(_OPTIONS_LIMIT), f"{OPTIONS}.{_OPTIONS_LIMIT}")
    _check_temperature(options.get(TEMPERATURE), f"{OPTIONS}.{TEMPERATURE}")


def _check_temperature(value: object, param: str) -> None:
    """What can't be compared with a clamp can't be held to it."""
    if value is not None and (type(value) not in (int, float) or not value >= 0):  # type: ignore[operator]  # a number
        raise chat.invalid(param, f"`{param}` must be a number of at least 0.")


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


def cooled(body: Mapping[str, object], highest: float) -> Mapping[str, object]:
    """The body with every temperature at most `highest`.

    One that isn't named counts as `UNSAID`, so it is written in where that is too high.
    The one in Ollama's settings is lowered where it is named, and never added.
    """
    changed: dict[str, object] = {}
    asked = body.get(TEMPERATURE)
    if _above(UNSAID if asked is None else asked, highest):
        changed[TEMPERATURE] = highest
    options = body.get(OPTIONS)
    if isinstance(options, dict) and _above(options.get(TEMPERATURE), highest):
        changed[OPTIONS] = {**options, TEMPERATURE: highest}
    if body.get(SPREAD) is not None:
        changed[SPREAD] = 0
    return {**body, **changed} if changed else body


def _above(temperature: object, highest: float) -> bool:
    return isinstance(temperature, int | float) and temperature > highest
