"""Signed words kept beside a revision until a bundle carries them; where they lie gives them no weight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bundles import approvals
from bundles.errors import BundleError
from bundles.store.errors import StoreError
from bundles.store.revisions import key_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bundles.approvals import Approval, Role
    from bundles.jws import PrivateKey
    from bundles.store.blobs import Blobs
    from bundles.trust import Trust


def say(revision: str, role: Role, key: PrivateKey, trust: Trust, at_us: int) -> str:
    """Sign for a revision, as author or approver, if the settings know the key as that person's.

    Returns:
        the token.

    Raises:
        StoreError: `store.approval`.
    """
    if key.id not in trust.people:
        raise StoreError("store.approval", f"{key.id} is not named in the settings, policy.trust.people")
    if key.public().fingerprint != trust.people[key.id].fingerprint:
        raise StoreError("store.approval", f"the key is not the one that the settings have of {key.id}")
    return approvals.approve(revision, key, role, at_us)


def key_for(revision: str, name: str) -> str:
    """Where the word of one person lies."""
    return key_of(revision, f"approvals/{name}.jws")


def keep(blobs: Blobs, revision: str, name: str, token: str) -> None:
    """Put a word into the store, in place of one by the same person.

    Raises:
        StoreError: `store.conflict` or `store.unavailable`.
    """
    present = blobs.read(key_for(revision, name))
    blobs.write(key_for(revision, name), f"{token}\n".encode(), present[1] if present else None)


def authored(blobs: Blobs, revision: str, author: str, trust: Trust) -> str:
    """The author's own word.

    Raises:
        StoreError: `store.approval`, when there is none by whom the manifest names.
    """
    for token in _kept(blobs, revision, [author]):
        word = _read(token, trust)
        if word and (word.revision, word.name, word.role) == (revision, author, "author"):
            return token
    raise StoreError("store.approval", f"{revision} lacks a valid signature of its author {author}")


def valid(blobs: Blobs, revision: str, author: str, trust: Trust) -> list[tuple[Approval, str]]:
    """The approvals in the store that count, with their tokens; see `counted`."""
    return counted(_kept(blobs, revision, sorted(trust.people)), revision, author, trust)


def counted(tokens: Iterable[str], revision: str, author: str, trust: Trust) -> list[tuple[Approval, str]]:
    """The approvals that count: each by somebody else than the author, with a key that nobody else here has.

    What doesn't verify by the settings' keys is passed over: it is worth nothing. `Trust.admit` has the
    last word, over the bundle; this says beforehand whose approvals there are.

    Args:
        author: by the bundle's manifest, which the approvals cover.
    """
    owner = trust.people.get(author)
    used = {owner.fingerprint} if owner else set()
    found = []
    for token in tokens:
        word = _read(token, trust)
        if word is None or (word.revision, word.role) != (revision, "approver"):
            continue
        if word.fingerprint not in used:  # one person under two names is still one person
            used.add(word.fingerprint)
            found.append((word, token))
    return found


def _kept(blobs: Blobs, revision: str, people: Iterable[str]) -> list[str]:
    kept = (blobs.read(key_for(revision, name)) for name in people)
    return [blob[0].decode("ascii", "replace").strip() for blob in kept if blob]


def _read(token: str, trust: Trust) -> Approval | None:
    try:
        return approvals.read(token, trust.people)
    except BundleError:
        return None
