"""What a process remembers of a vault, until somebody is erased from it."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from typing import Generic, TypeVar

from audit.errors import LogUnavailable

_Key = TypeVar("_Key", bound=Hashable)
_Found = TypeVar("_Found")


class Lasting(Generic[_Key, _Found]):
    """The latest answers, which count only while the vault's generation is known to be what it was.

    Args:
        generation: the vault's, a number that grows with each erasure; None where nobody can tell at once;
            raises OSError where it can't be told at all.
        most: answers that are kept.
    """

    def __init__(self, generation: Callable[[], int | None], most: int) -> None:
        self._present = generation
        self._most = most
        self._known: OrderedDict[_Key, _Found] = OrderedDict()
        self._generation = 0

    def recall(self, key: _Key) -> _Found | None:
        """Return what is remembered, after forgetting it if somebody was erased.

        Raises:
            LogUnavailable: `vault.unavailable` when the generation can't be told.
        """
        try:
            generation = self._present()
        except OSError as error:
            raise LogUnavailable("vault.unavailable", f"the vault: {error}") from error
        if generation is None:
            return None
        if generation != self._generation:
            self._heed(generation)
        found = self._known.get(key)
        if found is not None:
            self._known.move_to_end(key)
        return found

    def keep(self, generation: int, found: Mapping[_Key, _Found]) -> None:
        """Remember what the vault has answered.

        What was erased between question and answer must not be remembered behind the erasure.

        Args:
            generation: the vault's before it was asked.
            found: the answers.
        """
        if generation > self._generation:
            self._heed(generation)
        if generation >= self._generation:
            self._known.update(found)
        while len(self._known) > self._most:
            self._known.popitem(last=False)

    def forget(self) -> None:
        """Drop what is in memory."""
        self._known.clear()

    def _heed(self, generation: int) -> None:
        self._known.clear()
        self._generation = generation
