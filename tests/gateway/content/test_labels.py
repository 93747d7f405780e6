"""Declared labels: where they are found, how they are written, and that none is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.content import labels
from gateway.errors import Refused


def sent(values: tuple[bytes, ...]) -> dict[bytes, tuple[bytes, ...]]:
    """Headers with these values of ours, if there are any."""
    return {b"accept": (b"*/*",)} | ({labels.HEADER: values} if values else {})


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
    assert expected == labels.declared(sent(headers), body)


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
        labels.declared(sent(headers), body)

    assert refused.value.code == "input.labels"


@pytest.mark.parametrize(
    "name",
    [
        b"x-regent-label",
        b"x-regent-labels-",
        b"x_regent_labels",
        b"x-regent_labels",
        b"x-regent-user",
        b"x-regentlabels",
    ],
)
@pytest.mark.parametrize("labelled", [True, False])
def test_a_header_that_only_looks_like_ours_is_refused(name: bytes, labelled: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """A label under a misspelt header would be lost without a word."""
    headers = {b"authorization": (b"Bearer t",), name: (b"hr",)} | (sent((b"hr",)) if labelled else {})
    with pytest.raises(Refused) as refused:
        labels.declared(headers, {})

    assert (refused.value.code, refused.value.param) == ("input.labels", "x-regent-labels")


def test_headers_of_others_are_left_alone() -> None:
    """Only what begins with our name is meant for us."""
    assert labels.declared({b"x-labels": (b"?",), b"via-x-regent-labels": (b"?",)}, {}) == ()


@pytest.mark.parametrize("key", ["Labels", "LABELS", " labels", "labels\t", "label\u017f"])
def test_a_key_that_only_looks_like_ours_is_refused(key: str) -> None:
    """A label under a misspelt key would be lost without a word, also beside a right one."""
    for metadata in ({key: "hr"}, {"labels": "legal", key: "hr"}):
        with pytest.raises(Refused) as refused:
            labels.declared({}, {"metadata": metadata})

        assert (refused.value.code, refused.value.param) == ("input.labels", "metadata.labels")


@pytest.mark.parametrize("metadata", ["labels=hr", [{"labels": "hr"}], [], 7, 0, False, ""])
def test_metadata_is_an_object(metadata: object) -> None:
    """Labels in another shape of metadata would be lost without a word."""
    with pytest.raises(Refused) as refused:
        labels.declared({}, {"metadata": metadata})

    assert (refused.value.code, refused.value.param) == ("input.invalid", "metadata")


@given(st.lists(st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True), max_size=32))
def test_every_declared_label_arrives(names: list[str]) -> None:
    """No well-formed label is lost, whatever else is declared with it."""
    headers = (",".join(names).encode(),) if names else ()

    assert tuple(sorted(set(names))) == labels.declared(sent(headers), {})


def test_the_label_field_is_not_for_the_provider() -> None:
    """Only Regent's own key leaves the metadata; an empty rest leaves the body."""
    assert labels.undeclared({"metadata": {"ticket": "7", "labels": "hr"}}) == {"metadata": {"ticket": "7"}}
    assert labels.undeclared({"model": "m", "metadata": {"labels": "hr"}}) == {"model": "m"}
    assert labels.undeclared({"metadata": {}}) == {"metadata": {}}
