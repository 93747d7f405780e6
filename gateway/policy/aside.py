"""Runs what blocks beside the event loop: one thread, which nobody waits for when the gateway stops.

The loop's own pool would be joined at the end of the process, so a disk that hangs would hang the stop too.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")
_Job = tuple["Callable[[], Any]", "asyncio.AbstractEventLoop", "asyncio.Future[Any]"]


class Aside:
    """A thread that runs one job after the other; it starts with the first.

    Args:
        name: what the thread is called.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    async def run(self, job: Callable[[], _T]) -> _T:
        """Run `job` there and wait for what it returns, or raises."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            self._thread.start()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[_T] = loop.create_future()
        self._jobs.put((job, loop, done))
        return await done

    def close(self) -> None:
        """Let the thread end after the job that it is at."""
        self._jobs.put(None)

    def _work(self) -> None:
        while (given := self._jobs.get()) is not None:
            job, loop, done = given
            result, error = None, None
            try:
                result = job()
            except BaseException as raised:  # noqa: BLE001 - whatever it is, it belongs to who waits
                error = raised
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(_settle, done, result, error)
            # The next job may be hours away; what this one made must not live until then.
            del given, job, done, result, error


def _settle(done: asyncio.Future[Any], result: object, error: BaseException | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(result)
    else:
        done.set_exception(error)
