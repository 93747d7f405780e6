"""Answers of the writer thread on their way back to the callers, each event loop woken once per group."""

from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from audit.errors import AuditError, LogUnavailable
from audit.writing.group import Receipt

if TYPE_CHECKING:
    import asyncio

_Answer = tuple["asyncio.Future[Receipt]", Receipt | AuditError]


class Answers:
    """What the callers of one group will be told. Filled, then sent once, by the writer thread."""

    __slots__ = ("_answers",)

    def __init__(self) -> None:
        self._answers: list[_Answer] = []

    def add(self, future: "asyncio.Future[Receipt]", answer: Receipt | AuditError) -> None:
        """Put down an answer."""
        self._answers.append((future, answer))

    def send(self) -> None:
        """Hand all answers to the loops that wait for them."""
        answers, self._answers = self._answers, []
        by_loop: defaultdict[asyncio.AbstractEventLoop, list[_Answer]] = defaultdict(list)
        for answer in answers:
            by_loop[answer[0].get_loop()].append(answer)
        for loop, its_answers in by_loop.items():
            with suppress(RuntimeError):  # the loop is closed: nobody waits there any more
                loop.call_soon_threadsafe(_settle, its_answers)

    def refuse(self, reason: Callable[[], LogUnavailable]) -> None:
        """Send refusals in place of receipts; a record refused for its own fault stays so."""
        self._answers = [
            (future, reason() if isinstance(was, Receipt) else was) for future, was in self._answers
        ]
        self.send()


def _settle(answers: list[_Answer]) -> None:
    for future, answer in answers:
        if future.done():  # its caller gave up; the record stands all the same
            continue
        if isinstance(answer, Receipt):
            future.set_result(answer)
        else:
            future.set_exception(answer)
