"""What a source of bundles offers, and what a source is: protocols and values; knows no place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from bundles.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bundles.bundle import Bundle

    Check = Callable[[Mapping[str, bytes]], Bundle]


MAX_ARCHIVE_BYTES: Final = 64 * 1024 * 1024
"""An archive may have so many bytes; what it unpacks to has limits of its own (`bundles/files.py`)."""


@dataclass(frozen=True, slots=True)
class Read:
    """A bundle's files, which nobody has checked yet.

    Args:
        files: content by name.
        archive: the .tar.gz they were in; None if they were in a folder.
    """

    files: Mapping[str, bytes]
    archive: bytes | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """A bundle that a source has, not looked at yet.

    Args:
        place: where it is from, for people; no secret is in it.
        read: reads it, which may block; raises `BundleError`.
        revision: what it must be; None where the source doesn't say.
        looks: how often it is read before it is refused: a folder may be in the middle of its replacement.
        reason: the reason code for the record, where it isn't the source's newest word.
    """

    place: str
    read: Callable[[], Read]
    revision: str | None = None
    looks: int = 1
    reason: str | None = None

    def checked(self, found: Read, check: Check) -> Bundle:
        """Make a bundle of what was read.

        Raises:
            BundleError: it isn't one to be believed, or isn't the revision that was promised.
        """
        bundle = check(found.files)
        if self.revision is not None and bundle.revision != self.revision:
            # Somebody exchanged the files of one revision for those of another.
            raise BundleError("bundle.modified", f"{self.revision:.80} was promised and isn't there")
        return bundle


class Source(Protocol):
    """**Protocol:** knows where bundles come from."""

    required: bool
    """Whether the gateway refuses to start with what `first` gives if it is no good."""

    async def first(self) -> Offer | None:
        """What there is at the start; None if there is nothing yet."""
        ...

    async def next(self) -> Offer:
        """Wait for a bundle that wasn't offered before.

        Raises:
            BundleError: what the source says can't be understood; it is asked again.
        """
        ...

    async def accepted(self, archive: bytes) -> None:
        """Learn that the last offer is active; `archive` is its .tar.gz."""
        ...

    async def close(self) -> None:
        """Release what is open."""
        ...
