"""One connection, asked by one thread at a time, which waits for the answer.

The log's writer is a thread and the sequencer a process, and neither has anything else to do meanwhile; so
asyncpg's loop runs only while somebody waits. Every failure becomes an `OSError` that says neither address
nor values: what the server complains about may quote a record.
"""

import asyncio
import errno
import os
from collections.abc import Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from audit.errors import LogUnavailable
from audit.postgres.target import Target

try:
    import asyncpg
except ImportError as error:
    raise LogUnavailable(
        "log.cannot_open", "a log in PostgreSQL needs asyncpg: pip install 'regent[postgres]'"
    ) from error

T = TypeVar("T")

MOVED = "RG001"
"""What the server's own functions answer where a writer's log isn't as far as its writer believed."""

_PLAIN = ("08", "28", "3D", "53", "55", "57")
"""Classes whose messages name settings, roles and databases, and no values."""

_GONE = ("08", "57P")
"""Classes that end the connection, or keep it from being made."""

_NUMBERS = {
    "53100": errno.ENOSPC,
    "42501": errno.EACCES,
    "25006": errno.EROFS,
    "55P03": errno.EAGAIN,
    "57014": errno.ETIMEDOUT,
    MOVED: errno.ESTALE,
}


class Session:
    """A connection that is made when it is first needed, and anew after `drop`.

    Args:
        target: which database.
        name: what the server's administrator sees.

    Attributes:
        lock_timeout_ms: how long a statement may wait for a lock.
    """

    def __init__(self, target: Target, name: str) -> None:
        self.target = target
        self.lock_timeout_ms = round(target.timeout_s * 800)
        self._settings = {
            "application_name": name[:63],
            "search_path": target.schema,
            "timezone": "UTC",
            "statement_timeout": str(round(target.timeout_s * 1000)),
            "lock_timeout": str(self.lock_timeout_ms),
            "idle_in_transaction_session_timeout": "60000",
            # A machine that is gone gives its locks back within half a minute.
            "client_connection_check_interval": "5000",
            "tcp_keepalives_idle": "10",
            "tcp_keepalives_interval": "5",
            "tcp_keepalives_count": "3",
        }
        # A little longer than the server's own patience: what it has given up, it has given up for certain.
        self._patience_s = target.timeout_s * 1.2
        self._loop = asyncio.new_event_loop()
        self._connection: Any = None

    def fetch(self, query: str, *values: object) -> list[Any]:
        """Return the rows that a query gives.

        Raises:
            OSError: it can't be asked, it refuses, or it took too long.
        """
        with _told():
            return list(self._wait(self._opened().fetch(query, *values, timeout=self._patience_s)))

    def row(self, query: str, *values: object) -> Any:
        """Return the first row of a query, None of none; raises as `fetch`."""
        rows = self.fetch(query, *values)
        return rows[0] if rows else None

    def run(self, query: str, *values: object) -> str:
        """Run a statement and return what it did, as `UPDATE 1`; without values it may be several.

        Raises:
            OSError: as for `fetch`.
        """
        with _told():
            return str(self._wait(self._opened().execute(query, *values, timeout=self._patience_s)))

    def run_many(self, query: str, rows: Sequence[tuple[object, ...]]) -> None:
        """Run a statement for each row, all or none; raises as `fetch`."""
        with _told():
            self._wait(self._opened().executemany(query, rows, timeout=self._patience_s))

    def drop(self) -> None:
        """Cut the connection, whatever is on its way; harmless when repeated."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._wait(_cut(connection))

    def close(self) -> None:
        """Part in good order, for good; harmless when repeated."""
        if self._loop.is_closed():
            return
        connection, self._connection = self._connection, None
        if connection is not None:
            self._wait(_part(connection))
        self._loop.close()

    def _opened(self) -> Any:
        if self._connection is None:
            self._connection = self._wait(
                asyncpg.connect(self.target.dsn, timeout=self._patience_s, server_settings=self._settings)
            )
        return self._connection

    def _wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return self._loop.run_until_complete(coroutine)
        # Whoever asks from a loop blocks it and knows so; but two loops can't run in one thread.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(self._loop.run_until_complete, coroutine).result()


async def _cut(connection: Any) -> None:
    connection.terminate()
    await asyncio.sleep(0)  # the socket is closed in the loop's next turn


async def _part(connection: Any) -> None:
    try:
        await connection.close(timeout=1)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
        connection.terminate()
        await asyncio.sleep(0)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except TimeoutError:
        raise OSError(errno.ETIMEDOUT, "the database took too long") from None
    except asyncpg.PostgresError as error:
        raise _refusal(error) from None
    except (asyncpg.InterfaceError, asyncpg.InternalClientError, EOFError):
        raise OSError(errno.ECONNRESET, "the connection to the database is gone") from None
    except OSError as error:
        said = os.strerror(error.errno) if error.errno else "it was cut"
        raise OSError(error.errno or errno.ECONNRESET, f"no connection to the database: {said}") from None
    except ValueError:
        raise OSError(errno.EINVAL, "the DSN is not usable (its text is not shown here)") from None


def _refusal(error: asyncpg.PostgresError) -> OSError:
    state = str(error.sqlstate)
    said = str(error.args[0]) if error.args and state.startswith(_PLAIN) else type(error).__name__
    number = _NUMBERS.get(state, errno.ECONNRESET if state.startswith(_GONE) else errno.EIO)
    return OSError(number, f"the database refused: {said} ({state})")
