"""What every step at the store shares: record it first, then take it by one write; finish what was begun."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from bundles.store import pointers, revisions
from bundles.store.errors import StoreError
from bundles.store.lifecycle import Action, State, after
from bundles.store.pointers import OPERATOR, Pointer
from bundles.store.revisions import Entry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bundles.store.blobs import Blobs
    from bundles.store.journal import Journal, Transition
    from bundles.store.pointers import Pointed
    from bundles.store.revisions import Record
    from bundles.trust import Trust

_TRIES: Final = 5


@dataclass(frozen=True, slots=True)
class Desk:
    """Where steps are taken.

    Args:
        blobs: the store.
        trust: whom the gateway's settings trust.
        journal: where each step is recorded before it takes effect.
        now_us: the clock, microseconds since 1970 UTC.
    """

    blobs: Blobs
    trust: Trust
    journal: Journal
    now_us: Callable[[], int]


def who(desk: Desk, name: str | None) -> str:
    """The name that stands in the history: nothing but names of the settings, so no free text.

    Raises:
        StoreError: `store.approval`.
    """
    if name is not None and name not in desk.trust.people:
        raise StoreError("store.approval", f"{name} is not named in the settings, policy.trust.people")
    return name or OPERATOR


def take(desk: Desk, steps: Sequence[Transition], key: str, content: bytes, expected: str | None) -> None:
    """Record steps, then take them by one write.

    A step that can't be recorded isn't taken. One that was recorded and lost the race is recorded as void.

    Raises:
        StoreError: `store.journal`, `store.conflict` or `store.unavailable`.
    """
    desk.journal.record(steps)
    try:
        desk.blobs.write(key, content, expected)
    except StoreError as error:
        present = desk.blobs.read(key)  # fails as the write did: then nobody knows, and nothing is said
        if present is not None and present[0] == content:
            return
        with contextlib.suppress(StoreError):
            desk.journal.record([replace(step, void=True, reason_code=error.code) for step in steps])
        raise


def settle(desk: Desk) -> None:
    """Have the histories say what the pointers say: finishes a step that somebody was interrupted in.

    Raises:
        StoreError: `store.unavailable`, `store.damaged` for a pointer, or `store.conflict`.
    """
    active = pointers.read(desk.blobs, pointers.ACTIVE)
    if active.pointer:
        _follow(desk, active.pointer, State.ACTIVE, Action.SUPERSEDE)
        _end_trial(desk, active.pointer)
    shadow = pointers.read(desk.blobs, pointers.SHADOW)
    if shadow.pointer:
        retired = shadow.pointer.action is Action.RETIRE
        _follow(desk, shadow.pointer, State.SHADOW, Action.RETIRE if retired else Action.WITHDRAW)


def state_of(record: Record, active: Pointed, shadow: Pointed) -> State:
    """The state of a revision: by the pointers first, since its history only follows them."""
    if active.revision == record.revision:
        return State.ACTIVE
    if shadow.revision == record.revision:
        return State.SHADOW
    if record.state is State.SHADOW:
        ended = shadow.pointer is not None and shadow.pointer.action is Action.RETIRE
        return State.RETIRED if ended else State.APPROVED
    return State.RETIRED if record.state is State.ACTIVE else record.state


def present_state(desk: Desk, record: Record) -> State:
    """The state of a revision now; see `state_of`."""
    active = pointers.read(desk.blobs, pointers.ACTIVE)
    return state_of(record, active, pointers.read(desk.blobs, pointers.SHADOW))


def _end_trial(desk: Desk, active: Pointer) -> None:
    """What decides is not tried out any more."""
    shadow = pointers.read(desk.blobs, pointers.SHADOW)
    if shadow.pointer is None or shadow.revision != active.revision:
        return
    ended = Pointer(None, active.since_us, active.revision, active.action, active.by)
    with contextlib.suppress(StoreError):  # somebody tries out another one by now, or will end it next time
        desk.blobs.write(pointers.SHADOW, ended.content(), shadow.version)


def _follow(desk: Desk, pointer: Pointer, state: State, leaving: Action) -> None:
    if pointer.previous is not None and pointer.previous != pointer.revision:
        gone = Entry(leaving, state, after(leaving, state), pointer.by, pointer.since_us)
        _note(desk, pointer.previous, gone, lambda present: present is state)
    if pointer.revision is not None:
        come = Entry(pointer.action, None, state, pointer.by, pointer.since_us, pointer.previous)
        _note(desk, pointer.revision, come, lambda present: present is not state)


def _note(desk: Desk, revision: str, entry: Entry, is_due: Callable[[State], bool]) -> None:
    """Add a line to a history, unless it is there; a damaged record must not stop a rollback."""
    for _ in range(_TRIES):
        try:
            record, version = revisions.load(desk.blobs, revision)
        except StoreError as error:
            if error.code in {"store.unknown", "store.damaged"}:
                return
            raise
        if not is_due(record.state):
            return
        try:
            revisions.write(desk.blobs, record.with_entry(replace(entry, before=record.state)), version)
        except StoreError as error:
            if error.code != "store.conflict":
                raise
        else:
            return
    raise StoreError("store.conflict", f"others keep changing {revision}; try again")
