"""One keep-alive HTTP/1.1 connection to an OPA server and one exchange on it; knows bytes, not policies.

A connection carries one exchange at a time. Whatever is odd about an answer (a byte too many, a byte
too few, a caller who left) closes it: HTTP/1.1 doesn't number its messages, so a connection in doubt
could hand one caller's decision to another.
"""

from __future__ import annotations

import asyncio
from typing import Protocol, cast

import httptools
from typing_extensions import override

from gateway.errors import EngineError

MAX_ANSWER_BYTES = 1024 * 1024
"""Head and body of one answer together: an endless answer must not fill the memory."""


class Exchange:
    """One request, and the one future that its answer, its failure, its deadline and its caller share.

    Args:
        request: head and body, ready to be written at once.
        answer: gets HTTP status and body, or an `EngineError`.
    """

    __slots__ = ("answer", "connection", "repeated", "request")

    def __init__(self, request: bytes, answer: asyncio.Future[tuple[int, bytes]]) -> None:
        self.request = request
        self.answer = answer
        self.connection: Connection | None = None
        self.repeated = False

    def abandon(self) -> None:
        """Nobody waits any more: a connection that still owes this answer can't serve another call."""
        if self.connection is not None:
            self.connection.abort()

    def fail(self, code: str, detail: str) -> None:
        """End with an `EngineError`, unless something else ended it before."""
        if not self.answer.done():
            self.answer.set_exception(EngineError(code, detail))


class Owner(Protocol):
    """**Protocol:** who is told what becomes of a connection."""

    def freed(self, connection: Connection) -> None:
        """Its exchange is complete and it may carry another."""
        ...

    def lost(self, connection: Connection, unserved: Exchange | None) -> None:
        """It is closed; `unserved` was sent on it after other exchanges and never got a byte."""
        ...


class Connection(asyncio.Protocol):
    """One TCP, TLS or unix-socket connection.

    Args:
        owner: the pool.
    """

    __slots__ = (
        "_body",
        "_complete",
        "_exchange",
        "_may_stay",
        "_owner",
        "_parser",
        "_received",
        "_served",
        "_status",
        "_transport",
    )

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._exchange: Exchange | None = None
        self._body: list[bytes] = []
        self._received = 0
        self._served = 0
        self._complete = False
        self._status = 0
        self._may_stay = False

    def send(self, exchange: Exchange) -> None:
        """Write a request; the connection must be idle."""
        exchange.connection = self
        self._exchange = exchange
        self._body = []
        self._received = 0
        self._complete = False
        if self._transport is not None:
            self._transport.write(exchange.request)

    @property
    def is_open(self) -> bool:
        """Whether requests can be sent: a connection may be lost before its dialler hears of its making."""
        return self._transport is not None

    def abort(self) -> None:
        """Close without waiting for anything."""
        if self._transport is not None:
            self._transport.abort()

    # What the event loop calls.

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        exchange = self._exchange
        if exchange is None or exchange.answer.done() or not self._may_repeat(exchange):
            self._end("engine.unavailable", "OPA closed the connection before the end of its answer")
            self._owner.lost(self, None)
        else:
            exchange.connection, exchange.repeated = None, True
            self._owner.lost(self, exchange)

    @override
    def data_received(self, data: bytes) -> None:
        exchange = self._exchange
        if exchange is None:  # an answer that nobody asked for would be taken for the next call's
            self.abort()
            return
        self._received += len(data)
        if self._received > MAX_ANSWER_BYTES:
            self._refuse(f"the answer is longer than {MAX_ANSWER_BYTES} bytes")
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._refuse("the answer is not one HTTP/1.1 response")
            return
        if self._complete:
            self._finish(exchange)

    # What the parser calls.

    def on_message_begin(self) -> None:
        """A second answer to one request is refused: it would be taken for the next call's."""
        if self._complete:
            raise httptools.HttpParserError("more than one response")

    def on_body(self, body: bytes) -> None:
        """A part of the body, of any length."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """The answer is whole; only now does the parser still know what its head said."""
        self._complete = True
        self._status = self._parser.get_status_code()
        self._may_stay = self._parser.should_keep_alive()

    # How an exchange ends.

    def _may_repeat(self, exchange: Exchange) -> bool:
        return self._served > 0 and self._received == 0 and not exchange.repeated

    def _finish(self, exchange: Exchange) -> None:
        exchange.connection = self._exchange = None
        self._served += 1
        if not exchange.answer.done():
            body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
            exchange.answer.set_result((self._status, body))
        if self._may_stay:
            self._owner.freed(self)
        else:
            self.abort()

    def _refuse(self, detail: str) -> None:
        self._end("engine.error", detail)
        self.abort()

    def _end(self, code: str, detail: str) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.connection = None
            exchange.fail(code, detail)
