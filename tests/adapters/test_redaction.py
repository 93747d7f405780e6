"""The key is cut out of whatever JSON can hold, wherever it stands and however deep."""

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from adapters import redaction
from adapters.contract import Secret

_KEY = 'SECRET"KEY\\1'
_TEXT = st.text(max_size=5) | st.builds(lambda a, b: a + _KEY + b, st.text(max_size=3), st.text(max_size=3))
_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=12,
)


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(text for each in value.values() for text in _texts(each))]
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    return [value] if isinstance(value, str) else []


@given(_VALUES)
def test_no_string_keeps_the_key(value: Any) -> None:
    """Neither a string nor a name holds it; what never held it is unchanged."""
    cut = redaction.of_value(value, Secret(_KEY))
    assert not [text for text in _texts(cut) if _KEY in text]
    if not [text for text in _texts(value) if _KEY in text]:
        assert value == cut


def test_other_spellings_of_case_are_not_the_key() -> None:
    """A key is exact: text that only resembles it is the provider's to say."""
    assert redaction.of_text("secret Secret SECRET", Secret("SECRET")) == "secret Secret [redacted]"


def test_depth_is_bounded() -> None:
    """What is nested deeper than it is searched is not passed on at all."""
    deep: Any = "SECRET"
    for _ in range(200):
        deep = [deep]
    cut = redaction.of_value({"a": deep, "b": 1}, Secret("SECRET"))
    assert b"SECRET" not in orjson.dumps(cut)
    assert isinstance(cut, dict)
    assert cut["b"] == 1
