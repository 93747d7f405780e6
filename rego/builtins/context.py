"""What builtins may know of the evaluation that they run in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_MAX_PATTERNS: Final = 500


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


@dataclass(frozen=True, slots=True)
class Context:
    """One evaluation's surroundings.

    Args:
        now_ns: Its time, nanoseconds since 1970 UTC: the same for every call.
        print: Receives printed text, or None.
        patterns: The policy's compiled patterns.
        cache: What this evaluation must answer twice alike.
    """

    now_ns: int
    print: Callable[[str], None] | None
    patterns: Patterns
    cache: dict[Any, Any] = field(default_factory=dict)
