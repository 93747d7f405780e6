"""Subjects and their pseudonyms, shared by all replicas: the map is a table of the vault.

The same promises as `audit.vault.pseudonyms`: random, durable before it is used, erasable. What is remembered
is used for a second; then the table is asked whether somebody was erased, and if so all is forgotten.
"""

import secrets
from collections.abc import Callable

from audit.ports import Ports
from audit.postgres.erasures import Erasures
from audit.postgres.session import Session
from audit.postgres.target import Target
from audit.vault.remembered import Remembered

_SETTLE = "SELECT pseudonym(who, fresh) AS sref FROM unnest($1::text[], $2::text[]) AS asked (who, fresh)"


class SharedPseudonyms(Remembered):
    """The map, with the recent subjects in memory.

    Args:
        target: which database.
        mono_us: monotonic clock, microseconds.
    """

    def __init__(self, target: Target, mono_us: Callable[[], int] | None = None) -> None:
        super().__init__(_TableMap(target, mono_us or Ports().mono_us))


class _TableMap:
    """**Adapter** of the vault's table to `remembered.Map`."""

    def __init__(self, target: Target, mono_us: Callable[[], int]) -> None:
        self._session = Session(target, "regent pseudonyms")
        self._erasures = Erasures(self._session, mono_us)

    def generation(self) -> int | None:
        """See `Map.generation`."""
        return self._erasures.generation()

    def settle(self, subjects: list[str]) -> tuple[int, dict[str, str]]:
        """See `Map.settle`."""
        try:
            # First, because what is erased between the two questions must not be remembered behind it.
            generation = self._erasures.ask()
            rows = self._session.fetch(_SETTLE, subjects, [secrets.token_hex(16) for _ in subjects])
        except OSError:
            self._session.drop()
            raise
        return generation, {subject: row["sref"] for subject, row in zip(subjects, rows, strict=True)}

    def close(self) -> None:
        """See `Map.close`."""
        self._session.close()
