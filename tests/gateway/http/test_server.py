"""The server's additions: one write per answer, and news of a client that left."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http.server import OneWrite

if TYPE_CHECKING:
    import asyncio

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"


class Wire:
    """A transport that remembers its writes."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        self.writes.append(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


def corked() -> tuple[Wire, OneWrite]:
    """A wire and the transport before it."""
    wire = Wire()
    return wire, OneWrite(cast("asyncio.Transport", wire))


def test_head_and_body_leave_in_one_write() -> None:
    """The second system call is saved; what follows is written as it comes."""
    wire, transport = corked()
    for data in (HEAD, b"ok", b"more", HEAD, b"ok"):
        transport.write(data)

    assert wire.writes == [HEAD + b"ok", b"more", HEAD + b"ok"]


def test_an_interim_answer_is_not_held_back() -> None:
    """`100 Continue` has no body to wait for, and the client waits for it."""
    wire, transport = corked()
    transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    assert wire.writes == [b"HTTP/1.1 100 Continue\r\n\r\n"]


def test_closing_sends_what_is_held() -> None:
    """An answer without a body consists of its head."""
    wire, transport = corked()
    transport.write(HEAD)
    transport.close()

    assert (wire.writes, wire.closed) == ([HEAD], True)


def test_everything_else_is_the_transports_own() -> None:
    """Uvicorn and its flow control see the real transport."""
    wire, transport = corked()
    wire.closed = True

    assert cast("asyncio.Transport", transport).is_closing()


@given(st.lists(st.sampled_from([HEAD, b"body", b"", b"HTTP/1.1 100 Continue\r\n\r\n"])))
def test_no_byte_is_lost_or_reordered(parts: list[bytes]) -> None:
    """Whatever is written arrives in order, once the transport is closed."""
    wire, transport = corked()
    for part in parts:
        transport.write(part)
    transport.close()

    assert b"".join(wire.writes) == b"".join(parts)


@pytest.mark.parametrize("data", [b"", b"x"])
def test_a_body_that_looks_like_nothing_special_passes(data: bytes) -> None:
    """Only heads are held."""
    wire, transport = corked()
    transport.write(data)

    assert wire.writes == [data]
