"""A candidate bundle beside the active one on live traffic: what it would have decided otherwise.

Nobody waits for it. A request is considered when it is over; its question waits in a bounded queue, or is
dropped and counted; a task of low priority takes it from there in short slices, so that it has a tenth of
the worker's time at most, whatever the candidate costs. What differs is counted and written to the log once
a minute.
"""

from __future__ import annotations

import asyncio
from collections import deque
from time import perf_counter_ns
from typing import TYPE_CHECKING, NamedTuple

import structlog

from bundles.backtest.effect import difference
from bundles.backtest.replay import CALLS, Replay
from bundles.errors import BundleError
from gateway.obligations.effect import Obedience, effect
from gateway.period import Period
from gateway.types import Deny

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audit.log import AuditLog
    from bundles.bundle import Bundle
    from gateway.types import Decision

QUEUE = 1024
SHARE = 0.1
PERIOD_S = 60.0
MAX_STEPS = 20_000
"""A tenth of what a decision may be: it is as long as the loop may be held, for nobody's request."""

_SLICE_NS = 200_000


class _Waiting(NamedTuple):
    decision_id: str
    decisions: Sequence[Decision]


class Shadow:
    """The candidate of one worker process.

    Args:
        log: where differences are told.
        now_us: wall clock, microseconds since the epoch.
        queue: requests that may wait.
        share: part of the worker's time that the candidate may take, 0 to 1.
        period_s: seconds between two records.
    """

    def __init__(
        self,
        log: AuditLog,
        now_us: Callable[[], int],
        *,
        queue: int = QUEUE,
        share: float = SHARE,
        period_s: float = PERIOD_S,
    ) -> None:
        self._log = log
        self._now_us = now_us
        self._most = queue
        self._rest = (1 - share) / share
        self._period_s = period_s
        self._waiting: deque[_Waiting] = deque()
        self._wanted: Bundle | None = None
        self._candidate: Replay | None = None
        self._period = Period("", "", 0)
        self._changed = False
        self._woken = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to compare."""
        self._tasks = [asyncio.create_task(self._run()), asyncio.create_task(self._tell_regularly())]

    def follow(self, bundle: Bundle | None) -> None:
        """Take another candidate, or none, soon; what was counted about the one before is told first."""
        self._wanted, self._changed = bundle, True
        self._woken.set()

    def consider(self, decision_id: str, decisions: Sequence[Decision]) -> None:
        """Put a request that is over on the list: no evaluation, no waiting, no failure.

        Args:
            decision_id: the decision's id.
            decisions: what the active policy said, in the order in which it was asked.
        """
        if self._candidate is None or not decisions:
            return
        if len(self._waiting) >= self._most:
            self._period.counts["dropped"] += 1
            return
        self._waiting.append(_Waiting(decision_id, decisions))
        self._woken.set()

    async def close(self) -> None:
        """Stop, and tell what was counted; what still waits is dropped."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._drop()
        self._tell()

    # ── the task ────────────────────────────────────────────────────────────────────────────────

    async def _run(self) -> None:
        while True:
            await self._woken.wait()
            self._woken.clear()
            if self._changed:
                await self._turn()
            while self._waiting and not self._changed:
                began_ns = perf_counter_ns()
                while self._waiting and perf_counter_ns() - began_ns < _SLICE_NS:
                    self._compare(*self._waiting.popleft())
                await asyncio.sleep((perf_counter_ns() - began_ns) * self._rest / 1e9)

    async def _turn(self) -> None:
        """Leave the candidate for the one that is wanted."""
        self._drop()
        self._tell()
        self._changed, self._candidate = False, None
        if self._wanted is None:
            return
        try:
            # Compiled in a thread: it takes longer than any request may be held up.
            candidate = await asyncio.to_thread(Replay, self._wanted, Obedience(), MAX_STEPS)
        except BundleError as error:
            structlog.get_logger("regent").error("shadow.unusable", code=error.code, detail=error.detail)
            return
        self._period = Period(candidate.digest, candidate.revision, self._now_us())
        self._candidate = candidate
        structlog.get_logger("regent").info("shadow.started", revision=candidate.revision)

    def _compare(self, decision_id: str, decisions: Sequence[Decision]) -> None:
        """Ask the candidate what the active bundle was asked, and count how it differs."""
        candidate, origin = self._candidate, decisions[-1].origin
        if origin.path not in CALLS or candidate is None or origin.asked is None:
            return
        if _engine_failed(decisions[-1]):
            return
        if self._period.active != origin.revision:
            if self._period.active:
                self._tell()
            self._period.active = origin.revision
        try:
            after = candidate.effect(origin.asked, origin.path)
            found = difference(effect(origin.asked, decisions), after)
        except Exception:  # noqa: BLE001 - an unforeseen mistake must not end the comparison
            self._period.counts["failed"] += 1
        else:
            self._period.count(decision_id, found, after)

    def _drop(self) -> None:
        if self._waiting:
            self._period.counts["dropped"] += len(self._waiting)
            self._waiting.clear()

    # ── the log ─────────────────────────────────────────────────────────────────────────────────

    async def _tell_regularly(self) -> None:
        while True:
            await asyncio.sleep(self._period_s)
            self._tell()

    def _tell(self) -> None:
        if self._period.counts:
            self._log.append_soon(self._period.record())
            self._period = self._period.next(self._now_us())


def _engine_failed(decision: Decision) -> bool:
    """Whether the active engine couldn't answer: that says nothing about two policies."""
    return isinstance(decision, Deny) and decision.reasons[0].id.startswith("engine.")
