"""What builtins may know of the evaluation that they run in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Context:
    """One evaluation's surroundings.

    Args:
        now_ns: Its time, nanoseconds since 1970 UTC: the same for every call.
        print: Receives printed text, or None.
        cache: What this evaluation must answer twice alike.
    """

    now_ns: int
    print: Callable[[str], None] | None
    cache: dict[Any, Any] = field(default_factory=dict)
