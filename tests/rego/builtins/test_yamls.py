"""YAML as go-yaml 3 reads and writes it, with OPA's rules for JSON."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rego.builtins.yamls import TABLE
from rego.errors import BuiltinError, OperandError
from rego.values import RegoSet, equal

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text("ab \n:-#'\"\u2028é", max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("ab:\n ", max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on: yes\n", {"on": "yes"}),
        (
            "a: 0x1F\nb: 0o17\nc: 017\nd: 0b11\ne: 1_000\nf: 08\n",
            {"a": 31, "b": 15, "c": 15, "d": 3, "e": 1000, "f": 8},
        ),
        ("- 1e3\n- .5\n- 1e400\n- 99999999999999999999\n", [1000, 0.5, "1e400", 100000000000000000000]),
        ("1: a\ntrue: b\n1.5: c\n", {"1": "a", "true": "b", "1.5": "c"}),
        ("a: 1\nb: 2\na: 3\n", {"a": 3, "b": 2}),
        ("1: a\n'1': b\n", {"1": "b"}),
        ("p: &p {x: 1, y: 1}\nq: {<<: *p, x: 2}\n", {"p": {"x": 1, "y": 1}, "q": {"x": 2, "y": 1}}),
        ("r: {<<: {a: 1}, <<: {a: 2, b: 3}}\n", {"r": {"a": 1, "b": 3}}),
        ("a: &t 2023-01-01\nb: *t\n", {"a": "2023-01-01", "b": "2023-01-01"}),
        ("!!timestamp 2023-1-1 1:2:3.50", "2023-01-01T01:02:03.5Z"),
        ("!!binary aGk=", "hi"),
        ("! 12", 12),
        ("!!str 12", "12"),
        ("a: 1\n---\nb: 2\n", {"a": 1}),
        ("", None),
        ("# nothing\n", None),
    ],
)
def test_a_text_is_read_as_go_yaml_reads_it(text: str, expected: Any) -> None:
    """Booleans, numbers, merges, repeated keys and tags mean what they mean in OPA."""
    assert equal(expected, TABLE["yaml.unmarshal"](text))
    assert TABLE["yaml.is_valid"](text) is True


@pytest.mark.parametrize(
    "text",
    [
        "a: *x\n",
        "a: &a [*a]\n",
        "null: 1\n",
        "? [1]\n: 2\n",
        "a: .inf\n",
        "!!int x",
        "!!bool yes",
        "a: 1\n---\n\tb\n",
        "%YAML 1.2\n---\na\n",
        "[a? b]",
        "a:\n b\nc",
        "\x07",
        "{a: 1",
        "<<: 1\n",
    ],
)
def test_what_is_no_yaml_is_refused(text: str) -> None:
    """A text that go-yaml refuses, or that has no form in JSON, is refused."""
    with pytest.raises(BuiltinError) as refusal:
        TABLE["yaml.unmarshal"](text)
    assert BuiltinError is refusal.type
    assert TABLE["yaml.is_valid"](text) is False


def test_other_operands_are_no_yaml() -> None:
    """A number is no text, so it is not valid, and can't be read."""
    assert TABLE["yaml.is_valid"](1) is False
    with pytest.raises(OperandError):
        TABLE["yaml.unmarshal"](1)


def test_aliases_that_multiply_are_refused() -> None:
    """Nine lines that would be a billion values end after some hundred thousand."""
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    with pytest.raises(BuiltinError, match="excessive aliasing"):
        TABLE["yaml.unmarshal"](bomb)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"b": [1, {"x": "yes", "y": 2}], "a": {}}, 'a: {}\nb:\n  - 1\n  - x: "yes"\n    "y": 2\n'),
        ([[1, 2], [[]]], "- - 1\n  - 2\n- - []\n"),
        (
            ["a\nb\n", "a\nb", "\n", " a\nb", "a \nb"],
            ('- |\n  a\n  b\n- |-\n  a\n  b\n- |2+\n\n- |2-\n   a\n  b\n- "a \\nb"\n'),
        ),
        (["null", "1_0", "2020-01-01", "12:30", ""], '- "null"\n- "1_0"\n- "2020-01-01"\n- "12:30"\n- ""\n'),
        (
            ["a: b", "- x", "#", "a'b", "'", "é", "😀", "\t"],
            "- 'a: b'\n- '- x'\n- '#'\n- a'b\n- ''''\n- é\n- \"\\U0001F600\"\n- \"\\t\"\n",
        ),
        ({"a10": 1, "a9": 2, "B": 3, "_": 4}, "_: 4\nB: 3\na9: 2\na10: 1\n"),
        ({"k" * 129: [1]}, f"? {'k' * 129}\n: - 1\n"),
        (
            [1000000, 1234567.5, 10**20, RegoSet([2, 1])],
            "- 1000000\n- 1.2345675e+06\n- 1e+20\n- - 1\n  - 2\n",
        ),
        (None, "null\n"),
    ],
)
def test_a_value_is_written_as_go_yaml_writes_it(value: Any, expected: str) -> None:
    """Quotes, indents, blocks, numbers and the order of keys are OPA's."""
    assert expected == TABLE["yaml.marshal"](value)


@given(JSON)
def test_what_is_written_is_read_again(value: Any) -> None:
    """A value comes back from its text."""
    assert equal(value, TABLE["yaml.unmarshal"](TABLE["yaml.marshal"](value)))


@given(st.text("ab:-? \n[]{}&*!|>'\"#%,\t<1.~", max_size=30))
def test_no_text_raises_anything_but_the_builtins_error(text: str) -> None:
    """Whatever the text, there is a value or an error of the builtin."""
    try:
        TABLE["yaml.unmarshal"](text)
    except BuiltinError:
        assert TABLE["yaml.is_valid"](text) is False
