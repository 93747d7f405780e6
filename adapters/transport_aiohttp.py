"""The transport port on aiohttp: HTTP/1.1 with keep-alive, TLS by the system's trust store.

Knows aiohttp and nothing of wire formats.
Everything that aiohttp does by default and a gateway must not have is off: cookies, decompression,
redirects, the environment's proxies and netrc, default headers, a total time limit.
It is longer than others because what aiohttp does not tell is found out here and nowhere else.
"""

import asyncio
import errno
from collections.abc import Mapping
from contextlib import suppress
from contextvars import ContextVar
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING
from weakref import WeakSet

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from adapters.transport import Broken, Garbled, Response, TimedOut, TooLarge, TransportError, Unreachable

if TYPE_CHECKING:
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.client_reqrep import ClientRequest
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace

_ALWAYS: Mapping[str, str] = MappingProxyType(
    {
        "accept": "application/json, text/event-stream",
        "accept-encoding": "identity",
        "content-type": "application/json",
    }
)
_FINISH_WITHIN_S = 0.25
_FINISH_LIMIT_BYTES = 65_536
_STALE_ERRNO = frozenset({errno.ECONNRESET, errno.EPIPE})

# Set by the connector, in the task of the call, to whether the call's connection had served before.
_reused: ContextVar[bool] = ContextVar("reused", default=False)


class _Connector(aiohttp.TCPConnector):
    """Tells a call whether its connection is a reused one: only then may a request be sent twice."""

    def __init__(self) -> None:
        super().__init__(limit=0)
        self._seen: WeakSet[ResponseHandler] = WeakSet()

    async def connect(  # type: ignore[explicit-override]  # typing.override came with Python 3.12
        self,
        req: "ClientRequest",
        traces: list["Trace"],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's signature
    ) -> "Connection":
        """Get a connection as aiohttp does, and say whether it is a reused one."""
        connection = await super().connect(req, traces, timeout)
        protocol = connection.protocol
        if protocol is not None:
            _reused.set(protocol in self._seen)
            self._seen.add(protocol)
        return connection


class AiohttpTransport:
    """`adapters.transport.Transport` on one aiohttp session. Make it inside the running event loop."""

    def __init__(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=_Connector(),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("user-agent", "accept", "accept-encoding", "content-type"),
            timeout=aiohttp.ClientTimeout(),
            trust_env=False,
        )

    def endpoint(self, url: str, headers: Mapping[str, str]) -> "AiohttpEndpoint":
        """See `Transport.endpoint`."""
        return AiohttpEndpoint(self._session, URL(url, encoded=True), {**_ALWAYS, **headers})

    async def close(self) -> None:
        """See `Transport.close`."""
        await self._session.close()


class AiohttpEndpoint:
    """`adapters.transport.Endpoint`: URL and constant headers in aiohttp's own types."""

    def __init__(self, session: aiohttp.ClientSession, url: URL, headers: Mapping[str, str]) -> None:
        self._session = session
        self._url = url
        self._headers = CIMultiDict(headers)

    async def post(
        self,
        body: bytes,
        headers: Mapping[str, str],
        *,
        connect_timeout_s: float,
        first_byte_timeout_s: float,
        idle_timeout_s: float,
    ) -> Response:
        """See `Endpoint.post`."""
        limits = _limits(connect_timeout_s)
        every = self._headers.copy()
        every.update(headers)
        try:
            # One timer for all of it: it also ends an upstream that never takes the request, or that
            # sends informational answers for ever. aiohttp's own would start anew with each byte.
            async with asyncio.timeout(connect_timeout_s + first_byte_timeout_s):
                answer = await self._send(body, every, limits)
        except aiohttp.ConnectionTimeoutError as error:
            raise Unreachable from error
        except TimeoutError as error:
            raise TimedOut from error
        except aiohttp.ClientConnectorError as error:
            raise Unreachable from error
        except (aiohttp.ClientError, OSError) as error:
            # Not as its cause: aiohttp's error shows the request's headers, the key among them.
            kind = Garbled if isinstance(error, aiohttp.ClientResponseError) else Broken
            raise kind(type(error).__name__) from None
        return AiohttpResponse(answer, first_byte_timeout_s, idle_timeout_s)

    async def _send(
        self, body: bytes, headers: CIMultiDict[str], limits: aiohttp.ClientTimeout
    ) -> aiohttp.ClientResponse:
        try:
            return await self._send_once(body, headers, limits)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            if not (_reused.get() and _is_stale(error)):
                raise
        return await self._send_once(body, headers, limits)

    async def _send_once(
        self, body: bytes, headers: CIMultiDict[str], limits: aiohttp.ClientTimeout
    ) -> aiohttp.ClientResponse:
        _reused.set(False)
        return await self._session.post(
            self._url, data=body, headers=headers, timeout=limits, allow_redirects=False
        )


class AiohttpResponse:
    """`adapters.transport.Response`.

    Args:
        answer: aiohttp's, with its head read.
        first_byte_timeout_s: For the body's first byte.
        idle_timeout_s: For each byte after it.
    """

    def __init__(
        self, answer: aiohttp.ClientResponse, first_byte_timeout_s: float, idle_timeout_s: float
    ) -> None:
        self._answer = answer
        self.status: int = answer.status
        self._taken_bytes = 0
        self._limit_s = first_byte_timeout_s
        self._idle_timeout_s = idle_timeout_s
        self._waiting_since_s: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def header(self, name: str) -> str | None:
        """See `Response.header`."""
        return self._answer.headers.get(name)

    async def read(self, limit_bytes: int, within_s: float) -> bytes:
        """See `Response.read`."""
        if (self._answer.content_length or 0) > limit_bytes:
            self.close()
            raise TooLarge
        if self._answer.content.is_eof():  # came with its head: no timer for what cannot be late
            return await self._read_all(limit_bytes)
        try:
            async with asyncio.timeout(within_s):
                return await self._read_all(limit_bytes)
        except TimeoutError as error:
            self.close()
            raise TimedOut from error

    async def _read_all(self, limit_bytes: int) -> bytes:
        pieces: list[bytes] = []
        size_bytes = 0
        while piece := await self.read_some():
            pieces.append(piece)
            size_bytes += len(piece)
            if size_bytes > limit_bytes:
                self.close()
                raise TooLarge
        return b"".join(pieces)

    async def read_some(self) -> bytes:
        """See `Response.read_some`."""
        content = self._answer.content
        if content.total_bytes == self._taken_bytes and not content.is_eof():
            self._watch()
        try:
            piece = await content.readany()
        except TimeoutError as error:
            garbled = self._is_garbled()
            self.close()
            raise (Garbled if garbled else TimedOut) from error
        except (aiohttp.ClientError, OSError) as error:
            self.close()
            raise Broken(type(error).__name__) from None
        self._waiting_since_s = None
        self._limit_s = self._idle_timeout_s
        self._taken_bytes += len(piece)
        return piece

    def _is_garbled(self) -> bool:
        """Whether the silence is aiohttp's: it tells bad framing to the connection, never to who reads."""
        connection = self._answer.connection
        protocol = None if connection is None else connection.protocol
        return protocol is not None and protocol.exception() is not None

    def _watch(self) -> None:
        """Note that a wait begins. One timer serves all waits of an answer: arming one for each is dearer."""
        loop = asyncio.get_running_loop()
        self._waiting_since_s = loop.time()
        if self._timer is None:
            self._timer = loop.call_later(self._limit_s, self._look, loop)
        elif self._timer.when() > self._waiting_since_s + self._limit_s:
            self._timer.cancel()
            self._timer = loop.call_later(self._limit_s, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """End a wait that is over its limit, else look again when it would be."""
        waited_s = 0.0 if self._waiting_since_s is None else loop.time() - self._waiting_since_s
        if self._waiting_since_s is not None and waited_s >= self._limit_s:
            self._answer.content.set_exception(TimeoutError())
            return
        self._timer = loop.call_later(self._limit_s - waited_s, self._look, loop)

    async def finish(self) -> None:
        """See `Response.finish`."""
        if not self._answer.content.at_eof():
            with suppress(TransportError):  # the answer is whole; only the connection is lost
                await self.read(_FINISH_LIMIT_BYTES, _FINISH_WITHIN_S)
        self.close()

    def close(self) -> None:
        """See `Response.close`."""
        if self._timer is not None:
            self._timer.cancel()
        self._answer.close()


def _is_stale(error: aiohttp.ServerDisconnectedError | aiohttp.ClientOSError) -> bool:
    """Whether the connection ended without one byte of an answer, as far as aiohttp tells."""
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return isinstance(error.message, str)  # else it is the head, as far as it had come
    return error.errno in _STALE_ERRNO


@lru_cache(maxsize=64)
def _limits(connect_s: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, sock_connect=connect_s)
