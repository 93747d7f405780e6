"""Declared labels: where they are found, how they are written, and that none is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.content import labels
from gateway.errors import Refused


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ((), {}, ()),
        ((b"hr",), {}, ("hr",)),
        ((b"HR, Finance",), {}, ("finance", "hr")),
        ((b"hr", b"legal"), {}, ("hr", "legal")),
        ((), {"metadata": {"labels": "hr"}}, ("hr",)),
        ((b"legal",), {"metadata": {"labels": "hr,legal"}}, ("hr", "legal")),
        ((), {"metadata": {"ticket": "7"}}, ()),
        ((), {"metadata": None}, ()),
    ],
)
def test_labels_of_headers_and_metadata_are_united(
    headers: tuple[bytes, ...], body: dict[str, object], expected: tuple[str, ...]
) -> None:
    """Both places count, in lower case, sorted, each label once."""
    assert expected == labels.declared(headers, body)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ((b"",), {}),
        ((b"hr,",), {}),
        ((b"hr\xff",), {}),
        ((b"-hr",), {}),
        ((b"a" * 65,), {}),
        ((",".join(f"l{n}" for n in range(33)).encode(),), {}),
        ((), {"metadata": {"labels": ["hr"]}}),
        ((), {"metadata": {"labels": None}}),
        ((), {"metadata": {"labels": "hr; drop"}}),
    ],
)
def test_a_label_that_cannot_be_read_is_refused(headers: tuple[bytes, ...], body: dict[str, object]) -> None:
    """Ignoring it would lift a restriction that the client meant to set."""
    with pytest.raises(Refused) as refused:
        labels.declared(headers, body)

    assert refused.value.code == "input.labels"


@given(st.lists(st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True), max_size=32))
def test_every_declared_label_arrives(names: list[str]) -> None:
    """No well-formed label is lost, whatever else is declared with it."""
    headers = (",".join(names).encode(),) if names else ()

    assert tuple(sorted(set(names))) == labels.declared(headers, {})


def test_the_label_field_is_not_for_the_provider() -> None:
    """Only Regent's own key leaves the metadata; an empty rest leaves the body."""
    assert labels.undeclared({"metadata": {"ticket": "7", "labels": "hr"}}) == {"metadata": {"ticket": "7"}}
    assert labels.undeclared({"model": "m", "metadata": {"labels": "hr"}}) == {"model": "m"}
    assert labels.undeclared({"metadata": {}}) == {"metadata": {}}
