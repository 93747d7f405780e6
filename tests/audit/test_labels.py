"""Pins which words may stand in a record as what usage is charged by."""

from __future__ import annotations

import pytest

from audit import labels
from audit.errors import RecordRefused


@pytest.mark.parametrize("text", ["a", "app:search", "CC-4711", "eu/west+1", "x" * 64, "2026.11_b"])
def test_a_short_word_may(text: str) -> None:
    """As it is."""
    assert labels.word(text) == text


@pytest.mark.parametrize(
    "text",
    ["", " ", "two words", "alice@acme.example", "x" * 65, "-a", "a\n", "naïve", "=1+1", '"', 7, ["a"], {}],
)
def test_what_could_say_more_may_not(text: object) -> None:
    """No sentence, no mail address, nothing that isn't text."""
    with pytest.raises(RecordRefused) as refused:
        labels.word(text)
    assert refused.value.code == "record.value"


def test_tags_stand_once_each_and_are_few() -> None:
    """Beyond that nothing is cut away: it is refused."""
    assert labels.tags(["b", "a", "b"]) == ["b", "a"]
    with pytest.raises(RecordRefused):
        labels.tags([f"t{number}" for number in range(labels.MOST_TAGS + 1)])
    with pytest.raises(RecordRefused):
        labels.tags(["fine", "not fine"])


def test_keys_are_a_policys_own_words_and_bounded() -> None:
    """Any text, because policies name them; not without end."""
    assert labels.keys(["team:hr", "{ключ}/a b", "team:hr"]) == ["team:hr", "{ключ}/a b"]
    for hostile in ([""], ["k" * 257], [str(number) for number in range(labels.MOST_KEYS + 1)]):
        with pytest.raises(RecordRefused):
            labels.keys(hostile)
