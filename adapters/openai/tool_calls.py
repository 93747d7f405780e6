"""Numbers streamed tool calls anew: a dense counter from 0, kept for the whole stream.

Clients collect the pieces of a call by `index`. Upstreams that start at 1, skip numbers, leave them out or
put several calls on one number make a client lose a call, or glue
two together into arguments that are no JSON.
"""

from typing import Any


class ToolCallNumbers:
    """The numbers given so far in one stream."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[int, object], int] = {}
        self._ids: dict[tuple[int, object], str] = {}
        self._next: dict[int, int] = {}

    def renumber(self, choice: int, deltas: list[Any]) -> bool:
        """Correct the `index` of each piece in place.

        Args:
            choice: The index of the choice that the pieces belong to.
            deltas: `choices[].delta.tool_calls`.

        Returns:
            Whether anything had to be changed.
        """
        changed = False
        for delta in deltas:
            if isinstance(delta, dict):
                number = self._number(choice, delta)
                changed |= delta.get("index") != number
                delta["index"] = number
        return changed

    def _number(self, choice: int, delta: dict[str, Any]) -> int:
        key = (choice, _plain(delta.get("index")))
        call_id = delta.get("id")
        if key not in self._numbers or self._starts_another(key, delta):
            self._numbers[key] = self._next.get(choice, 0)
            self._next[choice] = self._numbers[key] + 1
            self._ids.pop(key, None)
        if isinstance(call_id, str) and call_id:
            self._ids.setdefault(key, call_id)
        return self._numbers[key]

    def _starts_another(self, key: tuple[int, object], delta: dict[str, Any]) -> bool:
        """Whether this is another call on a number that is taken: another id *and* a name."""
        known = self._ids.get(key)
        call_id = delta.get("id")
        function = delta.get("function")
        named = isinstance(function, dict) and bool(function.get("name"))
        return known is not None and named and isinstance(call_id, str) and call_id not in {"", known}


def _plain(index: object) -> object:
    return index if isinstance(index, int) else None
