"""Subjects and their pseudonyms as a process remembers them: asked for in groups, and forgotten in time.

Whoever is erased is forgotten within a second, wherever the map is: what is remembered counts only while the
map's generation, which grows with each erasure, is known to be what it was.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from audit.errors import LogUnavailable, RecordRefused
from audit.vault.lasting import Lasting

CACHE_SUBJECTS = 65_536
_BATCH = 512


class Map(Protocol):
    """**Protocol:** the erasable map between subjects and their pseudonyms."""

    def generation(self) -> int | None:
        """Return a number that grows with each erasure, as it was no longer than a second ago.

        Returns at once, in the event loop; None where only `settle` can tell.

        Raises:
            OSError: it can't be told.
        """
        ...

    def settle(self, subjects: list[str]) -> tuple[int, dict[str, str]]:
        """Return the generation, and then everybody's pseudonym, made where there is none; durable on return.

        Called in a thread, one call at a time.

        Raises:
            OSError, sqlite3.Error: it can't be asked.
        """
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class Remembered:
    """The map, with the recent subjects in memory. All calls come from one event loop.

    Args:
        asked: where the map is; its owner from now on.
    """

    def __init__(self, asked: Map) -> None:
        self._map = asked
        self._known = Lasting[str, str](asked.generation, CACHE_SUBJECTS)
        self._asked: dict[str, asyncio.Future[str]] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="audit-vault")
        self._working: asyncio.Task[None] | None = None

    async def sref(self, subject: str) -> str:
        """Return the pseudonym of `subject`, making one for a new subject; durable on return.

        One dict lookup for a subject seen lately; a question to the map, off the loop, otherwise.

        Raises:
            LogUnavailable: `vault.unavailable` when the map cannot be asked.
            RecordRefused: `record.value` when the subject is no well-formed text.
        """
        if (known := self._known.recall(subject)) is not None:
            return known
        if not well_formed(subject):
            raise RecordRefused("record.value", "a subject with a lone surrogate or a NUL")
        asked = self._asked.get(subject)
        if asked is None:
            asked = self._asked[subject] = asyncio.get_running_loop().create_future()
            if self._working is None or self._working.done():
                self._working = asyncio.create_task(self._answer_all())
        # Shielded: one caller that gives up must not take the answer from the others.
        return await asyncio.shield(asked)

    def forget(self) -> None:
        """Drop what is in memory: the map is asked again for everybody."""
        self._known.forget()

    def close(self) -> None:
        """Close the map; a question under way is answered first."""
        self._thread.shutdown(wait=True)
        self._map.close()

    async def _answer_all(self) -> None:
        loop = asyncio.get_running_loop()
        while self._asked:
            subjects = list(self._asked)[:_BATCH]
            try:
                generation, found = await loop.run_in_executor(self._thread, self._map.settle, subjects)
            except Exception as error:  # noqa: BLE001 - whatever it is, nobody may be left waiting
                for subject in subjects:
                    future = self._asked.pop(subject)
                    future.set_exception(LogUnavailable("vault.unavailable", f"the map of subjects: {error}"))
                    future.exception()  # a caller that gave up leaves nobody to read it
                continue
            self._known.keep(generation, {subject: found[subject] for subject in subjects})
            for subject in subjects:
                self._asked.pop(subject).set_result(found[subject])


def well_formed(text: str) -> bool:
    """Tell whether every place that keeps texts can keep this one."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in text
