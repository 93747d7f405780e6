"""The reader of Rego terms, which the conformance cases need."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rego.output import to_json
from rego.values import RegoSet, canonical, key_of
from tests.rego.terms import parse

if TYPE_CHECKING:
    from pathlib import Path

TERMS = [
    "null", "[]", "{}", "set()", "{1}", "{1,}", "[1, 2,]", '{"a": {"b", "c"}, "d": set(),}', "{{1}, {2: 3}}",
    '{[1]: "x", true: "y", null: "z", -0.5: 1, 10: 2}', r"`a\d`", '"\\u00e9\\n"', "[1e3, 1.10, -7]",
    "{ # first\n 1, # second\n 2 }",
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{1, 1, 2}", RegoSet([1, 2])),
        ("set()", RegoSet()),
        ('{"a": {"b"},}', {"a": RegoSet(["b"])}),
        ("{[1]: true}", {key_of([1]): True}),
        ('[`\\`, "\\\\"]', ["\\", "\\"]),
    ],
)
def test_what_is_not_json_is_read(text: str, expected: Any) -> None:
    """Sets, keys of any type, commas at the end and raw strings have their values."""
    assert canonical(parse(text)) == canonical(expected)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[1", "[,]", "{,}", "[1,,]", "{1: 2, 3}", "{1, 2: 3}", '{"a": 1, "a": 1}', "{1: 2, 1.0: 3}",
     "x", "input.x", "set(1)", "{x | x = 1}", "01", "1.", "--1", "1 2", '"a', "'a'", '"\n"', "nul", "[1]]"],
)  # fmt: skip
def test_what_is_no_ground_term_is_refused(text: str) -> None:
    """A reader that guesses would make a case pass that was not run."""
    with pytest.raises(ValueError):
        parse(text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    )
)
def test_json_means_what_it_means_in_json(value: Any) -> None:
    """Whatever JSON can say is read as JSON reads it."""
    assert canonical(parse(json.dumps(value, ensure_ascii=False))) == canonical(value)


def test_terms_mean_what_they_mean_in_opa(opa: Path) -> None:
    """OPA prints the same values for the same terms."""
    terms = f"[{', '.join(TERMS)}]"
    done = subprocess.run(
        [opa, "eval", "--format", "raw", "--stdin-input", terms],
        input="{}", check=True, capture_output=True, timeout=30, text=True,
    )  # fmt: skip

    assert json.loads(done.stdout) == to_json([parse(term) for term in TERMS])
