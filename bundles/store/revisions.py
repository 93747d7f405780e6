"""A revision's record in the store: its state, its author, its tests, and its history; decides nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from bundles.documents import parse_object, readable
from bundles.errors import BundleError
from bundles.store.errors import StoreError
from bundles.store.lifecycle import Action, State

if TYPE_CHECKING:
    from bundles.store.blobs import Blobs

FOLDER: Final = "revisions/"
MIN_PREFIX: Final = 8
_NAME: Final = re.compile(r"r-[0-9a-f]{8,64}")
_FILE: Final = "state.json"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a revision's history.

    Args:
        action: what was done.
        before: the state it was in; None for a new one.
        after: the state it went to.
        by: who did it, by the name in the gateway's settings.
        at_us: when, microseconds since 1970 UTC, by the clock of the machine where it was done.
        replaced: with an activation: the revision that was active before.
    """

    action: Action
    before: State | None
    after: State
    by: str
    at_us: int
    replaced: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """`state.json` of one revision. What it says is for people: approvals are verified, never believed.

    Args:
        revision: which one.
        author: who published it.
        code: digest of what only a build may change, to find revisions that differ in data alone.
        history: oldest first, never empty.
    """

    revision: str
    author: str
    code: str
    history: tuple[Entry, ...]

    @property
    def state(self) -> State:
        """The state that the history leads to."""
        return self.history[-1].after

    def with_entry(self, entry: Entry) -> Record:
        """The record after one more step."""
        return replace(self, history=(*self.history, entry))

    def content(self) -> bytes:
        """The record as its file holds it."""
        history = [
            {
                "action": each.action,
                "from": each.before,
                "to": each.after,
                "by": each.by,
                "at_us": each.at_us,
                **({"replaced": each.replaced} if each.replaced else {}),
            }
            for each in self.history
        ]
        facts = {"revision": self.revision, "author": self.author, "code": self.code}
        return readable({**facts, "state": self.state, "history": history})


def key_of(revision: str, name: str) -> str:
    """The key of one of a revision's blobs: `bundle.tar.gz`, `report.json`, `approvals/alice.jws`."""
    return f"{FOLDER}{revision}/{name}"


def read(blobs: Blobs, revision: str) -> tuple[Record, str] | None:
    """A revision's record and its version; None for one that the store hasn't.

    Raises:
        StoreError: `store.damaged` or `store.unavailable`.
    """
    found = blobs.read(state_key(revision))
    return (_parsed(found[0], revision), found[1]) if found else None


def load(blobs: Blobs, revision: str) -> tuple[Record, str]:
    """A revision's record and its version.

    Raises:
        StoreError: `store.unknown`, `store.damaged` or `store.unavailable`.
    """
    found = read(blobs, revision)
    if found is None:
        raise StoreError("store.unknown", f"the store has no revision {revision}")
    return found


def write(blobs: Blobs, record: Record, expected: str | None) -> None:
    """Put a record in place of the version that was read.

    Raises:
        StoreError: `store.conflict` or `store.unavailable`.
    """
    blobs.write(state_key(record.revision), record.content(), expected)


def state_key(revision: str) -> str:
    """The key of a revision's record."""
    return key_of(revision, _FILE)


def names(blobs: Blobs) -> list[str]:
    """Every revision of the store, sorted."""
    return sorted(key.split("/")[1] for key in blobs.names(FOLDER) if key.endswith(f"/{_FILE}"))


def find(blobs: Blobs, prefix: str) -> str:
    """The one revision that begins so.

    Args:
        prefix: with or without `r-`, then at least `MIN_PREFIX` hex digits.

    Raises:
        StoreError: `store.unknown`: none does, or several do, or it is too short to be sure.
    """
    wanted = prefix if prefix.startswith("r-") else f"r-{prefix}"
    if not _NAME.fullmatch(wanted):
        raise StoreError("store.unknown", f"{prefix!r:.80}: give r- and at least {MIN_PREFIX} hex digits")
    found = [name for name in names(blobs) if name.startswith(wanted)]
    if len(found) != 1:
        many = f"{len(found)} revisions begin" if found else "no revision of the store begins"
        raise StoreError("store.unknown", f"{many} with {wanted}")
    return found[0]


def _parsed(content: bytes, revision: str) -> Record:
    record: Record | None = None
    try:
        said = parse_object(content, "state.json")
        record = Record(
            revision=_text(said["revision"]),
            author=_text(said["author"]),
            code=_text(said["code"]),
            history=tuple(_entry(each) for each in said["history"]),
        )
        agrees = record.revision == revision and record.state == said["state"]
    except (BundleError, KeyError, IndexError, TypeError, ValueError):
        agrees = False
    if record is None or not agrees:
        raise StoreError("store.damaged", f"state.json of {revision} is not what the store wrote")
    return record


def _entry(said: Any) -> Entry:
    before, replaced = said["from"], said.get("replaced")
    return Entry(
        action=Action(said["action"]),
        before=None if before is None else State(before),
        after=State(said["to"]),
        by=_text(said["by"]),
        at_us=int(said["at_us"]),
        replaced=None if replaced is None else _text(replaced),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
