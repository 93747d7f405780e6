"""Go's regular expressions where RE2's differ."""

from __future__ import annotations

import pytest

from rego import goregexp


def test_nothing_is_found_between_the_bytes_of_a_character() -> None:
    r"""RE2 sees `\B` there, Go does not; places are counted in characters."""
    found = [(match.start(), match.end()) for match in goregexp.compiled(r"\B").finditer("aéa éé")]
    assert (1, 1) not in found
    assert (5, 5) in found
    assert goregexp.compiled(r"\B").search("aéa") is None


def test_groups_of_such_a_match_are_texts() -> None:
    """They are read like those of any other match."""
    match = goregexp.compiled(r"(?P<n>é)\B(x)?").search("aéé")
    assert (match.group(), match.group("n"), match.groups()) == ("é", "é", ("é", None))


@pytest.mark.parametrize("pattern", [r"\C", "(", "(?P<é>a)", "(?=a)", r"\p{Nothing}"])
def test_what_go_refuses_is_refused(pattern: str) -> None:
    """Though RE2 would take some of it."""
    with pytest.raises(goregexp.PatternError):
        goregexp.compiled(pattern)


@pytest.mark.parametrize(
    ("pattern", "text"), [(r"^\p{Letter}+$", "aé"), (r"^\p{^Upper case_letter}$", "a"), (r"\Q\C\E", r"\C")]
)
def test_what_go_takes_is_taken(pattern: str, text: str) -> None:
    """Long names of categories, and what is quoted and so no escape."""
    assert goregexp.compiled(pattern).search(text) is not None
