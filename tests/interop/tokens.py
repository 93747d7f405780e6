"""A way to a server that wants a token, for readers that send none: each request goes on with the header."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import threading
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator

IDLE_S: Final = 5.0


class _Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = False


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_S

    def __init__(self, port: int, prefix: str, token: str, *arguments: Any) -> None:
        self._port, self._prefix, self._token = port, prefix, token
        super().__init__(*arguments)

    def do_GET(self) -> None:
        """Ask behind the prefix, and pass the answer on."""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)) as there:
            there.request("GET", self._prefix + self.path, headers={"authorization": f"Bearer {self._token}"})
            answer = there.getresponse()
            body = answer.read()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers["content-type"])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing; a reader asks for hundreds of files."""


@contextlib.contextmanager
def with_token(port: int, prefix: str, token: str) -> Iterator[str]:
    """Forward what is asked to a server on the loopback, with a bearer token; the value is the address.

    Args:
        port: of the server.
        prefix: of its paths.
        token: to send.
    """
    with _Server(("127.0.0.1", 0), partial(_Handler, port, prefix, token)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()
