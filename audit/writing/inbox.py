"""The way from the callers to the writer thread: bounded, and crossed once per turn of an event loop.

Each crossing wakes the thread and passes the interpreter's lock back and forth, which costs more than the
record itself; so what one turn brings crosses together, and what nobody waits for crosses with it or a
little later.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from enum import Enum
from queue import Empty, SimpleQueue
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from audit.record import Record

if TYPE_CHECKING:
    from audit.writing.group import Receipt

SOON_S = 0.02
_MOST = 256


class Entry(NamedTuple):
    """One record on its way; without a future nobody waits for it."""

    record: Record
    future: "asyncio.Future[Receipt] | None"


class Signal(Enum):
    """What else the thread is told."""

    LOOK = "look"  # no record, but something may be due
    STOP = "stop"


class Inbox:
    """What waits for the writer thread.

    Args:
        limit: records that may wait; more are turned away.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = Lock()
        self._admitted = 0
        self._taken = 0
        self._pending: deque[Entry] = deque()
        self._queue: SimpleQueue[list[Entry] | Signal] = SimpleQueue()
        self._opened: deque[Entry] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._crossing = self._timed = False
        self._empty: Callable[[], None] | None = None

    # ── callers' side ───────────────────────────────────────────────────────────────────────────

    def admit(self) -> bool:
        """Tell whether there is room for one more record, and keep its place if there is."""
        with self._lock:
            if self._admitted - self._taken >= self._limit:
                return False
            self._admitted += 1
            return True

    def add(self, entry: Entry) -> None:
        """Take an admitted record; it crosses at the end of this turn, or soon if nobody waits for it."""
        self._pending.append(entry)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.cross()
            return
        if loop is not self._loop:  # what another loop had planned may never happen
            self._loop, self._crossing, self._timed = loop, False, False
        if entry.future is not None:
            if not self._crossing:
                self._crossing = True
                loop.call_soon(self._turn)
        elif len(self._pending) >= _MOST:
            self.cross()
        elif not self._timed:
            self._timed = True
            loop.call_later(SOON_S, self._tick)

    def cross(self) -> None:
        """Hand everything that was added to the thread now."""
        entries = []
        while self._pending:
            entries.append(self._pending.popleft())
        if entries:
            self._queue.put(entries)
        if self._empty is not None:
            self._empty()

    def signal(self, signal: Signal) -> None:
        """Tell the thread something, behind everything that was added before."""
        self.cross()
        self._queue.put(signal)

    def _turn(self) -> None:
        self._crossing = False
        self.cross()

    def _tick(self) -> None:
        self._timed = False
        self.cross()

    # ── the thread ──────────────────────────────────────────────────────────────────────────────

    def end(self, empty: Callable[[], None]) -> None:
        """Say that nobody takes any more: `empty` refuses what is there, and whatever still crosses."""
        self._empty = empty
        empty()

    def take(self, wait_s: float | None = 0.0) -> Entry | Signal | None:
        """Return the next record or signal; None after `wait_s` seconds without one (None waits for ever)."""
        if not self._opened:
            try:
                item = self._queue.get_nowait() if wait_s == 0 else self._queue.get(timeout=wait_s)
            except Empty:
                return None
            if isinstance(item, Signal):
                return item
            self._opened.extend(item)
        self._taken += 1
        return self._opened.popleft()
