"""Brings calls of one process together: what one turn of the event loop asks for is one transaction.

Nobody waits on purpose. A call that comes alone is carried out where it stands; those that come behind it in
the same turn are carried out together at its end; and while another process has the store, they wait for it
together, without a thread and without stopping the loop.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from gateway.errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

S = TypeVar("S")
MOST_AT_ONCE = 128
_PAUSE_US = 200
_LONGEST_PAUSE_US = 4_000


class Busy(Exception):
    """Another process has the store just now."""


@dataclass(slots=True, eq=False)
class Job(Generic[S]):
    """One call.

    Args:
        work: what it does in a transaction.
        owed: whether it has to be done also when nobody waits for it any more.
        end_s: by when, on the loop's clock.
        future: who waits for it; None for whoever is still here, or nobody.
        found: what `work` returned.
        error: what it raised.
    """

    work: Callable[[S], object]
    owed: bool
    end_s: float = 0.0
    future: asyncio.Future[object] | None = None
    found: object = None
    error: Exception | None = None


class Turns(Generic[S]):
    """The calls of one process.

    Args:
        transact: carries jobs out in one transaction and says in each what came of it; raises `Busy`, or
            LedgerError where none of them was carried out.
        owe: is given the work that had to be done and couldn't be.
        deadline_s: how long a call waits for other processes.
    """

    def __init__(
        self,
        transact: Callable[[Sequence[Job[S]]], None],
        owe: Callable[[Callable[[S], object]], None],
        deadline_s: float,
    ) -> None:
        self._transact = transact
        self._owe = owe
        self._deadline_s = deadline_s
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: list[Job[S]] = []
        self._planned = False
        self._pauses = 0

    async def call(self, work: Callable[[S], object], *, owed: bool = False) -> object:
        """Carry `work` out and return what it returns.

        Args:
            owed: whether it is done also when the caller goes away, and handed to `owe` where it can't be.

        Raises:
            LedgerError: `ledger.busy` after the deadline, or what `transact` raises.
        """
        loop = self._running()
        job = Job(work, owed)
        if not self._planned:
            self._plan(0.0)
            if self._alone(job):
                if job.error is not None:
                    raise job.error
                return job.found
        job.end_s, job.future = loop.time() + self._deadline_s, loop.create_future()
        self._waiting.append(job)
        return await job.future

    def push(self, work: Callable[[S], object], *, owed: bool) -> None:
        """Carry `work` out soon; nobody waits for it."""
        end_s = self._running().time() + self._deadline_s
        self._waiting.append(Job(work, owed, end_s))
        if not self._planned:
            self._plan(0.0)

    def _running(self) -> asyncio.AbstractEventLoop:
        loop = asyncio.get_running_loop()
        if loop is not self._loop:  # what another loop had planned never happens
            self._loop, self._waiting, self._planned, self._pauses = loop, [], False, 0
        return loop

    def _alone(self, job: Job[S]) -> bool:
        """Carry out a call that nobody is before; tell whether that could be done at once."""
        try:
            self._transact((job,))
        except Busy:
            return False
        except Exception:
            if job.owed:
                self._owe(job.work)
            raise
        return True

    def _plan(self, pause_s: float) -> None:
        loop = asyncio.get_running_loop()
        self._planned = True
        if pause_s:
            loop.call_later(pause_s, self._turn)
        else:
            loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._planned = False
        if not self._waiting:
            return
        waiting = [job for job in self._waiting if job.owed or not _is_gone(job)]
        jobs, self._waiting = waiting[:MOST_AT_ONCE], waiting[MOST_AT_ONCE:]
        if not jobs:
            return
        try:
            self._transact(jobs)
        except Busy:
            self._wait(jobs)
            return
        except Exception as error:  # noqa: BLE001 - somebody waits, whatever it was
            for job in jobs:
                self._fail(job, error)
        else:
            for job in jobs:
                _tell(job)
        self._pauses = 0
        if self._waiting and not self._planned:
            self._plan(0.0)

    def _wait(self, jobs: list[Job[S]]) -> None:
        """Try again a little later, all together; longer each time, and not in step with other processes."""
        now_s = asyncio.get_running_loop().time()
        for job in jobs:
            if job.end_s <= now_s:
                self._fail(job, LedgerError("ledger.busy", "another process holds the ledger"))
        self._waiting[:0] = [job for job in jobs if job.end_s > now_s]
        if self._waiting:
            longest_us = min(_PAUSE_US << min(self._pauses, 8), _LONGEST_PAUSE_US)
            self._pauses += 1
            self._plan((longest_us + secrets.randbelow(longest_us)) / 2_000_000)

    def _fail(self, job: Job[S], error: Exception) -> None:
        if job.owed:
            self._owe(job.work)
        # Each caller's own, with its own traceback.
        job.error = LedgerError(error.code, error.detail) if isinstance(error, LedgerError) else error
        _tell(job)


def _is_gone(job: Job[S]) -> bool:
    return job.future is not None and job.future.cancelled()


def _tell(job: Job[S]) -> None:
    if job.future is None or job.future.done():
        return
    if job.error is not None:
        job.future.set_exception(job.error)
    else:
        job.future.set_result(job.found)
