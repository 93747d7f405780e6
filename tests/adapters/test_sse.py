"""The SSE splitter: any cut, any line end, the same events; nothing unbounded."""

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.sse import Event, Splitter, parse
from adapters.transport import TooLarge

_LIMIT = 1 << 20


def _events(pieces: list[bytes]) -> list[Event]:
    splitter = Splitter(_LIMIT)
    blocks = [block for piece in pieces for block in splitter.feed(piece)]
    return [event for event in map(parse, blocks) if event is not None]


def _cut(stream: bytes, cuts: list[int]) -> list[bytes]:
    at = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    return [stream[start:end] for start, end in itertools.pairwise(at)]


_LINE = st.one_of(
    st.text(st.characters(exclude_characters="\r\n", codec="utf-8"), max_size=12).map(
        lambda text: f"data: {text}"
    ),
    st.sampled_from(["data:{}", "data", ": comment", "event: error", "id: 7", "retry: 10", "", "", "x"]),
)
_STREAM = st.lists(st.tuples(_LINE, st.sampled_from(["\n", "\r\n", "\r"])), max_size=30).map(
    lambda lines: "".join(line + end for line, end in lines).encode()
)


@given(_STREAM, st.lists(st.integers(min_value=0), max_size=20))
@example(b"data: a\r\n\r\ndata: b\r\n\r\n", [8, 9, 10])
@example(b"data: a\n\n\n\ndata: b\n\n", [9, 10])
@example(b"data: a\r\rdata: b\r\r", [9])
def test_any_cut_gives_the_same_events(stream: bytes, cuts: list[int]) -> None:
    """Where the network cuts a stream changes nothing, inside CRLF and UTF-8 included."""
    assert _events([stream]) == _events(_cut(stream, cuts))


@given(_STREAM)
def test_events_are_those_of_the_standard(stream: bytes) -> None:
    """A line-by-line reading, as the standard words it, finds the same events."""
    expected = []
    name, data = "", list[str]()
    for line in stream.decode().replace("\r\n", "\n").replace("\r", "\n").split("\n")[:-1]:
        field, colon, value = line.partition(":")
        value = value.removeprefix(" ") if colon else ""
        if not line:
            expected += [Event(name.encode(), "\n".join(data).encode())] if data else []
            name, data = "", []
        elif field == "data":
            data.append(value)
        elif field == "event":
            name = value
    assert expected == _events([stream])


def test_an_event_is_given_out_by_its_last_byte() -> None:
    """No event waits for the next one, whatever ends its lines."""
    for end in (b"\n\n", b"\r\n\r\n", b"\r\n\r", b"\r\r"):
        assert [Event(b"", b"x")] == _events([b"data: x" + end])


def test_byte_order_mark_is_dropped() -> None:
    """A stream may start with one."""
    assert [Event(b"", b"{}")] == _events([b"\xef\xbb\xbfdata: {}\n\n"])


def test_rest_is_what_the_end_cut_short() -> None:
    """An event without its empty line is left over, not lost."""
    splitter = Splitter(_LIMIT)
    assert splitter.feed(b"data: 1\n\ndata: [DONE]\n") == [b"data: 1"]
    assert splitter.rest() == b"data: [DONE]"


def test_an_endless_event_is_refused() -> None:
    """An upstream that never ends an event cannot fill the memory."""
    splitter = Splitter(10)
    assert splitter.feed(b"data: 4567") == []
    with pytest.raises(TooLarge):
        splitter.feed(b"8")
