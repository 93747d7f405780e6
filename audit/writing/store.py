"""What the writer's thread needs of the place where its records become durable: files, or a database."""

from typing import Protocol

from audit.tlog.tree import Frontier
from audit.writing.group import Group


class Store(Protocol):
    """**Protocol:** where one writer's groups become durable. Used by one thread at a time."""

    @property
    def boot(self) -> int:
        """Number of the process lifetime that writes."""
        ...

    @property
    def frontier(self) -> Frontier:
        """The tree of all durable records; replaced, never changed."""
        ...

    @property
    def dirty(self) -> bool:
        """Whether something waits for `sync`: of the vault, or in weaker modes of the log."""
        ...

    def append(self, group: Group) -> None:
        """Write a group with what belongs to it in the vault; durable on return, or with the next `sync`.

        Raises:
            OSError: nobody knows whether it is durable; nothing but `abandon` and `reopen` may follow.
        """
        ...

    def sync(self) -> None:
        """Make everything durable that isn't yet.

        Raises:
            OSError: as for `append`.
        """
        ...

    def abandon(self) -> int:
        """Let go of what failed; harmless when repeated.

        Returns:
            how many records had been appended and are given up, because they were not durable yet.
        """
        ...

    def reopen(self) -> int:
        """Find out what is durable, and get ready to go on behind it.

        Returns:
            how many records of the group that failed turned out durable: all of them, or none.

        Raises:
            LogDamaged: durable records are no longer there.
            OSError: it still refuses.
        """
        ...

    def close(self) -> None:
        """End in order.

        Raises:
            OSError: it couldn't be done in order; `release` must follow.
        """
        ...

    def release(self) -> None:
        """Let go of everything as it is, for good."""
        ...
