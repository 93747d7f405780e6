"""One connection: answers find their calls however they are cut, and whatever is odd ends it."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import LedgerError
from gateway.ledger.redis_call import Call, Witnesses
from gateway.ledger.redis_line import Line
from gateway.ledger.redis_resp import bulk, resp

SHA = b"0" * 40
COMMAND = resp(b"EVALSHA", SHA, b"1", b"{a}key", b"argument")


class Wire:
    """A transport that writes down what is sent."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.is_closed = False

    def has_ended(self) -> bool:
        return self.is_closed

    def write(self, data: bytes) -> None:
        self.sent.append(data)

    def set_protocol(self, protocol: object) -> None:
        pass

    def is_closing(self) -> bool:
        return self.is_closed

    def abort(self) -> None:
        self.is_closed = True

    close = abort


class Owner:
    """Counts the lines that ended."""

    def __init__(self) -> None:
        self.dropped_lines = 0

    def dropped(self, line: Line) -> None:
        self.dropped_lines += 1


class Under:
    """A line under test, with its two ends."""

    def __init__(self, witnesses: Witnesses | None = None) -> None:
        self.wire, self.owner = Wire(), Owner()
        self.strays: list[bytes | None] = []
        self.line = Line(self.owner, cast("asyncio.Transport", self.wire), 60, witnesses, None)

    def call(self, *, is_witnessed: bool = False) -> Call:
        call = Call(COMMAND, "return 1", self.strays.append, is_witnessed=is_witnessed)
        self.line.send(call)
        return call


async def test_calls_of_one_turn_leave_in_one_write() -> None:
    """None of them waits for another's answer, and none waits on purpose."""
    under = Under()
    first, second = under.call(), under.call()
    await asyncio.sleep(0)
    third = under.call()
    await asyncio.sleep(0)
    assert under.wire.sent == [COMMAND * 2, COMMAND]
    under.line.data_received(bulk(b"1") + bulk(b"2") + bulk(b"3"))
    assert [await each.answer for each in (first, second, third)] == [b"1", b"2", b"3"]


@given(
    answers=st.lists(st.binary(max_size=40), min_size=1, max_size=6),
    cuts=st.lists(st.integers(1, 30), max_size=40),
)
def test_answers_may_be_cut_anywhere(answers: list[bytes], cuts: list[int]) -> None:
    """Also within a length, and where an answer itself has line ends."""

    async def check() -> None:
        under = Under()
        calls = [under.call() for _ in answers]
        await asyncio.sleep(0)
        data = b"".join(map(bulk, answers))
        for cut in cuts:
            under.line.data_received(data[:cut])
            data = data[cut:]
        under.line.data_received(data)
        assert [await call.answer for call in calls] == answers

    asyncio.run(check())


@pytest.mark.parametrize("odd", [b"$1\r\n1\r\n", b"$-1\r\n", b"$99999999999\r\n", b"?\r\n", b"$x\r\n"])
async def test_an_odd_answer_ends_the_connection(odd: bytes) -> None:
    """An answer that nobody asked for would be taken for the next call's."""
    under = Under()
    if not odd.startswith(b"$1\r"):
        under.call()
        await asyncio.sleep(0)
    under.line.data_received(odd)
    assert under.wire.is_closed


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"OOM command not allowed", "ledger.full"),
        (b"BUSY Redis is busy running a script", "ledger.busy"),
        (b"LOADING Redis is loading the dataset", "ledger.unavailable"),
        (b"MISCONF can't persist", "ledger.unavailable"),
        (b"NOREPLICAS Not enough good replicas to write", "ledger.unavailable"),
    ],
)
async def test_a_server_that_did_nothing_leaves_nothing_to_undo(text: bytes, code: str) -> None:
    """Its own word says so."""
    under = Under()
    call = under.call()
    await asyncio.sleep(0)
    under.line.data_received(b"-" + text + b"\r\n")
    with pytest.raises(LedgerError, match=code):
        await call.answer
    assert under.strays == []


async def test_an_error_of_a_script_may_have_done_half() -> None:
    """So whatever it was is undone."""
    under = Under()
    call = under.call()
    await asyncio.sleep(0)
    under.line.data_received(b"-ERR user_script:1: something\r\n")
    with pytest.raises(LedgerError, match=r"ledger\.unavailable"):
        await call.answer
    assert under.strays == [None]


@pytest.mark.parametrize("word", [b"READONLY", b"MOVED 1 a:1", b"CLUSTERDOWN", b"NOAUTH"])
async def test_a_server_that_is_not_ours_any_more_is_left(word: bytes) -> None:
    """When the answers under way are there, the connection ends."""
    under = Under()
    first, second = under.call(), under.call()
    await asyncio.sleep(0)
    under.line.data_received(b"-" + word + b" x\r\n")
    assert not under.line.is_open
    assert not under.wire.is_closed
    under.line.data_received(bulk(b"2"))
    assert under.wire.has_ended()
    assert under.owner.dropped_lines == 1
    assert await second.answer == b"2"
    with pytest.raises(LedgerError):
        await first.answer


async def test_a_forgotten_script_is_sent_with_its_source() -> None:
    """The same keys and arguments, in one more turn."""
    under = Under()
    call = under.call()
    await asyncio.sleep(0)
    under.line.data_received(b"-NOSCRIPT No matching script\r\n")
    await asyncio.sleep(0)
    assert under.wire.sent[1] == resp(b"EVAL", b"return 1", b"1", b"{a}key", b"argument")
    under.line.data_received(bulk(b"1"))
    assert await call.answer == b"1"


@pytest.mark.parametrize("is_sent", [True, False])
async def test_a_connection_that_ends_leaves_what_was_sent_in_doubt(is_sent: bool) -> None:  # noqa: FBT001 - a parameter
    """What wasn't sent was never carried out."""
    under = Under()
    call = under.call()
    if is_sent:
        await asyncio.sleep(0)
    under.line.connection_lost(None)
    with pytest.raises(LedgerError, match=r"ledger\.unavailable"):
        await call.answer
    assert under.strays == ([None] if is_sent else [])


async def test_an_answer_that_nobody_waits_for_is_told() -> None:
    """Its caller has left; its place in the order is kept for it."""
    under = Under()
    gone, stays = under.call(), under.call()
    await asyncio.sleep(0)
    gone.answer.cancel()
    under.line.data_received(bulk(b"gone") + bulk(b"stays"))
    assert under.strays == [b"gone"]
    assert await stays.answer == b"stays"


@pytest.mark.parametrize("heard", [0, 1, 2])
async def test_replicas_are_asked_once_for_all_of_a_write(heard: int) -> None:
    """A call is answered when enough have heard of it; too few, and it is undone."""
    under = Under(Witnesses(1, 50))
    calls = [under.call(is_witnessed=True) for _ in range(2)]
    other = under.call()
    await asyncio.sleep(0)
    assert under.wire.sent == [COMMAND * 3 + resp(b"WAIT", b"1", b"50")]
    under.line.data_received(bulk(b"1") + bulk(b"2") + bulk(b"3"))
    assert [each.answer.done() for each in (*calls, other)] == [False, False, True]
    under.line.data_received(b":%d\r\n" % heard)
    if heard:
        assert [await each.answer for each in calls] == [b"1", b"2"]
    else:
        for each in calls:
            with pytest.raises(LedgerError, match="0 of 1 replicas"):
                await each.answer
    assert under.strays == ([] if heard else [b"1", b"2"])


async def test_what_waits_for_replicas_when_the_connection_ends_is_undone() -> None:
    """It was reserved; whether it would outlive the server nobody knows."""
    under = Under(Witnesses(1, 50))
    call = under.call(is_witnessed=True)
    await asyncio.sleep(0)
    under.line.data_received(bulk(b"1"))
    under.line.connection_lost(None)
    with pytest.raises(LedgerError):
        await call.answer
    assert under.strays == [b"1"]
