"""Remembers what a pure policy answered, by exactly what it can read of the question; knows no rule.

A plan without a builtin that tells the time or reaches out is a function of the input paths that it can
read (`rego.Policy.reads`, which overstates them) and of data that never changes within a bundle. Two
questions that agree there have one answer, whoever asks and whenever. Errors are never remembered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gateway.ports import Ruling

MAX_ANSWERS = 4096
"""Answers that are kept; the oldest makes room, so that nobody can fill the memory with questions."""

_ABSENT: list[object] = []


class Memory:
    """The answers of one entrypoint of one bundle.

    Args:
        reads: the input paths that the plan can read from there.
        limit: answers that are kept.
    """

    def __init__(self, reads: Iterable[tuple[str, ...]], limit: int = MAX_ANSWERS) -> None:
        self._paths = tuple(sorted(reads))
        self._limit = limit
        self._answers: dict[bytes, Ruling] = {}

    def key(self, document: Mapping[str, object]) -> bytes:
        """What the answer depends on, as bytes.

        JSON tells `1`, `1.0` and `true` apart, as keys of Python's don't.
        A path that leads nowhere is an empty list and a value is a list of one, so absent isn't null.

        Raises:
            TypeError: the document isn't JSON.
        """
        return orjson.dumps([_at(document, path) for path in self._paths])

    def recall(self, key: bytes) -> Ruling | None:
        """The answer to an equal question, if it is still known."""
        return self._answers.get(key)

    def keep(self, key: bytes, answer: Ruling) -> None:
        """Remember an answer; it is shared from now on, so nobody may change it."""
        if len(self._answers) >= self._limit:
            del self._answers[next(iter(self._answers))]
        self._answers[key] = answer


def _at(document: Any, path: tuple[str, ...]) -> list[object]:
    for name in path:
        if type(document) is not dict or name not in document:
            return _ABSENT
        document = document[name]
    return [document]
