"""Starting uvicorn: one process in place, or several workers under its supervisor."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import uvicorn
from typing_extensions import override
from uvicorn.supervisors import Multiprocess

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from gateway.settings import Server

_APP = "gateway.app:create"
_PROTOCOL = "gateway.http.server:RegentProtocol"


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
    "loggers": {"uvicorn": {"handlers": ["stderr"], "level": "WARNING", "propagate": False}},
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


def run(server: Server, announce: Callable[[], None]) -> None:
    """Serve until a stop signal; open answers may finish within the grace time.

    Args:
        announce: called once the listener is open (with several workers: once they are being started).

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
    if server.workers == 1:
        only = _Announcing(config, announce)
        only.run()
        if not only.started:
            raise SystemExit(1)
        return
    listener = config.bind_socket()
    announce()
    Multiprocess(config, sockets=[listener]).run()
