"""What the store needs of whatever keeps its bytes; a folder and an object store can both give it."""

from __future__ import annotations

from typing import Protocol


class Blobs(Protocol):
    """**Protocol:** named bytes, each replaced as a whole or not at all.

    A key is a relative path of plain names: `revisions/r-12ab/state.json`. Nothing is asked for that an
    object store with conditional writes hasn't: no rename, no lock, no removal, no write of two at once.
    Whoever reads after a write has returned sees it, in `names` too.
    """

    def read(self, key: str) -> tuple[bytes, str] | None:
        """The content and its version, or None where there is none.

        Raises:
            StoreError: `store.unavailable`.
        """
        ...

    def write(self, key: str, content: bytes, expected: str | None) -> str:
        """Replace the content if it still has the version that the caller read; durable on return.

        Args:
            expected: the version as read; None where there was none.

        Returns:
            the new version.

        Raises:
            StoreError: `store.conflict` when it has another version by now, and nothing was written;
                `store.unavailable`, and then it may have been written or not.
        """
        ...

    def names(self, prefix: str) -> list[str]:
        """The keys that begin with `prefix`, sorted.

        Raises:
            StoreError: `store.unavailable`.
        """
        ...
