"""A writer's place in a folder: its segments, and beside them its sidecars in the vault."""

from audit.tlog.tree import Frontier
from audit.vault.sidecars import Vault
from audit.writing.group import Group
from audit.writing.segments import Segments


class FolderStore:
    """**Adapter** of files to `store.Store`.

    Args:
        segments: the writer's recovered files.
        vault: its sidecars.
        sync: whether each group is durable when it is appended; else it is with the next `sync`.
    """

    def __init__(self, segments: Segments, vault: Vault, *, sync: bool = True) -> None:
        self.boot = segments.boot
        self._segments = segments
        self._vault = vault
        self._sync = sync

    @property
    def frontier(self) -> Frontier:
        """See `Store`."""
        return self._segments.frontier

    @property
    def dirty(self) -> bool:
        """See `Store.dirty`."""
        return self._vault.dirty or self._segments.unsynced

    def append(self, group: Group) -> None:
        """See `Store.append`."""
        data = group.frames()
        self._segments.make_room(len(data))
        with self._vault.gate:  # an erasure waits until the group is where it finds it
            # Before the records: a commitment in the log has its nonce in the vault.
            self._vault.append(self._segments.name, group)
            self._segments.append(data, group.frontier, sync=self._sync)

    def sync(self) -> None:
        """See `Store.sync`."""
        self._vault.sync()
        if self._segments.unsynced:
            self._segments.sync()

    def abandon(self) -> int:
        """See `Store.abandon`."""
        unkept = self._segments.abandon()
        self._vault.close()
        return unkept

    def reopen(self) -> int:
        """See `Store.reopen`: what wasn't synced is cut off, so nothing of it is left."""
        self._segments.reopen()
        return 0

    def close(self) -> None:
        """See `Store.close`."""
        self._vault.sync()
        self._segments.close()
        self._vault.release()

    def release(self) -> None:
        """See `Store.release`."""
        self._segments.release()
        self._vault.release()
