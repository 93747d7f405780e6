"""A way to a server that wants a token, for readers that send none: each request goes on with the header."""

from __future__ import annotations

import contextlib
import http.client
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.interop.http_folder import Answering, listening

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


class _Forwarding(Answering):
    def __init__(self, port: int, prefix: str, token: str, *arguments: Any) -> None:
        self._port, self._prefix, self._token = port, prefix, token
        super().__init__(*arguments)

    def do_GET(self) -> None:  # noqa: N802 - the library's name for it
        """Ask behind the prefix, and pass the answer on."""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)) as there:
            there.request("GET", self._prefix + self.path, headers={"authorization": f"Bearer {self._token}"})
            answer = there.getresponse()
            body = answer.read()
        self.answer(answer.status, answer.headers["content-type"], body)


def with_token(port: int, prefix: str, token: str) -> AbstractContextManager[str]:
    """Forward what is asked to a server on the loopback, with a bearer token; the value is the address.

    Args:
        port: of the server.
        prefix: of its paths.
        token: to send.
    """
    return listening(partial(_Forwarding, port, prefix, token))
