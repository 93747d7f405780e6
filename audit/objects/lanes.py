"""A few threads that work side by side, with hardly anything waiting before them; a failure stops all.

Daemon threads, unlike an executor's: a server that doesn't answer must not hold up the end of a process.
"""

from collections.abc import Callable
from queue import Queue
from threading import Lock, Thread
from typing import Self

from audit.errors import LogDamaged

Job = Callable[[], int]


class Lanes:
    """Threads, as long as it is entered; used from one thread.

    Args:
        count: how many.
    """

    def __init__(self, count: int) -> None:
        self._jobs: Queue[Job | None] = Queue(1)  # what waits holds memory
        self._lock = Lock()
        self._failure: BaseException | None = None
        self._sum = 0
        self._threads = [Thread(target=self._work, name=f"lane-{n}", daemon=True) for n in range(count)]

    def __enter__(self) -> Self:
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Let them end, after what they are at; whatever waits is dropped if something has failed."""
        for _each in self._threads:
            self._jobs.put(None)
        for each in self._threads:
            each.join()

    def submit(self, job: Job) -> None:
        """Have a job done, once there is room for it.

        Raises:
            what an earlier job raised.
        """
        self._check()
        self._jobs.put(job)

    def drain(self) -> int:
        """Wait until everything is done; return the sum of what the jobs have returned since the last time.

        Raises:
            what a job raised; evidence before anything else.
        """
        self._jobs.join()
        self._check()
        done, self._sum = self._sum, 0
        return done

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                if self._failure is None:
                    done = job()
                    with self._lock:
                        self._sum += done
            except BaseException as error:  # noqa: BLE001 - it is raised where the job came from
                with self._lock:
                    if self._failure is None or isinstance(error, LogDamaged):
                        self._failure = error
            finally:
                self._jobs.task_done()
        self._jobs.task_done()
