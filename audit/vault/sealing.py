"""Keys at hand for whoever has payloads sealed: the recent subjects' in memory, the others' from the vault.

Opened only where there is a sealing key. What stays in memory is forgotten within a second of an erasure.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from audit.errors import RecordRefused
from audit.vault import database, keys, payloads, tombstones
from audit.vault.keys import FileKeys, Wrapped
from audit.vault.lasting import Lasting
from audit.vault.payloads import Sealing
from audit.vault.remembered import well_formed
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


class Keyring(Wrapped, Protocol):
    """**Protocol:** wrapped keys in use, in a vault from which they may go."""

    def generation(self) -> int | None:
        """Return a number that grows with each erasure, as it was no longer than a second ago.

        Returns at once, in the event loop; None where only `ask` can tell.

        Raises:
            OSError: it can't be told.
        """
        ...

    def ask(self) -> int:
        """Return the number as it is now; in the thread of the others.

        Raises:
            LogUnavailable: `vault.unavailable`.
        """
        ...

    def usable(self) -> AbstractContextManager[None]:
        """Turn what goes wrong into `vault.unavailable`."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class FileKeyring(FileKeys):
    """**Adapter** of a vault's SQLite file to `Keyring`.

    Args:
        path: the file.
        mono_us: monotonic clock, microseconds.

    Raises:
        LogUnavailable: `vault.unavailable`.
    """

    def __init__(self, path: Path, mono_us: Callable[[], int]) -> None:
        self._path = path
        self._opened = database.connect(path)
        self._watch = Watch(path.parent, mono_us)
        super().__init__(self._opened)

    def generation(self) -> int:
        """See `Keyring.generation`."""
        self._watch.news()
        return self._watch.generation

    def ask(self) -> int:
        """See `Keyring.ask`."""
        return tombstones.generation(self._path.parent)

    def usable(self) -> AbstractContextManager[None]:
        """See `Keyring.usable`."""
        return database.unavailable(self._path)

    def close(self) -> None:
        """See `Keyring.close`."""
        self._opened.close()


class Sealer:
    """The keys that are in use.

    Args:
        keyring: where they are; its owner from now on.
        seal: key and limit.

    Raises:
        LogUnavailable: `vault.unavailable`, or `vault.key` when the key isn't the vault's.
    """

    def __init__(self, keyring: Keyring, seal: Seal) -> None:
        self.limit = min(seal.limit, payloads.CEILING_BYTES)
        self._master = seal.key
        self._keyring = keyring
        self._known = Lasting[tuple[str, str], Sealing](keyring.generation, CACHE_KEYS)
        try:
            with keyring.usable():
                keys.check(keyring, seal.key)
        except BaseException:
            keyring.close()
            raise
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="audit-keys")

    async def sealing(self, sref: str, tenant: str | None) -> Sealing | None:
        """Return what payloads of a subject are sealed with; None when the pseudonym was erased.

        All calls come from one event loop.

        Raises:
            LogUnavailable: `vault.unavailable` or `vault.key`.
            RecordRefused: `record.value` when the tenant is no well-formed text.
        """
        asked = (sref, tenant or "")
        if (known := self._known.recall(asked)) is not None:
            return known
        if not well_formed(asked[1]):
            raise RecordRefused("record.value", "a tenant with a lone surrogate or a NUL")
        loop = asyncio.get_running_loop()
        generation, found = await loop.run_in_executor(self._thread, self._ask, *asked)
        self._known.keep(generation, {} if found is None else {asked: found})
        return found

    def _ask(self, sref: str, tenant: str) -> tuple[int, Sealing | None]:
        with self._keyring.usable():
            generation = self._keyring.ask()
            key = keys.data_key(self._keyring, self._master, sref, tenant)
        return generation, Sealing(sref, AESGCM(key), self.limit) if key else None

    def close(self) -> None:
        """Close the vault; a question under way is answered first."""
        self._thread.shutdown(wait=True)
        self._known.forget()
        self._keyring.close()


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

    def keys_of(sref: str) -> list[bytes]:
        with database.reading(folder / "vault" / database.NAME) as db:
            return keys.all_of(FileKeys(db), master, sref)

    return opened_by(found, record_id, label, keys_of)


def opened_by(
    found: list[payloads.Found], record_id: str, label: str, keys_of: Callable[[str], list[bytes]]
) -> bytes | payloads.Gone:
    """Return a payload of what was found sealed of a record, by the keys of a pseudonym; else as `unseal`."""
    if any(each.erased for each in found):  # of an erased one not even the field's name is left
        return "erased"
    for each in found:
        if each.label == label:
            ciphers = [AESGCM(key) for key in keys_of(each.sref)]
            clear = (payloads.unseal(each, record_id, cipher) for cipher in ciphers)
            return next((data for data in clear if data is not None), "altered" if ciphers else "erased")
    return "absent"
