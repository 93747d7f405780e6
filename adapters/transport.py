"""The port through which an adapter sends a request and reads its answer; knows bytes, no wire format.

Whatever implements it must hold to this: it never follows a redirect, never reads proxies or credentials from
the environment, never asks for a compressed answer, never repeats a request except the one case that `post`
names, and never gives a connection back to its pool unless the answer on it was read to its end.
"""

from collections.abc import Mapping
from typing import Protocol

from adapters.contract import AdapterError


class TransportError(AdapterError):
    """The root of what an exchange can fail with."""

    code = "transport.error"


class Unreachable(TransportError):
    """No connection: refused, no route, no such name, TLS failed, or not within the time for it."""

    code = "transport.unreachable"


class TimedOut(TransportError):
    """The upstream was silent for longer than the request allows."""

    code = "transport.timed_out"


class Broken(TransportError):
    """The connection ended after the request was sent and before the answer was whole."""

    code = "transport.broken"


class Garbled(TransportError):
    """What came is no HTTP: a head, a length or a chunk that cannot be one."""

    code = "transport.garbled"


class TooLarge(TransportError):
    """The answer exceeds what its reader takes; a guard against an endless body."""

    code = "transport.too_large"


class Response(Protocol):
    """An answer whose head has arrived."""

    @property
    def status(self) -> int:
        """The final status; never 1xx."""

    def header(self, name: str) -> str | None:
        """The first value of a header, by its lower-case name."""

    async def read(self, limit_bytes: int, within_s: float) -> bytes:
        """The whole body.

        Args:
            limit_bytes: The largest body that is taken.
            within_s: Seconds from now to its end; a guard against a body that drips for ever.

        Raises:
            TooLarge: It exceeds `limit_bytes`.
            TimedOut: Two reads are further apart than the request allows, or `within_s` is over.
            Broken: It ends early.
            Garbled: Its framing is no HTTP.
        """

    async def read_some(self) -> bytes:
        """What has arrived, as soon as something has; empty at the body's end. Raises as `read` does."""

    async def finish(self) -> None:
        """Wait briefly for the body's end, so that the connection can be kept; close it otherwise."""

    def close(self) -> None:
        """Give the exchange up: closes the connection unless the body was read to its end."""


class Endpoint(Protocol):
    """One URL with the headers that never change; prepared once."""

    async def post(
        self,
        body: bytes,
        headers: Mapping[str, str],
        *,
        connect_timeout_s: float,
        first_byte_timeout_s: float,
        idle_timeout_s: float,
    ) -> Response:
        """Send one request and wait for the head of its answer.

        Sent a second time in one case only: a *reused* connection ended before any byte of an answer, which
        is what a server that closes idle connections looks like (RFC 9112 section 9.3.1).

        Raises:
            Unreachable: There was no connection to send it on.
            TimedOut: No head within `first_byte_timeout_s` of a connection.
            Broken: The connection ended before the head.
            Garbled: What came is no head.
        """


class Transport(Protocol):
    """Holds connections to upstreams; one per process."""

    def endpoint(self, url: str, headers: Mapping[str, str]) -> Endpoint:
        """Prepare a URL and the headers of each request to it."""

    async def close(self) -> None:
        """Close every connection."""
