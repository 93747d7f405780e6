"""Strict documents: one document has one meaning, and errors never quote it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bundles.documents import canonical, check_yaml, parse_object, readable
from bundles.errors import BundleError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(), below, max_size=4),
    max_leaves=20,
)
OBJECTS = st.dictionaries(st.text(), JSON, max_size=4)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a": 1, "a": 1}',
        b'{"b": [{"a": 1, "\\u0061": 2}]}',  # the same key, spelled otherwise
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": "\\ud800"}',
        b'{"a": "\xff"}',
        b'\xef\xbb\xbf{"a": 1}',
        '{"a": 1}'.encode("utf-16"),
        b'{"a": 1',
        b'{"a": 1} {}',
        b"[1]",
        b"null",
        b"",
        b'{"a":' + b"[" * 100_000,
        b'{"a": ' + b"9" * 5000 + b"}",
    ],
)
def test_refuses(raw: bytes) -> None:
    """Whatever two readers could take differently, or one of them not at all, is malformed."""
    with pytest.raises(BundleError) as raised:
        parse_object(raw, "data.json")
    assert raised.value.code == "bundle.malformed"
    assert raised.value.detail.startswith("data.json")


def test_errors_quote_nothing() -> None:
    """A file put in the wrong place may be a secret."""
    with pytest.raises(BundleError) as raised:
        parse_object(b'{"key": hunter2}', "data.json")
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    "raw",
    [
        b"a: 1\na: 1\n",
        b"a:\n  - b: 1\n    c: 2\n    b: 3\n",
        b'"a": 1\na: 2\n',
        b"a: {b: 1, b: 2}\n",
        b"a: [1\n",
    ],
)
def test_yaml_refused(raw: bytes) -> None:
    """A key twice is refused in YAML too, however it is quoted and wherever it stands."""
    with pytest.raises(BundleError) as raised:
        check_yaml(raw, "data.yaml")
    assert raised.value.code == "bundle.malformed"


@pytest.mark.parametrize("raw", [b"", b"a: {b: 1}\nc: {b: 1}\n", b"a: &x {b: 1}\nc: *x\n", b"a: &x [*x]\n"])
def test_yaml_accepted(raw: bytes) -> None:
    """The same key in two mappings is no matter, and aliases, even circular ones, come to an end."""
    check_yaml(raw, "data.yaml")


@given(OBJECTS)
def test_both_spellings_mean_the_value(value: dict[str, Any]) -> None:
    """What is written, for people or for digests, reads back as the same value."""
    try:
        written = [readable(value), canonical(value)]
    except UnicodeEncodeError:
        return  # a lone surrogate, which no document can hold
    assert [value, value] == [parse_object(raw, "x") for raw in written]


@given(OBJECTS)
def test_canonical_is_one_spelling(value: dict[str, Any]) -> None:
    """Key order and layout of the source leave no trace."""
    shuffled = json.loads(json.dumps(dict(reversed(value.items())), indent=3))
    try:
        assert canonical(value) == canonical(shuffled)
    except UnicodeEncodeError:
        return
