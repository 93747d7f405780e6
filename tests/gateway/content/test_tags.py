"""Tags that a client declares: words for reports, nothing else, and never a reason to refuse."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.labels import MOST_TAGS, WORD
from gateway.content.tags import declared


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("batch", ("batch",)),
        (" nightly , eu/west,nightly", ("nightly", "eu/west")),
        ("a, write me a poem, b", ("a", "b")),
        ("", ()),
        (["batch"], ()),
        (None, ()),
        ("x" * 65, ()),
        ("alice@acme.example", ()),
    ],
)
def test_words_are_kept_and_all_else_is_left_out(said: Any, expected: tuple[str, ...]) -> None:
    """`metadata` is the client's own: other forms are none of the gateway's business."""
    assert declared({"metadata": {"tags": said}}) == expected


@given(st.one_of(st.none(), st.text(), st.lists(st.text()), st.dictionaries(st.text(), st.text())))
def test_no_metadata_breaks_it(metadata: Any) -> None:
    """Whatever stands there, what comes of it fits a record."""
    for body in ({"metadata": metadata}, {"metadata": {"tags": metadata}}):
        found = declared(body)
        assert len(found) <= MOST_TAGS
        assert all(WORD.fullmatch(each) for each in found)
