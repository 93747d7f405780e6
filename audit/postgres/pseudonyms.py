"""Subjects and their pseudonyms, shared by all replicas: the map is a table of the vault.

The same promises as `audit.vault.pseudonyms`: random, durable before it is used, erasable. What is remembered
here is used for a second; then the table is asked whether somebody was erased, and if so all is forgotten.
"""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from audit.errors import LogUnavailable, RecordRefused
from audit.ports import Ports
from audit.postgres.session import Session
from audit.postgres.target import Target

CACHE_SUBJECTS = 65_536
LOOK_US = 1_000_000

_SETTLE = "SELECT pseudonym(who, fresh) AS sref FROM unnest($1::text[], $2::text[]) AS asked (who, fresh)"


class SharedPseudonyms:
    """The map, with the recent subjects in memory. All questions come from one event loop.

    Args:
        target: which database.
        mono_us: monotonic clock, microseconds.
    """

    def __init__(self, target: Target, mono_us: Callable[[], int] | None = None) -> None:
        self._session = Session(target, "regent pseudonyms")
        self._mono_us = mono_us or Ports().mono_us
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="audit-vault")
        self._known: OrderedDict[str, str] = OrderedDict()
        self._asked: dict[str, asyncio.Future[str]] = {}
        self._working: asyncio.Task[None] | None = None
        self._erasures = 0
        self._looked_us: int | None = None

    async def sref(self, subject: str) -> str:
        """Return the pseudonym of `subject`, making one for a new subject; durable on return.

        Raises:
            LogUnavailable: `vault.unavailable` when the map cannot be asked.
            RecordRefused: `record.value` when the subject is no text that a database can hold.
        """
        if self._is_fresh() and (known := self._known.get(subject)) is not None:
            self._known.move_to_end(subject)
            return known
        if not _well_formed(subject):
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
        self._known.clear()

    def close(self) -> None:
        """Close the map; a question under way is answered first."""
        self._thread.shutdown(wait=True)
        self._session.close()

    def _is_fresh(self) -> bool:
        return self._looked_us is not None and self._mono_us() - self._looked_us < LOOK_US

    async def _answer_all(self) -> None:
        loop = asyncio.get_running_loop()
        while self._asked:
            waiting, self._asked = self._asked, {}
            unknown = [each for each in waiting if each not in self._known]
            began_us = self._mono_us()
            settling = loop.run_in_executor(self._thread, self._settle, list(waiting), unknown)
            try:
                erasures, found = await settling
            except Exception as error:  # noqa: BLE001 - whatever it is, nobody may be left waiting
                for future in waiting.values():
                    future.set_exception(LogUnavailable("vault.unavailable", f"the map of subjects: {error}"))
                    future.exception()  # a caller that gave up leaves nobody to read it
                continue
            if erasures != self._erasures:
                self._known.clear()
            self._erasures, self._looked_us = erasures, began_us
            self._known.update(found)
            for subject, future in waiting.items():
                future.set_result(self._known[subject])
            while len(self._known) > CACHE_SUBJECTS:
                self._known.popitem(last=False)

    def _settle(self, subjects: list[str], unknown: list[str]) -> tuple[int, dict[str, str]]:
        """Return the number of the last erasure, and the pseudonyms that have to be learned.

        Args:
            subjects: all that were asked for.
            unknown: those of them that aren't remembered.
        """
        try:
            # First, because what is erased between the two questions must not be remembered behind it.
            erasures = int(self._session.row("SELECT erasures() AS number")["number"])
            if erasures != self._erasures:
                unknown = subjects
            rows = self._session.fetch(_SETTLE, unknown, [secrets.token_hex(16) for _ in unknown])
        except OSError:
            self._session.drop()
            raise
        return erasures, {subject: row["sref"] for subject, row in zip(unknown, rows, strict=True)}


def _well_formed(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in text
