"""A folder served as C2SP tlog-tiles asks for it: kept connections, and 404 for what isn't there."""

from __future__ import annotations

import contextlib
import http.server
import threading
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

IDLE_S: Final = 5.0


class _Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128  # readers knock with many workers at once
    daemon_threads = False  # so that closing waits for them, and no socket is left open


class Answering(http.server.BaseHTTPRequestHandler):
    """Answers one file at a time over kept connections, and says nothing of it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_S

    def answer(self, status: int, kind: str, body: bytes) -> None:
        """Send a whole answer."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing; a reader asks for hundreds of files."""


class _Files(Answering):
    def __init__(self, folder: Path, *arguments: Any) -> None:
        self._folder = folder
        super().__init__(*arguments)

    def do_GET(self) -> None:
        """Answer with a file, or say plainly that there is none."""
        path = (self._folder / self.path.lstrip("/")).resolve()
        found = path.is_relative_to(self._folder) and path.is_file()
        body = path.read_bytes() if found else b""
        kind = "text/plain; charset=utf-8" if path.name == "checkpoint" else "application/octet-stream"
        self.answer(http.HTTPStatus.OK if found else http.HTTPStatus.NOT_FOUND, kind, body)


def serving(folder: Path) -> AbstractContextManager[str]:
    """Serve a folder on a free port of the loopback; the value is its address."""
    return listening(partial(_Files, folder.resolve()))


@contextlib.contextmanager
def listening(handler: Callable[..., Answering]) -> Iterator[str]:
    """Have requests to a free port of the loopback answered; the value is its address."""
    with _Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()
