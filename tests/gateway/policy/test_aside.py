"""What blocks runs beside the loop."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from gateway.policy.aside import Aside


class Large:
    """Something that should not be kept."""


async def test_jobs_run_one_after_the_other_on_one_thread_of_their_own(jobs: Aside) -> None:
    """The loop's thread isn't among them."""
    names = await asyncio.gather(*(jobs.run(threading.get_ident) for _ in range(5)))

    assert len(set(names)) == 1
    assert names[0] != threading.get_ident()


async def test_what_a_job_raises_reaches_who_waits(jobs: Aside) -> None:
    """And the next job runs."""
    with pytest.raises(ZeroDivisionError):
        await jobs.run(lambda: 1 // 0)

    assert await jobs.run(lambda: 7) == 7


async def test_the_thread_keeps_nothing_of_a_job(jobs: Aside) -> None:
    """It sleeps for hours between two bundles: the first one must not live as long."""
    seen = weakref.ref(await jobs.run(Large))
    await jobs.run(lambda: None)
    gc.collect()

    assert seen() is None


async def test_who_stops_waiting_disturbs_nobody(jobs: Aside) -> None:
    """A result that nobody wants any more is dropped."""
    begun, go_on = threading.Event(), threading.Event()

    def job() -> None:
        begun.set()
        go_on.wait(10)

    task = asyncio.ensure_future(jobs.run(job))
    await asyncio.to_thread(begun.wait, 10)
    task.cancel()
    go_on.set()

    assert await jobs.run(lambda: 7) == 7
