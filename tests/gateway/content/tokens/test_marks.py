"""What a text is made of is counted right, whatever the text is."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.content.tokens import marks

ANY_TEXT = st.text(st.characters(), max_size=300)
ASCII = st.text(st.characters(max_codepoint=127), max_size=300)


def counted(text: str) -> dict[str, int]:
    """The marks of `text` by name."""
    return dict(zip(marks.NAMES, marks.of(text), strict=True))


@given(ASCII)
def test_the_marks_of_ascii_are_what_regular_expressions_find(text: str) -> None:
    """The passes over bytes agree with the plainest way to count."""
    found = counted(text)

    expected = {
        "letters": r"[a-z]",
        "rare": r"[jkqvwxz]",
        "capitals": r"[A-Z]",
        "words": r"[A-Za-z]+",
        "humps": r"[a-z](?=[A-Z])",
        "digits": r"[0-9]",
        "numbers": r"[0-9]+",
        "spaced": r" (?=[0-9])",
        "punctuation": r"[!-/:-@\[-`{-~]",
        "signs": r"[!-/:-@\[-`{-~]+",
        "lines": r"[\r\n]",
        "indents": r"[\r\n](?= )",
        "wide": r"  ",
        "controls": r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]",
        "size": r"(?s).",
    }
    assert {name: found[name] for name in expected} == {
        name: len(re.findall(pattern, text)) for name, pattern in expected.items()
    }


@given(ANY_TEXT)
def test_no_character_is_counted_twice_or_never(text: str) -> None:
    """Every character is of one kind, half surrogate pairs included."""
    found = counted(text)
    kinds = ("letters", "capitals", "digits", "punctuation", "lines", "controls")
    scripts = marks.NAMES[14:-1]

    assert min(found.values()) >= 0
    assert sum(found[kind] for kind in (*kinds, *scripts)) + text.count(" ") == len(text)
    assert found["size"] == len(text.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("é", "western"),
        ("§", "latin_signs"),
        ("ł", "central"),
        ("ệ", "vietnamese"),
        ("Ж", "cyrillic"),
        ("ω", "levantine"),
        ("ש", "levantine"),
        ("ع", "levantine"),
        ("ก", "thai"),
        ("ह", "devanagari"),
        ("ம", "indic"),
        ("か", "kana"),
        ("漢", "han"),
        ("한", "hangul"),
        ("Հ", "further2"),
        ("ქ", "further3"),
        ("—", "symbols"),
        ("\uff01", "full_width"),
        ("🙂", "astral"),
    ],
)
def test_a_script_is_told_by_its_characters(text: str, name: str) -> None:
    """One character of each script counts for that script and no other."""
    found = counted(text * 3)

    assert {each for each, count in found.items() if count} == {name, "size"}
    assert found[name] == 3
