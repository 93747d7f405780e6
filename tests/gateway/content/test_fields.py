"""Fields that upstreams obey beyond OpenAI's: none of them leads around a decision."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.content import fields
from gateway.errors import Refused

JSON = st.none() | st.booleans() | st.integers(-3, 2**40) | st.floats() | st.text(max_size=3)
LIMITS = ("max_tokens", "max_completion_tokens", *fields.OTHER_LIMITS)


@pytest.mark.parametrize(
    "field", ["models", "fallback_models", "fallbacks", "provider", "route", "plugins", "extra_body"]
)
@pytest.mark.parametrize("value", ["other", ["other"], {"order": ["x"]}, [], {}, "", 0, False])
def test_no_call_chooses_another_model_or_place(field: str, value: object) -> None:
    """A router would send the prompt where no policy decided that it may go."""
    with pytest.raises(Refused) as refused:
        fields.check({"model": "m", field: value})

    assert ("input.invalid", field) == (refused.value.code, refused.value.param)


@pytest.mark.parametrize("field", [*fields.OTHER_LIMITS, "options.num_predict"])
@pytest.mark.parametrize(
    ("value", "code"),
    [
        (-1, "input.invalid"),
        (1.5, "input.invalid"),
        (9.0, "input.invalid"),
        ("9", "input.invalid"),
        (True, "input.invalid"),
        ([9], "input.invalid"),
        (2**31, "input.out_of_bounds"),
        (2**70, "input.out_of_bounds"),
    ],
)
def test_a_limit_by_any_name_is_a_positive_integer(field: str, value: object, code: str) -> None:
    """What can't be compared with a clamp can't be held to it, and -1 is no limit at all."""
    with pytest.raises(Refused) as refused:
        fields.check(nested(field, value))

    assert (code, field) == (refused.value.code, refused.value.param)


@pytest.mark.parametrize("field", ["temperature", "options.temperature"])
@pytest.mark.parametrize("value", ["0.7", True, [0.7], {}, -0.1, -1, float("nan")])
def test_a_temperature_is_a_number(field: str, value: object) -> None:
    """What can't be compared with a clamp can't be held to it."""
    with pytest.raises(Refused) as refused:
        fields.check(nested(field, value))

    assert ("input.invalid", field) == (refused.value.code, refused.value.param)


@pytest.mark.parametrize("value", [None, 0, 0.7, 1, 2.5])
def test_any_number_may_be_a_temperature(value: object) -> None:
    """How high it may be is for policy and the provider to say."""
    fields.check({"temperature": value, "options": {"temperature": value}})


def test_zero_is_a_minimum_but_no_limit() -> None:
    """A minimum of 0 is the default of vLLM; a limit of 0 is none to Ollama."""
    fields.check({"min_tokens": 0})
    for field in ("num_predict", "options.num_predict"):
        with pytest.raises(Refused):
            fields.check(nested(field, 0))


@pytest.mark.parametrize(
    "body",
    [
        dict.fromkeys(["models", "fallbacks", "provider", "route", "options", *fields.OTHER_LIMITS]),
        {"options": {"num_predict": None, "top_k": 4, "Mirostat": 1}},
        {"num_predict": 5, "options": {"num_predict": 7}},
        {"top_k": 4, "chat_template_kwargs": {"Models": 1}, "maxItems": 3, "9": 1, "Größe": 2},
        {},
    ],
)
def test_everything_else_passes(body: dict[str, object]) -> None:
    """Null is as good as absent, and what nobody here relies on is the provider's business."""
    fields.check(body)


@pytest.mark.parametrize("options", ["num_predict=-1", [], 7])
def test_options_are_an_object(options: object) -> None:
    """A limit in another shape could not be found."""
    with pytest.raises(Refused) as refused:
        fields.check({"options": options})

    assert (refused.value.code, refused.value.param) == ("input.invalid", "options")


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"model": "m", "Model": "other"}, "model"),
        ({"MAX_TOKENS": 9}, "max_tokens"),
        ({"max_to\u212aens": 9}, "max_tokens"),
        ({"me\u017f\u017fages": []}, "messages"),
        ({"Tools": []}, "tools"),
        ({"Metadata": {"labels": "hr"}}, "metadata"),
        ({"Models": ["other"]}, "models"),
        ({"N": 9}, "n"),
        ({"Temperature": 2}, "temperature"),
        ({"DynaTemp_Range": 2}, "dynatemp_range"),
        ({"options": {"Temperature": 2}}, "options"),
        ({"options": {"Num_Predict": -1}}, "options"),
    ],
)
def test_a_name_that_an_upstream_might_take_for_another_is_refused(
    body: dict[str, object], param: str
) -> None:
    """A server written in Go matches names in any case, so it would go by what policy never saw."""
    with pytest.raises(Refused) as refused:
        fields.check(body)

    assert ("input.invalid", param) == (refused.value.code, refused.value.param)


@given(st.dictionaries(st.sampled_from(LIMITS), JSON), st.none() | JSON, st.integers(1, 100))
def test_no_limit_exceeds_the_clamp(body: dict[str, object], nested_limit: object, ceiling: int) -> None:
    """Whatever passes the check, no limit is above the ceiling afterwards, and none is raised or added."""
    asked = {**body, "options": {"num_predict": nested_limit, "top_k": 4}, "seed": 10_000}
    try:
        fields.check(asked)
    except Refused:
        return
    after = fields.lowered(asked, ceiling)

    for field in fields.OTHER_LIMITS:
        assert at_most(asked.get(field), ceiling) == after.get(field)
    assert after["options"] == {"num_predict": at_most(nested_limit, ceiling), "top_k": 4}
    assert (after["seed"], after.keys()) == (10_000, asked.keys())


def test_a_body_within_the_clamp_is_not_copied() -> None:
    """Nothing to lower, nothing to do."""
    body = {"max_tokens": 5, "num_predict": 5, "options": {"num_predict": 5}}

    assert fields.lowered(body, 5) is body


@pytest.mark.parametrize(
    ("body", "highest", "expected"),
    [
        ({}, 0.5, {"temperature": 0.5}),
        ({}, 1, {}),
        ({"temperature": None}, 0, {"temperature": 0}),
        ({"temperature": 0.2}, 0.5, {"temperature": 0.2}),
        ({"temperature": 2}, 1.5, {"temperature": 1.5}),
        (
            {"temperature": 1, "options": {"temperature": 2, "top_k": 4}},
            1,
            {"temperature": 1, "options": {"temperature": 1, "top_k": 4}},
        ),
        ({"temperature": 1, "options": {"top_k": 4}}, 1, {"temperature": 1, "options": {"top_k": 4}}),
        ({"temperature": 1, "dynatemp_range": 5}, 1, {"temperature": 1, "dynatemp_range": 0}),
        ({"temperature": 1, "dynatemp_range": "5"}, 1, {"temperature": 1, "dynatemp_range": 0}),
    ],
)
def test_no_temperature_exceeds_the_clamp(
    body: dict[str, object], highest: float, expected: dict[str, object]
) -> None:
    """By whatever name: a call that names none counts as 1, and llama.cpp's spread would lead above it."""
    assert expected == fields.cooled(body, highest)


def test_a_body_that_is_cool_enough_is_not_copied() -> None:
    """Nothing to lower, nothing to do."""
    body = {"temperature": 0.5, "options": {"temperature": 0}}

    assert fields.cooled(body, 0.5) is body


def nested(field: str, value: object) -> dict[str, object]:
    """A body with one field, in `options` if its name says so."""
    outer, _, inner = field.partition(".")
    return {outer: {inner: value} if inner else value}


def at_most(value: object, ceiling: int) -> object:
    """The limit as it should leave."""
    return min(value, ceiling) if isinstance(value, int) else value
