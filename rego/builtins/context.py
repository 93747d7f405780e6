"""What builtins may know of the evaluation that they run in."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_MAX_PATTERNS: Final = 500


@dataclass(frozen=True, slots=True)
class WithContext:
    """A host's implementation of a builtin that takes the evaluation's context before its operands.

    Args:
        function: Takes a `Context`, then the operands.
    """

    function: Callable[..., Any]

    def __call__(self, context: Context, *operands: Any) -> Any:
        """Call it."""
        return self.function(context, *operands)


class Patterns:
    """Compiled patterns of one policy: what was compiled once need not be again.

    Threads may compile a pattern twice; each then gets an equal one.
    A full store is emptied: patterns made from inputs must not fill the memory.
    """

    def __init__(self) -> None:
        self._made: dict[Any, Any] = {}

    def get(self, key: Any, make: Callable[[], Any]) -> Any:
        """Return what was made for a key, made now where there is nothing yet."""
        found = self._made.get(key)
        if found is None:
            found = make()
            if len(self._made) >= _MAX_PATTERNS:
                self._made = {}
            self._made[key] = found
        return found


class Context:
    """One evaluation's surroundings.

    Args:
        now_ns: Its time, nanoseconds since 1970 UTC: the same for every call; None for the clock's.
        print: Receives printed text, or None.
        patterns: The policy's compiled patterns.
    """

    __slots__ = ("_now_ns", "cache", "patterns", "print")

    def __init__(self, now_ns: int | None, print: Callable[[str], None] | None, patterns: Patterns) -> None:  # noqa: A002 - Rego's word
        self._now_ns = now_ns
        self.print = print
        self.patterns = patterns
        self.cache: dict[Any, Any] = {}
        """What this evaluation must answer twice alike."""

    @property
    def now_ns(self) -> int:
        """The evaluation's time; the clock is read at most once."""
        if self._now_ns is None:
            self._now_ns = time.time_ns()
        return self._now_ns
