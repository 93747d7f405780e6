"""Starting uvicorn: one process in place, or several workers under its supervisor."""

from __future__ import annotations

import ctypes
import logging
import multiprocessing
import os
import signal
import sys
from typing import TYPE_CHECKING

import uvicorn
from typing_extensions import override
from uvicorn.supervisors import Multiprocess

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from types import FrameType

    from gateway.settings import Server

_APP = "gateway.app:create"
_PROTOCOL = "gateway.http.server:RegentProtocol"
_READY_S = 30.0
_PR_SET_PDEATHSIG = 1  # prctl(2)


class LastLine(logging.Formatter):
    """Shows what uvicorn logs without its tracebacks, whose last line says what to mend."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        lines = record.getMessage().strip().splitlines() or [""]
        kind = record.exc_info[0] if record.exc_info else None
        return f"regent: {lines[-1]}{f' ({kind.__qualname__})' if kind else ''}"


_LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"last_line": {"()": LastLine}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "last_line"}},
    "loggers": {"uvicorn": {"handlers": ["stderr"], "level": "ERROR", "propagate": False}},
}


class _Announcing(uvicorn.Server):
    """A server that says when it is ready."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()

    @override
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # uvicorn would raise the signal again once it has stopped, and that would end this process before
        # the one beside it has merged what was logged last.
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True


class _AnnouncingWorkers(Multiprocess):
    """A supervisor that says when all workers are ready, and gives up if one can't start."""

    def __init__(self, config: uvicorn.Config, listener: socket.socket, announce: Callable[[], None]) -> None:
        super().__init__(config, sockets=[listener])
        self._announce = announce
        self.were_ready = False

    @override
    def init_processes(self) -> None:
        super().init_processes()
        self.were_ready = all(each.wait_until_ready(_READY_S, self.should_exit) for each in self.processes)
        if self.were_ready:
            self._announce()
        else:
            self.should_exit.set()


def follow_supervisor() -> None:
    """Make a worker process end with its supervisor: without it, it would hold the port for ever (Linux)."""
    supervisor = multiprocessing.parent_process()
    if supervisor is None or sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != supervisor.pid:
        # It ended before the kernel was asked to tell, so no signal comes.
        signal.raise_signal(signal.SIGTERM)


def run(server: Server, announce: Callable[[], None]) -> None:
    """Serve until a stop signal; open answers may finish within the grace time.

    Args:
        announce: called once calls are taken, by every worker if there are several.

    Raises:
        SystemExit: the listener couldn't be opened or the gateway couldn't start.
    """
    config = uvicorn.Config(
        _APP,
        factory=True,
        host=server.host,
        port=server.port,
        workers=server.workers,
        loop="uvloop",
        http=_PROTOCOL,
        ws="none",
        lifespan="on",
        log_config=_LOGGING,
        access_log=False,
        # A client-controlled header must not say who the client is.
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=server.stop_grace_s,
    )
    # Bound first: a port that is taken must not open a log.
    listener = config.bind_socket()
    ready = _one(config, listener, announce) if server.workers == 1 else _several(config, listener, announce)
    if not ready:
        raise SystemExit(1)


def _one(config: uvicorn.Config, listener: socket.socket, announce: Callable[[], None]) -> bool:
    only = _Announcing(config, announce)
    # A terminal that closes stops the gateway as any stop signal does, with its log closed in order.
    signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
    only.run([listener])
    return only.started


def _several(config: uvicorn.Config, listener: socket.socket, announce: Callable[[], None]) -> bool:
    workers = _AnnouncingWorkers(config, listener, announce)
    workers.run()
    return workers.were_ready
