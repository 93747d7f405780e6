"""A crash between any two writes: the store stays consistent, and doing it again finishes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bundles.store import moving, pointers
from bundles.store.approving import approve
from bundles.store.errors import StoreError
from bundles.store.lifecycle import State
from bundles.store.releasing import stored
from bundles.store.revisions import load, names
from tests.bundles.store import house
from tests.bundles.store.house import BOB, CAROL, MemoryBlobs

if TYPE_CHECKING:
    from collections.abc import Callable

    from bundles.store.desk import Desk

_MOST_WRITES = 12


def _publish(desk: Desk) -> None:
    house.published(desk, 9)


def _approve(desk: Desk) -> None:
    approve(desk, _candidate(desk), CAROL.key)


def _shadow(desk: Desk) -> None:
    moving.shadow(desk, _ready(desk), "bob")


def _activate(desk: Desk) -> None:
    moving.activate(desk, _ready(desk), "bob")


def _activate_what_is_tried_out(desk: Desk) -> None:
    moving.activate(desk, _tried(desk), "bob")


def _retire_what_is_tried_out(desk: Desk) -> None:
    moving.retire(desk, _tried(desk), "bob")


def _rollback(desk: Desk) -> None:
    if pointers.read(desk.blobs, pointers.ACTIVE).revision == _first(desk):
        moving.activate(desk, _first(desk), "bob")  # that it is done must not be done twice
    else:
        moving.rollback(desk, "bob")


def _limits(desk: Desk) -> dict[int, str]:
    """The revisions of the stage, by the limit in their data."""
    return {stored(desk.blobs, name).data["house"]["limit"]: name for name in names(desk.blobs)}


def _first(desk: Desk) -> str:
    return _limits(desk)[1]


def _tried(desk: Desk) -> str:
    return _limits(desk)[3]


def _ready(desk: Desk) -> str:
    return _limits(desk)[4]


def _candidate(desk: Desk) -> str:
    return _limits(desk)[5]


def stage() -> tuple[MemoryBlobs, Desk, house.Notes]:
    """1 was active, 2 is, 3 is tried out, 4 is approved, 5 has one approval."""
    blobs = MemoryBlobs()
    desk, notes = house.desk(blobs)
    for limit in (1, 2):
        moving.activate(desk, house.approved(desk, limit))
    moving.shadow(desk, house.approved(desk, 3))
    house.approved(desk, 4)
    house.approved(desk, 5, by=(BOB,))
    return blobs, desk, notes


def states(desk: Desk) -> dict[str, State]:
    """Every revision's state."""
    return {name: house.state(desk, name) for name in names(desk.blobs)}


def check_consistent(desk: Desk) -> None:
    """One active revision at most, and it can be loaded; every record can be read."""
    found = states(desk)
    assert list(found.values()).count(State.ACTIVE) == 1
    active = pointers.read(desk.blobs, pointers.ACTIVE).revision
    assert active is not None
    assert house.released(desk.blobs, active).revision == active


@pytest.mark.parametrize("fails_after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    "step",
    [
        _publish,
        _approve,
        _shadow,
        _activate,
        _activate_what_is_tried_out,
        _retire_what_is_tried_out,
        _rollback,
    ],
)
def test_every_write_may_be_the_last(step: Callable[[Desk], None], fails_after: bool) -> None:  # noqa: FBT001
    """Each write of a step in turn fails, or happens and the process dies: then again, and it is done."""
    _, whole, _ = stage()
    step(whole)
    wanted = states(whole)
    histories = {name: [e.action for e in load(whole.blobs, name)[0].history] for name in wanted}
    crashes = 0
    for number in range(_MOST_WRITES):
        blobs, desk, _ = stage()
        before = states(desk)
        blobs.writes, blobs.fail_at, blobs.fails_after = 0, number, fails_after
        try:
            step(desk)
        except StoreError as error:
            assert error.code == "store.unavailable"
            crashes += 1
        blobs.fail_at = None
        check_consistent(desk)
        present = states(desk)
        assert all(present[name] in {before.get(name), wanted[name], State.DRAFT} for name in present)
        step(desk)
        assert states(desk) == wanted
        assert {name: [e.action for e in load(blobs, name)[0].history] for name in wanted} == histories
        if crashes <= number:
            break
    assert 0 < crashes < _MOST_WRITES


def test_what_happened_after_all_is_no_failure() -> None:
    """A write whose answer was lost, as over a network, has still happened: nothing is voided."""
    blobs, desk, notes = stage()
    inner = blobs.write

    def lose_the_answer(key: str, content: bytes, expected: str | None) -> str:
        version = inner(key, content, expected)
        if key == pointers.ACTIVE:
            raise StoreError("store.unavailable", "no answer")
        return version

    blobs.write = lose_the_answer  # type: ignore[method-assign]
    moving.activate(desk, _ready(desk))
    assert house.state(desk, _ready(desk)) is State.ACTIVE
    assert not any(step.void for step in notes.steps)


def test_a_damaged_record_does_not_stop_a_rollback() -> None:
    """The history of a bad revision can be broken; going back to the good one works all the same."""
    blobs, desk, _ = stage()
    bad = _limits(desk)[2]
    blobs.content[f"revisions/{bad}/state.json"] = b"{}"
    assert moving.rollback(desk) == next(
        name for name in names(blobs) if name != bad and house.state(desk, name) is State.ACTIVE
    )
