"""Records of revisions: found by how they begin, kept as they were written, shown as they stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bundles.store import moving, pointers, revisions, view
from bundles.store.errors import StoreError
from bundles.store.lifecycle import Action, State
from bundles.store.pointers import Pointer
from bundles.store.revisions import Entry, Record
from tests.bundles.store import house
from tests.bundles.store.house import BOB, MemoryBlobs

NAMES = st.text("abcdefghij.-", min_size=1, max_size=8)
REVISIONS = st.text("0123456789abcdef", min_size=64, max_size=64).map("r-{}".format)
ENTRIES = st.builds(
    Entry,
    action=st.sampled_from(Action),
    before=st.none() | st.sampled_from(State),
    after=st.sampled_from(State),
    by=NAMES,
    at_us=st.integers(0, 2**53),
    replaced=st.none() | REVISIONS,
)


@given(st.builds(Record, REVISIONS, NAMES, NAMES, st.lists(ENTRIES, min_size=1, max_size=4).map(tuple)))
def test_a_record_is_read_as_it_was_written(record: Record) -> None:
    """What `content` writes is what `load` reads."""
    blobs = MemoryBlobs()
    revisions.write(blobs, record, None)
    assert revisions.load(blobs, record.revision)[0] == record
    assert revisions.names(blobs) == [record.revision]


@given(
    st.builds(
        Pointer,
        st.none() | REVISIONS,
        st.integers(0, 2**53),
        st.none() | REVISIONS,
        st.sampled_from(Action),
        NAMES,
    )
)
def test_a_pointer_is_read_as_it_was_written(pointer: Pointer) -> None:
    """What `content` writes is what `parse` reads."""
    assert pointers.parse(pointer.content(), pointers.ACTIVE) == pointer


def store_of(*names: str) -> MemoryBlobs:
    """A store with records of these revisions."""
    blobs = MemoryBlobs()
    entry = Entry(Action.DRAFT, None, State.DRAFT, "alice", 1)
    for name in names:
        revisions.write(blobs, Record(name, "alice", "c", (entry,)), None)
    return blobs


ONE, OTHER = "r-" + "ab" * 32, "r-" + "ab" * 5 + "cd" * 27


@pytest.mark.parametrize("prefix", [ONE, ONE[:13], ONE[2:], ONE[2:13]])
def test_a_unique_beginning_is_enough(prefix: str) -> None:
    """With or without `r-`."""
    assert revisions.find(store_of(ONE, OTHER), prefix) == ONE


@pytest.mark.parametrize(
    ("prefix", "said"),
    [
        ("abababab", "2 revisions begin"),
        ("abababab9", "no revision"),
        ("abab", "8 hex digits"),
        ("../../etc", "8 hex digits"),
        ("r-ABABABAB", "8 hex digits"),
        ("", "8 hex digits"),
    ],
)
def test_doubt_is_refused(prefix: str, said: str) -> None:
    """Too short, ambiguous, unknown, or no revision at all."""
    with pytest.raises(StoreError, match=said) as raised:
        revisions.find(store_of(ONE, OTHER), prefix)
    assert raised.value.code == "store.unknown"


def test_rows_say_how_it_stands() -> None:
    """State, who, when, approvals and tests; what moved last comes first."""
    desk, _ = house.desk()
    first = house.approved(desk, 1)
    second = house.published(desk, 2)
    moving.activate(desk, first, "bob")
    rows = view.rows(desk.blobs, desk.trust)
    assert [(row.revision, row.state, row.by, row.approvals) for row in rows] == [
        (first, State.ACTIVE, "bob", ("bob", "carol")),
        (second, State.TESTED, "alice", ()),
    ]
    assert [(str(entry.action), entry.by) for entry in rows[0].history] == [
        ("draft", "alice"),
        ("publish", "alice"),
        ("approve", "bob"),
        ("approve", "carol"),
        ("activate", "bob"),
    ]
    shown = rows[0].as_json()
    assert (shown["state"], shown["tests"]["passed"]) == ("active", 3)


def test_a_damaged_revision_is_shown_as_such() -> None:
    """One broken record doesn't hide the others."""
    desk, _ = house.desk()
    first, second = house.published(desk, 1), house.published(desk, 2)
    blobs = desk.blobs
    assert isinstance(blobs, MemoryBlobs)
    blobs.content[revisions.state_key(first)] = b"{}"
    rows = {row.revision: row for row in view.rows(blobs, desk.trust)}
    assert rows[first].damage is not None
    assert rows[second].state is State.TESTED
    assert BOB.key.id not in rows[second].approvals
