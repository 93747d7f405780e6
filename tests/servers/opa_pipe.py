"""A connection to a running OPA that takes thousands of questions a second; knows no question itself."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any, Final

import httptools

if TYPE_CHECKING:
    from collections.abc import Sequence

_WINDOW: Final = 32  # requests on their way at once; OPA answers them in order


class Pipe:
    """A connection to OPA on which requests do not wait for the answers to the ones before."""

    def __init__(self, url: str) -> None:
        host, _, port = url.removeprefix("http://").partition(":")
        self._socket = socket.create_connection((host, int(port)), timeout=60)
        self._parser = httptools.HttpResponseParser(self)
        self._parts: list[bytes] = []
        self._answers: list[tuple[int, bytes]] = []

    def on_body(self, part: bytes) -> None:
        """Take a part of an answer."""
        self._parts.append(part)

    def on_message_complete(self) -> None:
        """Put an answer with the others."""
        self._answers.append((self._parser.get_status_code(), b"".join(self._parts)))
        self._parts = []

    def put(self, path: str, document: Any) -> None:
        """Replace a base document."""
        [(status, answer)] = self._send([f"PUT /v1/data/{path}"], document)
        assert status in {200, 204}, answer

    def ask(self, entrypoints: Sequence[str], document: Any, *, strict: bool) -> list[tuple[int, bytes]]:
        """Ask one question of each entrypoint; return the status and the body of each answer."""
        suffix = "?strict-builtin-errors" if strict else ""
        lines = [f"POST /v1/data/{entrypoint}{suffix}" for entrypoint in entrypoints]
        return self._send(lines, {"input": document})

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _send(self, lines: Sequence[str], document: Any) -> list[tuple[int, bytes]]:
        body = json.dumps(document).encode()
        tail = b" HTTP/1.1\r\nHost: opa\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
        self._answers = []
        for start in range(0, len(lines), _WINDOW):
            window = lines[start : start + _WINDOW]
            self._socket.sendall(b"".join(line.encode() + tail % (len(body), body) for line in window))
            while len(self._answers) < start + len(window):
                received = self._socket.recv(1 << 18)
                assert received, "OPA hung up"
                self._parser.feed_data(received)
        return self._answers
