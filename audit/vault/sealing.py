"""Keys at hand for whoever has payloads sealed: the recent subjects' in memory, the others' from the vault.

Opened only where there is a sealing key. What stays in memory is forgotten within a second of an erasure.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from audit.errors import LogUnavailable, RecordRefused
from audit.vault import database, keys, payloads
from audit.vault.payloads import Sealing
from audit.vault.tombstones import Watch

CACHE_KEYS = 4_096


@dataclass(frozen=True, slots=True)
class Seal:
    """How payloads are sealed in this house.

    Attributes:
        key: the sealing key, 32 bytes; see `audit.vault.keys.read_sealing_key`.
        limit: bytes; a longer payload isn't sealed. At most 16 MiB.
    """

    key: bytes
    limit: int = payloads.MAX_BYTES


class Sealer:
    """The keys that are in use.

    Args:
        path: the vault's SQLite file.
        seal: key and limit.
        mono_us: monotonic clock, microseconds.

    Raises:
        LogUnavailable: `vault.unavailable`, or `vault.key` when the key isn't the vault's.
    """

    def __init__(self, path: Path, seal: Seal, mono_us: Callable[[], int]) -> None:
        self.limit = min(seal.limit, payloads.CEILING_BYTES)
        self._master = seal.key
        self._path = path
        self._known: OrderedDict[tuple[str, str], Sealing] = OrderedDict()
        self._db = database.connect(path)
        try:
            with database.unavailable(path):
                keys.check(self._db, seal.key)
        except BaseException:
            self._db.close()
            raise
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="audit-keys")
        self._watch = Watch(path.parent, mono_us)

    async def sealing(self, sref: str, tenant: str | None) -> Sealing | None:
        """Return what payloads of a subject are sealed with; None when the pseudonym was erased.

        All calls come from one event loop.

        Raises:
            LogUnavailable: `vault.unavailable` or `vault.key`.
            RecordRefused: `record.value` when the tenant is no well-formed text.
        """
        try:
            if self._watch.news():
                self._known.clear()
        except OSError as error:
            raise LogUnavailable("vault.unavailable", f"the vault: {error}") from error
        asked = (sref, tenant or "")
        known = self._known.get(asked)
        if known is not None:
            self._known.move_to_end(asked)
            return known
        loop, generation = asyncio.get_running_loop(), self._watch.generation
        found = await loop.run_in_executor(self._thread, self._ask, *asked)
        if found is not None and generation == self._watch.generation:
            self._known[asked] = found
            if len(self._known) > CACHE_KEYS:
                self._known.popitem(last=False)
        return found

    def _ask(self, sref: str, tenant: str) -> Sealing | None:
        try:
            with database.unavailable(self._path):
                key = keys.data_key(self._db, self._master, sref, tenant)
        except UnicodeEncodeError as error:
            raise RecordRefused("record.value", "a tenant with a lone surrogate") from error
        return Sealing(sref, AESGCM(key), self.limit) if key else None

    def close(self) -> None:
        """Close the vault; a question under way is answered first."""
        self._thread.shutdown(wait=True)
        self._known.clear()
        self._db.close()


def unseal(folder: Path, record_id: str, label: str, master: bytes) -> bytes | payloads.Gone:
    """Return a sealed payload of a record, or why there is none. It counts once it opens the commitment.

    Args:
        folder: the log.
        record_id: 32 hex digits.
        label: name of the field, `req` or `resp`.
        master: the sealing key.

    Raises:
        LogUnavailable: `vault.unavailable`, or `vault.key` when the key isn't the vault's.
    """
    return opened(folder, payloads.find(folder / "vault", record_id), record_id, label, master)


def opened(
    folder: Path, found: list[payloads.Found], record_id: str, label: str, master: bytes
) -> bytes | payloads.Gone:
    """Return a payload of what was found sealed of a record; else as `unseal`."""
    if any(each.erased for each in found):  # of an erased one not even the field's name is left
        return "erased"
    for each in found:
        if each.label == label:
            with database.reading(folder / "vault" / database.NAME) as db:
                ciphers = [AESGCM(key) for key in keys.all_of(db, master, each.sref)]
            clear = (payloads.unseal(each, record_id, cipher) for cipher in ciphers)
            return next((data for data in clear if data is not None), "altered" if ciphers else "erased")
    return "absent"
