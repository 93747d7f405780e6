"""Puts revisions in force and takes them back: shadow, activate, rollback, retire; one write decides each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bundles.store import pointers, revisions, words
from bundles.store.desk import present_state, settle, state_of, take, who
from bundles.store.errors import StoreError
from bundles.store.journal import Transition
from bundles.store.lifecycle import Action, State, after
from bundles.store.pointers import ACTIVE, SHADOW, Pointer
from bundles.store.releasing import RELEASED, release
from bundles.store.revisions import Entry, key_of, state_key

if TYPE_CHECKING:
    from bundles.jws import PrivateKey
    from bundles.store.desk import Desk
    from bundles.store.pointers import Pointed


def activate(desk: Desk, revision: str, by: str | None = None, key: PrivateKey | None = None) -> bool:
    """Have a revision decide from now on.

    Args:
        by: who does it, a name of the settings.
        key: the release key, for a revision that it hasn't signed yet.

    Returns:
        false when it was active already, and signed by the key that was given.

    Raises:
        StoreError: it isn't approved, a gateway wouldn't take it, somebody else was faster,
            or it can't be recorded; whatever was active still is.
    """
    return _move(desk, revision, by, key, Action.ACTIVATE)


def shadow(desk: Desk, revision: str, by: str | None = None, key: PrivateKey | None = None) -> bool:
    """Have a revision evaluated beside the active one, without deciding anything.

    Args and errors as for `activate`.

    Returns:
        false when it was tried out already, and signed by the key that was given.
    """
    return _move(desk, revision, by, key, Action.SHADOW)


def rollback(desk: Desk, by: str | None = None, key: PrivateKey | None = None) -> str:
    """Have the revision decide that was active before; done again, the one before that.

    Returns:
        the revision that is active now.

    Raises:
        StoreError: `store.state` when there was none before; otherwise as `activate`.
    """
    settle(desk)
    active = pointers.read(desk.blobs, ACTIVE)
    if active.pointer is None or (goal := _before(desk, active.pointer)) is None:
        raise StoreError("store.state", "no revision was active before this one")
    _swap(desk, goal, who(desk, by), key, Action.ROLLBACK, active)
    settle(desk)
    return goal


def retire(desk: Desk, revision: str, by: str | None = None) -> bool:
    """Take a revision out of the way; approved ones can be activated again.

    Returns:
        false when it was retired already.

    Raises:
        StoreError: `store.state` for the active one; otherwise as `activate`.
    """
    settle(desk)
    name = who(desk, by)
    record, version = revisions.load(desk.blobs, revision)
    tried = pointers.read(desk.blobs, SHADOW)
    before = state_of(record, pointers.read(desk.blobs, ACTIVE), tried)
    if before is State.RETIRED:
        return False
    goal = after(Action.RETIRE, before)
    count = len(words.valid(desk.blobs, revision, record.author, desk.trust))
    step = Transition(Action.RETIRE, revision, None, before, goal, name, count)
    now_us = desk.now_us()
    if before is State.SHADOW:
        ended = Pointer(None, now_us, revision, Action.RETIRE, name)
        take(desk, [step], SHADOW, ended.content(), tried.version)
        settle(desk)
    else:
        entry = Entry(Action.RETIRE, before, goal, name, now_us)
        take(desk, [step], state_key(revision), record.with_entry(entry).content(), version)
    return True


def _move(desk: Desk, revision: str, by: str | None, key: PrivateKey | None, action: Action) -> bool:
    """Point to a revision, with the histories settled before and after it."""
    settle(desk)
    _, pointer = _aim(action)
    moved = _swap(desk, revision, who(desk, by), key, action, pointers.read(desk.blobs, pointer))
    if moved:
        settle(desk)
    return moved


def _aim(action: Action) -> tuple[State, str]:
    """The state that a step puts a revision into, and the pointer that says so."""
    return (State.SHADOW, SHADOW) if action is Action.SHADOW else (State.ACTIVE, ACTIVE)


def _swap(
    desk: Desk, revision: str, by: str, key: PrivateKey | None, action: Action, pointed: Pointed
) -> bool:
    """Swap a pointer, if the revision may be pointed to and nobody swaps it in the meantime."""
    record, _ = revisions.load(desk.blobs, revision)
    before = present_state(desk, record)
    goal, pointer = _aim(action)
    if before is goal:
        return key is not None and _sign_again(desk, revision, by, key, action, pointed)
    after(action, before)
    made = release(desk, revision, key)
    steps = [Transition(action, revision, made.digest, before, goal, by, made.approvals)]
    steps += _leaving(pointed, goal, by)
    swapped = Pointer(revision, desk.now_us(), pointed.revision, action, by)
    take(desk, steps, pointer, swapped.content(), pointed.version)
    return True


def _sign_again(
    desk: Desk, revision: str, by: str, key: PrivateKey, action: Action, pointed: Pointed
) -> bool:
    """Release what is in force once more, with a key that gateways ask for by now; no state changes.

    Returns:
        false when it was signed so already.
    """
    if pointed.pointer is None:
        return False
    before = desk.blobs.read(key_of(revision, RELEASED))
    made = release(desk, revision, key)
    is_new = desk.blobs.read(key_of(revision, RELEASED)) != before
    state, pointer = _aim(action)
    steps = [Transition(action, revision, made.digest, state, state, by, made.approvals)] if is_new else []
    # The pointer is written as it was: gateways look again at what is replaced. Also where nothing is new:
    # whoever was interrupted between the two writes gets the second one now.
    take(desk, steps, pointer, pointed.pointer.content(), pointed.version)
    return is_new


def _leaving(pointed: Pointed, state: State, by: str) -> list[Transition]:
    """What becomes of the revision that was pointed to."""
    if pointed.revision is None:
        return []
    action = Action.WITHDRAW if state is State.SHADOW else Action.SUPERSEDE
    return [Transition(action, pointed.revision, None, state, after(action, state), by, 0)]


def _before(desk: Desk, active: Pointer) -> str | None:
    """What the active revision replaced when it was put in force, not when somebody came back to it.

    Two rollbacks in a row would else lead back to what the first one took away.
    """
    if active.action is not Action.ROLLBACK or active.revision is None:
        return active.previous
    record, _ = revisions.load(desk.blobs, active.revision)
    return next((e.replaced for e in reversed(record.history) if e.action is Action.ACTIVATE), None)
