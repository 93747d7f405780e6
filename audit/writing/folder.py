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
    """

    def __init__(self, segments: Segments, vault: Vault) -> None:
        self.boot = segments.boot
        self._segments = segments
        self._vault = vault

    @property
    def frontier(self) -> Frontier:
        """See `Store`."""
        return self._segments.frontier

    @property
    def dirty(self) -> bool:
        """See `Store.dirty`."""
        return self._vault.dirty

    def append(self, group: Group) -> None:
        """See `Store.append`."""
        data = group.frames()
        self._segments.make_room(len(data))
        # Before the records: a commitment in the log has its nonce in the vault.
        self._vault.append(self._segments.name, group)
        self._segments.append(data, group.frontier)

    def sync(self) -> None:
        """See `Store.sync`."""
        self._vault.sync()

    def abandon(self) -> None:
        """See `Store.abandon`."""
        self._segments.abandon()
        self._vault.close()

    def reopen(self) -> int:
        """See `Store.reopen`: what wasn't synced is cut off, so nothing of it is left."""
        self._segments.reopen()
        return 0

    def close(self) -> None:
        """See `Store.close`."""
        self._vault.sync()
        self._segments.close()
        self._vault.close()

    def release(self) -> None:
        """See `Store.release`."""
        self._segments.release()
        self._vault.close()
