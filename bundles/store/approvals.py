"""Signed words about a revision: who wrote it and who approved it; knows people and keys, and no state.

An approval is a compact JWS over the revision, so over every byte of the policy and the name of its author.
It lies in the store until an activation carries it in the bundle's manifest; where it lies gives it no weight.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Protocol

from bundles import jws
from bundles.documents import canonical, parse_object
from bundles.errors import BundleError
from bundles.store.errors import StoreError
from bundles.store.revisions import key_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bundles.store.blobs import Blobs

Role = Literal["author", "approver"]
KIND: Final = "regent-approval+jwt"


class Trust(Protocol):
    """**Protocol:** whom the gateway's settings trust. Never read from the store: it could name itself."""

    @property
    def people(self) -> Mapping[str, jws.PublicKey]:
        """Who may write and approve policies, by name."""
        ...

    @property
    def approvals(self) -> int:
        """How many people besides the author must approve."""
        ...

    @property
    def keys(self) -> Mapping[str, jws.PublicKey]:
        """Release keys, by id; none where unsigned bundles are taken."""
        ...

    @property
    def scope(self) -> str | None:
        """What a release signature must be good for."""
        ...


@dataclass(frozen=True, slots=True)
class Word:
    """A statement whose signature was verified.

    Args:
        name: whose it is.
        at_us: when they say they said it.
        token: the statement itself.
    """

    name: str
    at_us: int
    token: str


def say(revision: str, role: Role, key: jws.PrivateKey, trust: Trust, at_us: int) -> str:
    """Sign for a revision, as author or approver.

    Args:
        key: its `id` is the person's name.

    Returns:
        the statement, a compact JWS.

    Raises:
        StoreError: `store.approval`: nobody of that name is trusted, or the key isn't theirs.
    """
    if key.id not in trust.people:
        raise StoreError("store.approval", f"{key.id} is not named in the settings, policy.trust.people")
    if key.public().fingerprint != trust.people[key.id].fingerprint:
        raise StoreError("store.approval", f"the key is not the one that the settings have of {key.id}")
    said = {"revision": revision, "role": role, "name": key.id, "at_us": at_us}
    return jws.sign(canonical(said), key, KIND)


def valid(blobs: Blobs, revision: str, author: str, trust: Trust) -> list[Word]:
    """The approvals in the store that count; see `counted`."""
    kept = (blobs.read(key_of(revision, f"approvals/{name}.jws")) for name in sorted(trust.people))
    return counted([blob[0] for blob in kept if blob], revision, author, trust)


def counted(statements: Iterable[bytes], revision: str, author: str, trust: Trust) -> list[Word]:
    """The approvals that count.

    Each by somebody else than the author, with a key that nobody else here has, verified by the key
    in the settings. What doesn't verify is passed over: it is worth nothing.

    Args:
        statements: compact JWS, each of whomever.
        author: by the bundle's manifest, which the approvals cover.
    """
    owner = trust.people.get(author)
    used = {owner.fingerprint} if owner else set()
    found: list[Word] = []
    for statement in statements:
        word = verified(statement, revision, "approver", trust)
        if word is None or word.name == author:
            continue
        fingerprint = trust.people[word.name].fingerprint
        if fingerprint not in used:  # one person under two names is still one person
            used.add(fingerprint)
            found.append(word)
    return found


def authored(blobs: Blobs, revision: str, author: str, trust: Trust) -> Word:
    """The author's own statement.

    Raises:
        StoreError: `store.approval`, when there is none by whom the manifest names.
    """
    blob = blobs.read(key_of(revision, f"approvals/{author}.jws"))
    word = verified(blob[0], revision, "author", trust) if blob else None
    if word is None or word.name != author:
        raise StoreError("store.approval", f"{revision} lacks a valid signature of its author {author}")
    return word


def verified(statement: bytes, revision: str, role: Role, trust: Trust) -> Word | None:
    """The statement, if it is what somebody trusted says of this revision in this role."""
    try:
        token = statement.decode("ascii").strip()
        key = trust.people[jws.unverified_key_id(token) or ""]
        said = parse_object(jws.verify(token, key, KIND), "the approval")
    except (BundleError, UnicodeDecodeError, KeyError):
        return None
    meant = {"revision": revision, "role": role, "name": key.id}
    if any(said.get(field) != value for field, value in meant.items()) or type(said.get("at_us")) is not int:
        return None
    return Word(key.id, said["at_us"], token)


def keep(blobs: Blobs, revision: str, name: str, token: str) -> None:
    """Put a statement into the store, in place of one by the same person.

    Raises:
        StoreError: `store.conflict` or `store.unavailable`.
    """
    key = key_of(revision, f"approvals/{name}.jws")
    present = blobs.read(key)
    blobs.write(key, f"{token}\n".encode(), present[1] if present else None)
