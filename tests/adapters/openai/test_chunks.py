"""The byte searches that spare parsing agree with a parser on every chunk."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.contract import UpstreamCode, UpstreamError
from adapters.openai.chunks import Chunks

_TEXT = st.one_of(
    st.text(max_size=20), st.sampled_from(["usage", "error", ',"usage":null', '"finish_reason":"x"', "\\"])
)
_DELTA = st.fixed_dictionaries(
    {}, optional={"content": _TEXT, "reasoning": _TEXT, "role": st.just("assistant")}
)
_CHOICE = st.fixed_dictionaries(
    {
        "index": st.integers(0, 1),
        "delta": _DELTA,
        "finish_reason": st.sampled_from([None, None, "stop", "length"]),
    }
)
_USAGE = st.one_of(st.none(), st.just({"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}))
_CHUNK = st.fixed_dictionaries(
    {"id": st.just("c"), "model": st.just("m"), "choices": st.lists(_CHOICE, min_size=1, max_size=2)},
    optional={"usage": _USAGE, "x": _TEXT},
)


@given(st.lists(_CHUNK, max_size=8), st.booleans(), st.booleans())
def test_a_chunk_keeps_all_but_its_usage(sent: list[dict[str, Any]], asked: bool, spaced: bool) -> None:  # noqa: FBT001 - drawn values
    """Whatever the text says and however JSON is spaced: choices stay, usage goes, facts are found."""
    chunks = Chunks(include_usage=asked, choices=2, secret=None)
    finished, last_usage = set(), None
    for chunk in sent:
        dumped = orjson.dumps(chunk, option=orjson.OPT_INDENT_2) if spaced else orjson.dumps(chunk)
        passed = chunks.take(dumped)
        assert passed is not None
        got = orjson.loads(passed)
        expected = {name: value for name, value in chunk.items() if name != "usage"}
        assert expected == {name: value for name, value in got.items() if name != "usage"}
        assert ("usage" in chunk and asked) == ("usage" in got)
        assert got.get("usage") is None
        last_usage = chunk.get("usage") or last_usage
        finished |= {choice["index"] for choice in chunk["choices"] if choice["finish_reason"]}
    assert (len(finished) == 2) == chunks.finished
    assert (last_usage is not None) == (chunks.usage is not None)
    assert (asked and last_usage is not None) == (chunks.usage_chunk() is not None)


def test_deep_nesting_is_malformed() -> None:
    """A chunk that can be read but not written again is refused where it would have to be changed."""
    chunks = Chunks(include_usage=False, choices=1, secret=None)
    deep = b"[" * 500 + b"]" * 500
    with pytest.raises(UpstreamError) as caught:
        chunks.take(b'{"choices":[{"index":0}],"usage":{"prompt_tokens":1},"x":' + deep + b"}")
    assert caught.value.code == UpstreamCode.MALFORMED


def test_null_usage_beside_a_real_one() -> None:
    """A nested null does not hide the usage from the search."""
    chunks = Chunks(include_usage=True, choices=1, secret=None)
    chunks.take(b'{"id":"c","choices":[{"index":0}]}')
    usage = b'{"prompt_tokens":1,"completion_tokens":2}'
    chunks.take(b'{"id":"c","choices":[{"index":0}],"x":{"usage":null},"usage":' + usage + b"}")
    assert chunks.usage is not None
