"""Counts the tokens of a stream from what its client was sent, for streams that end before they say it.

What the model thought without telling isn't in it: a provider may charge more than was seen here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# So much is kept to be counted together: a token is often an event of its own, and a word more than one.
_KEPT_BYTES: Final = 256 * 1024
_TOLD: Final = ("content", "reasoning", "reasoning_content", "refusal")


class Sent:
    """What a stream has told its client so far.

    To add an event costs next to nothing: nothing is parsed before `tokens` is asked for,
    or a quarter of a megabyte has come together.

    Args:
        count: the tokens of a text.
    """

    def __init__(self, count: Callable[[str], int]) -> None:
        self._count = count
        self._kept: list[bytes] = []
        self._size = 0
        self._tokens = 0

    def add(self, events: bytes) -> None:
        """One or more whole SSE events, as they go to the client."""
        self._kept.append(events)
        self._size += len(events)
        if self._size > _KEPT_BYTES:
            self._fold()

    @property
    def tokens(self) -> int:
        """The tokens of all that was told: text, thoughts, refusals, and calls of tools."""
        self._fold()
        return self._tokens

    def _fold(self) -> None:
        texts = list(_texts(b"".join(self._kept)))
        self._kept, self._size = [], 0
        if texts:
            self._tokens += self._count("".join(texts))


def texts_of(body: bytes) -> Iterator[str]:
    """What a whole reply tells; nothing of what isn't a reply."""
    try:
        yield from _told(orjson.loads(body), "message")
    except orjson.JSONDecodeError:
        return


def _texts(events: bytes) -> Iterator[str]:
    for line in events.split(b"\n"):
        if line.startswith(b"data:"):
            try:
                chunk = orjson.loads(line[5:])
            except orjson.JSONDecodeError:  # `[DONE]`, and whatever isn't a chunk
                continue
            yield from _told(chunk, "delta")


def _told(chunk: object, part: str) -> Iterator[str]:
    choices = chunk.get("choices") if isinstance(chunk, dict) else None
    for choice in choices if isinstance(choices, list) else ():
        told = choice.get(part) if isinstance(choice, dict) else None
        if isinstance(told, dict):
            yield from (value for name in _TOLD if isinstance(value := told.get(name), str))
            yield from _calls(told.get("tool_calls"))


def _calls(calls: object) -> Iterator[str]:
    for call in calls if isinstance(calls, list) else ():
        function = call.get("function") if isinstance(call, dict) else None
        if isinstance(function, dict):
            yield from (
                value for name in ("name", "arguments") if isinstance(value := function.get(name), str)
            )
