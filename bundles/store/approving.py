"""Takes one person's approval of a revision; with the last one that is asked for it is approved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bundles.store import revisions, words
from bundles.store.desk import present_state, settle, take
from bundles.store.errors import StoreError
from bundles.store.journal import Transition
from bundles.store.lifecycle import Action, State, after
from bundles.store.releasing import author_of, stored
from bundles.store.revisions import Entry, state_key

if TYPE_CHECKING:
    from bundles.jws import PrivateKey
    from bundles.store.desk import Desk


@dataclass(frozen=True, slots=True)
class Approved:
    """How far the approvals are.

    Args:
        state: of the revision now.
        names: whose approvals count.
        wanted: how many are asked for.
    """

    state: State
    names: tuple[str, ...]
    wanted: int


def approve(desk: Desk, revision: str, key: PrivateKey) -> Approved:
    """Sign for a revision, as somebody else than its author.

    The same person may do it again: it counts once.

    Args:
        key: its `id` is the person's name.

    Raises:
        StoreError: `store.approval`, `store.state`, or what keeps the store from being written.
    """
    settle(desk)
    record, _ = revisions.load(desk.blobs, revision)
    author = author_of(stored(desk.blobs, revision))
    if key.id == author:
        raise StoreError("store.approval", f"{author} wrote {revision}; others must approve it")
    state = present_state(desk, record)
    after(Action.APPROVE, state)
    token = words.say(revision, "approver", key, desk.trust, desk.now_us())
    known = words.valid(desk.blobs, revision, author, desk.trust)
    counted = words.counted([*(each for _, each in known), token], revision, author, desk.trust)
    if key.id not in {word.name for word, _ in counted}:
        raise StoreError("store.approval", f"the key of {key.id} is also the key of somebody who signed")
    if len(counted) > len(known):
        step = Transition(Action.APPROVE, revision, None, state, state, key.id, len(counted))
        blob = words.key_for(revision, key.id)
        present = desk.blobs.read(blob)
        take(desk, [step], blob, f"{token}\n".encode(), present[1] if present else None)
    return _counted(desk, revision, author, key.id)


def _counted(desk: Desk, revision: str, author: str, by: str) -> Approved:
    """Move the revision on if the store has enough approvals by now, those of others included."""
    names = tuple(word.name for word, _ in words.valid(desk.blobs, revision, author, desk.trust))
    record, version = revisions.load(desk.blobs, revision)
    state = present_state(desk, record)
    if state is State.TESTED and len(names) >= desk.trust.approvals:
        goal = after(Action.APPROVE, state)
        step = Transition(Action.APPROVE, revision, None, state, goal, by, len(names))
        entry = Entry(Action.APPROVE, state, goal, by, desk.now_us())
        try:
            take(desk, [step], state_key(revision), record.with_entry(entry).content(), version)
        except StoreError as error:
            # Somebody whose approval came at the same time moved it on first: that is as good.
            if error.code != "store.conflict":
                raise
            state = present_state(desk, revisions.load(desk.blobs, revision)[0])
        else:
            state = goal
    return Approved(state, names, desk.trust.approvals)
