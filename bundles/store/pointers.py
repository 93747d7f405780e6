"""Which revision decides and which one is tried out: two small files, the one truth that gateways follow.

A pointer is swapped as a whole, so there is no moment with two active revisions or none.
The histories of the revisions follow after it; `settling` sees to that when somebody was interrupted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bundles.documents import parse_object, readable
from bundles.errors import BundleError
from bundles.store.errors import StoreError
from bundles.store.lifecycle import Action

if TYPE_CHECKING:
    from bundles.store.blobs import Blobs

ACTIVE: Final = "active.json"
SHADOW: Final = "shadow.json"
OPERATOR: Final = "operator"
"""Who did it, where nobody's name was given."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """`active.json` or `shadow.json`.

    Args:
        revision: the one it points to; None where none is tried out (any more).
        since_us: since when, microseconds since 1970 UTC.
        previous: the one it pointed to before.
        action: by what it came to point there.
        by: by whom.
    """

    revision: str | None
    since_us: int
    previous: str | None
    action: Action
    by: str

    def content(self) -> bytes:
        """The pointer as its file holds it."""
        return readable(
            {
                "revision": self.revision,
                "since_us": self.since_us,
                "previous": self.previous,
                "action": self.action,
                "by": self.by,
            }
        )


@dataclass(frozen=True, slots=True)
class Pointed:
    """A pointer as it was read: whoever swaps it says which version they saw."""

    pointer: Pointer | None
    version: str | None

    @property
    def revision(self) -> str | None:
        """The revision pointed to, if any."""
        return self.pointer.revision if self.pointer else None


def read(blobs: Blobs, key: str) -> Pointed:
    """Read one pointer.

    Args:
        key: `ACTIVE` or `SHADOW`.

    Raises:
        StoreError: `store.damaged` or `store.unavailable`.
    """
    found = blobs.read(key)
    return Pointed(parse(found[0], key), found[1]) if found else Pointed(None, None)


def parse(content: bytes, key: str) -> Pointer:
    """Read a pointer's file.

    Raises:
        StoreError: `store.damaged`.
    """
    try:
        said = parse_object(content, key)
        return Pointer(
            revision=_name(said["revision"]),
            since_us=int(said["since_us"]),
            previous=_name(said.get("previous")),
            action=Action(said.get("action", Action.ACTIVATE)),
            by=str(said.get("by", OPERATOR)),
        )
    except (BundleError, KeyError, TypeError, ValueError):
        raise StoreError("store.damaged", f"{key} is not what the store wrote") from None


def _name(said: Any) -> str | None:
    if said is not None and not isinstance(said, str):
        raise TypeError
    return said
