"""Operational log lines: one JSON object a line, no prompt, no token, no subject; written in batches.

structlog shapes the lines. They are buffered and written once per turn of the event loop, because a
write and a flush for each would cost more than deciding the request.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import stat
import sys
import time
from functools import partial
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
        self._send = _sender()
        self._rest = b""
        self._dropped = 0

    def write(self, lines: bytes) -> None:
        """Write whole lines, or drop them."""
        notice = b""
        if self._dropped:
            event = {
                "t_us": time.time_ns() // 1000,
                "level": "warning",
                "event": "log.dropped",
                "lines": self._dropped,
            }
            notice = orjson.dumps(event) + b"\n"
        taken = self._rest + notice + lines
        try:
            sent = self._send(taken)
        except BlockingIOError:
            sent = 0
        if sent <= len(self._rest):
            self._rest = self._rest[sent:]
            self._dropped += lines.count(b"\n")
        else:
            # What a full pipe took begins a line, and its end must follow before anything else.
            end = taken.find(b"\n", sent - 1) + 1 if sent < len(taken) else len(taken)
            self._rest = taken[sent:end]
            self._dropped = taken[end:].count(b"\n")


def _sender() -> Callable[[bytes], int]:
    """How to hand bytes to standard error without waiting; none of them where it is closed.

    Whether to wait is a property of an opening, and whoever else has ours open must not be changed with it:
    a pipe or a terminal is opened once more, a socket is told with each call, and a file never waits.
    """
    if sys.stderr is None:
        return len
    fd = sys.stderr.fileno()
    mode = os.fstat(fd).st_mode
    if stat.S_ISSOCK(mode):
        sender = socket.socket(fileno=os.dup(fd))
        return lambda data: sender.send(data, socket.MSG_DONTWAIT)
    if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode):
        with contextlib.suppress(OSError):
            fd = os.open(f"/proc/self/fd/{fd}", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    return partial(os.write, fd)


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
