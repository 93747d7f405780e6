"""Operational log lines: one JSON object a line, no prompt, no token, no subject; written in batches.

structlog shapes the lines. They are buffered and written once per turn of the event loop, because a
write and a flush for each would cost more than deciding the request.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from typing import TYPE_CHECKING

import orjson
import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping
    from typing import Any

    from gateway.settings import Log
    from gateway.types import Trail


class BatchedLines:
    """A structlog logger that collects lines and writes them together.

    Args:
        write: takes the bytes of whole lines; standard error's buffer in production.
    """

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._lines: list[bytes] = []

    def msg(self, line: bytes) -> None:
        """Take one line; it is written at the end of this turn of the loop, or at once without a loop."""
        self._lines.append(line)
        if len(self._lines) == 1:
            try:
                asyncio.get_running_loop().call_soon(self.flush)
            except RuntimeError:
                self.flush()

    debug = info = warning = error = critical = exception = msg

    def flush(self) -> None:
        """Write what was collected. A log that can't be written must not take the gateway down."""
        lines, self._lines = self._lines, []
        if lines:
            try:
                self._write(b"\n".join(lines) + b"\n")
            except OSError:
                return


_LOG = structlog.get_logger("regent")


def configure(settings: Log, write: Callable[[bytes], object] | None = None) -> None:
    """Set structlog up for this process."""
    target = BatchedLines(write or StandardError().write)
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    structlog.configure(
        processors=[_line],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: target,
        cache_logger_on_first_use=True,
    )


def _line(_: object, level: str, event: MutableMapping[str, Any]) -> bytes:
    """One line: time in microseconds UTC, level, event, and what belongs to it."""
    return orjson.dumps({"t_us": time.time_ns() // 1000, "level": level, **event}, default=str)


class StandardError:
    """Standard error, written without ever waiting for its reader.

    A reader that stalls would else stop every connection. Lines that don't fit into the pipe are dropped,
    and the next line that does says how many.
    """

    def __init__(self) -> None:
        self._fd = _own_description(sys.stderr.fileno())
        self._dropped = 0

    def write(self, lines: bytes) -> None:
        """Write whole lines, or drop them."""
        if self._dropped:
            told = {
                "t_us": time.time_ns() // 1000,
                "level": "warning",
                "event": "log.dropped",
                "lines": self._dropped,
            }
            lines = orjson.dumps(told) + b"\n" + lines
        try:
            os.write(self._fd, lines)
        except BlockingIOError:
            self._dropped += lines.count(b"\n")
        else:
            self._dropped = 0


def _own_description(fd: int) -> int:
    """The same file, opened once more where that is possible.

    Whether to wait is a property of the opening; whoever else has ours open must not be changed with it.
    """
    try:
        return os.open(f"/proc/self/fd/{fd}", os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return fd


def request(trail: Trail, now_us: int) -> None:
    """One line for one request."""
    fields: dict[str, Any] = {
        "request_id": trail.raw.request_id,
        "decision_id": trail.raw.decision_id,
        "action": trail.raw.action,
        "status": trail.delivery.status,
        "reason": trail.reason,
        "took_us": now_us - trail.raw.received_us,
    }
    if trail.reply is not None:
        fields["deployment"] = trail.reply.deployment.id
    _LOG.info("request", **fields)
