"""Remembered answers: one key for all that a policy can't tell apart, and never for two that it can."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bundles.backtest.memory import Keys, Memory

NAMES = st.sampled_from(["a", "b", "c"])
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-2, 2), st.sampled_from([0.0, 1.0, "", "0x0", "a"]))
DOCUMENTS: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.dictionaries(NAMES, SCALARS, max_size=3),
    lambda inner: st.dictionaries(
        NAMES, st.one_of(SCALARS, inner, st.lists(SCALARS, max_size=2)), max_size=3
    ),
    max_leaves=8,
)
PATHS = st.lists(st.lists(NAMES, max_size=3).map(tuple), max_size=4)


def seen(document: Any, path: tuple[str, ...]) -> Any:
    """What a policy sees at a path: types matter, and absent is not null."""
    for name in path:
        if type(document) is not dict or name not in document:
            return "absent"
        document = document[name]
    return [repr(document)]


def shape(document: Any) -> Any:
    """A document with sorted keys, for comparing what is seen of it."""
    if isinstance(document, dict):
        return {name: shape(document[name]) for name in document}
    return document


@given(one=DOCUMENTS, other=DOCUMENTS, paths=PATHS)
def test_two_keys_are_equal_only_where_all_paths_are(
    one: dict[str, Any], other: dict[str, Any], paths: list[tuple[str, ...]]
) -> None:
    """No two questions that differ at a path share an answer, whichever way the key was made."""
    keys = Keys(paths)
    if keys.of(one) == keys.of(other):
        assert [seen(one, path) for path in paths] == [seen(other, path) for path in paths]


@given(document=DOCUMENTS, paths=PATHS, extra=SCALARS)
def test_what_is_not_read_makes_no_difference(
    document: dict[str, Any], paths: list[tuple[str, ...]], extra: Any
) -> None:
    """Request ids, times and the like don't make a question new."""
    keys = Keys([("read", *path) for path in paths])

    assert keys.of({"read": document, "other": 1}) == keys.of({"read": document, "other": extra})


def test_the_oldest_makes_room_by_number_and_by_size() -> None:
    """Nobody fills the memory with questions."""
    memory: Memory[int] = Memory(max_entries=2)
    for number in range(3):
        memory.keep(b"%d" % number, number)

    assert [memory.get(b"%d" % number) for number in range(3)] == [None, 1, 2]

    small: Memory[int] = Memory(max_bytes=2000)
    small.keep(b"a", 1, 900)
    small.keep(b"b", 2, 900)
    small.keep(b"c", 3, 9000)

    assert [small.get(key) for key in (b"a", b"b", b"c")] == [None, None, None]


def test_a_whole_that_is_absent_is_not_one_without_the_part() -> None:
    """A rule may ask for the whole and then do without the part, whatever the whole is."""
    documents: list[dict[str, object]] = [{}, {"b": {}}, {"b": 5}, {"b": {"c": 1}}]
    keys = [Keys([("b", "c")]).of(each) for each in documents]

    assert len(set(keys)) == len(keys)
