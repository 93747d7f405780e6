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

MAX_BYTES = 16 * 1024 * 1024
"""Bytes of questions and answers, as JSON, that are kept: 4,096 of the largest would be gigabytes."""


class Memory:
    """The answers of one entrypoint of one bundle.

    Args:
        reads: the input paths that the plan can read from there.
        max_answers: answers that are kept.
        max_bytes: bytes of questions and answers that are kept.
    """

    def __init__(
        self, reads: Iterable[tuple[str, ...]], max_answers: int = MAX_ANSWERS, max_bytes: int = MAX_BYTES
    ) -> None:
        self._paths = tuple(sorted(reads))
        self._max_answers = max_answers
        self._max_bytes = max_bytes
        self._bytes = 0
        self._answers: dict[bytes, tuple[Ruling, int]] = {}

    def key(self, document: Mapping[str, object]) -> bytes:
        """What the answer depends on, as bytes.

        JSON tells `1`, `1.0` and `true` apart, as keys of Python's don't.
        A value is a list of one, and a path that ends on its way is the number of steps that could be taken:
        absent isn't null, and a whole that is there without the part isn't one that is absent.

        Raises:
            TypeError: the document isn't JSON.
        """
        return orjson.dumps([_at(document, path) for path in self._paths])

    def recall(self, key: bytes) -> Ruling | None:
        """The answer to an equal question, if it is still known."""
        found = self._answers.get(key)
        return None if found is None else found[0]

    def keep(self, key: bytes, answer: Ruling) -> None:
        """Remember an answer, unless it is too large; it is shared from now on, so nobody may change it."""
        size = len(key) + _size(answer.value, self._max_bytes)
        if key in self._answers or size > self._max_bytes:
            return
        while self._answers and (
            len(self._answers) >= self._max_answers or self._bytes + size > self._max_bytes
        ):
            self._bytes -= self._answers.pop(next(iter(self._answers)))[1]
        self._answers[key] = answer, size
        self._bytes += size


def _size(value: object, beyond: int) -> int:
    """Bytes of a value as JSON; more than `beyond` for what can't be written, such as an endless integer."""
    try:
        return len(orjson.dumps(value))
    except TypeError:
        return beyond + 1


def _at(document: Any, path: tuple[str, ...]) -> list[object] | int:
    """What stands there, or how far the way there leads: a rule may ask for no more than its beginning."""
    for steps, name in enumerate(path):
        if type(document) is not dict or name not in document:
            return steps
        document = document[name]
    return [document]
