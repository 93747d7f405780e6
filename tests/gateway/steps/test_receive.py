"""receive: what is refused before anybody is asked, and what is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Refused
from gateway.settings import Limits
from gateway.steps.receive import receive

if TYPE_CHECKING:
    from tests.gateway.conftest import Builders

LIMITS = Limits()
AUTHORIZED = {b"authorization": (b"Bearer t",)}
JSON = {b"content-type": (b"application/json",)}


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", "input.malformed"),
        (b"{", "input.malformed"),
        (b'{"model": "\xff"}', "input.malformed"),
        (b'{"model": "\\ud800"}', "input.malformed"),
        (b'{"model": NaN}', "input.malformed"),
        (b'\xef\xbb\xbf{"model": "m"}', "input.malformed"),
        (b"[]", "input.not_object"),
        (b"null", "input.not_object"),
        (b'"text"', "input.not_object"),
        (b'{"model":' + b"[" * 65 + b"]" * 65 + b"}", "input.too_deep"),
        (b'{"model":' + b"[" * 5000 + b"]" * 5000 + b"}", "input.malformed"),
        (b'{"model":' + b'{"a":' * 64 + b"1" + b"}" * 65, "input.too_deep"),
        (b"{}", "input.invalid"),
    ],
)
async def test_a_bad_body_has_a_code(payload: bytes, code: str, build: Builders) -> None:
    """Each way of being no chat request is told apart."""
    with pytest.raises(Refused) as refused:
        await receive(build.raw(payload), LIMITS)

    assert code == refused.value.code


@pytest.mark.parametrize(
    "headers",
    [
        AUTHORIZED,
        AUTHORIZED | {b"content-type": (b"text/plain",)},
        AUTHORIZED | {b"content-type": (b"application/x-www-form-urlencoded",)},
        AUTHORIZED | {b"content-type": (b"application/json", b"application/json")},
        AUTHORIZED | JSON | {b"content-encoding": (b"gzip",)},
    ],
)
async def test_only_plain_json_is_read(headers: dict[bytes, tuple[bytes, ...]], build: Builders) -> None:
    """A compressed body could unpack to any size, and two content types mean two readings."""
    with pytest.raises(Refused) as refused:
        await receive(build.raw(headers=headers), LIMITS)

    assert refused.value.code == "input.media_type"


async def test_unknown_fields_are_kept(build: Builders) -> None:
    """Providers add fields faster than gateways learn them."""
    call = await receive(build.raw(build.body(brand_new={"a": [1, 2.5, None]})), LIMITS)

    assert call.body["brand_new"] == {"a": [1, 2.5, None]}


async def test_the_fields_that_the_house_relies_on_are_read(build: Builders) -> None:
    """Model, stream, usage, limit, labels and the exact payload arrive in the call."""
    body = build.body(
        stream=True, stream_options={"include_usage": True}, max_tokens=7, n=2, metadata={"labels": "hr"}
    )
    call = await receive(build.raw(body), LIMITS)

    assert (
        call.model,
        call.stream,
        call.include_usage,
        call.max_tokens,
        call.choices,
        call.labels,
    ) == ("demo-small", True, True, 7, 2, ("hr",))
    assert orjson.dumps(body) == call.payload
    assert "metadata" not in call.body


@pytest.mark.parametrize(
    ("changes", "headers", "code", "param"),
    [
        ({"models": ["other"]}, {}, "input.invalid", "models"),
        ({"num_predict": -1}, {}, "input.invalid", "num_predict"),
        ({"n": 129}, {}, "input.out_of_bounds", "n"),
        ({"metadata": "labels=hr"}, {}, "input.invalid", "metadata"),
        ({}, {b"x_regent_labels": (b"hr",)}, "input.labels", "x-regent-labels"),
    ],
)
async def test_nothing_leads_around_a_decision(
    changes: dict[str, object],
    headers: dict[bytes, tuple[bytes, ...]],
    code: str,
    param: str,
    build: Builders,
) -> None:
    """Each check of the content is made here, before anybody is asked."""
    with pytest.raises(Refused) as refused:
        await receive(build.raw(build.body(**changes), headers=AUTHORIZED | JSON | headers), LIMITS)

    assert (code, param) == (refused.value.code, refused.value.param)


async def test_a_listing_has_no_body(build: Builders) -> None:
    """`/v1/models` reads nothing but the headers."""
    call = await receive(build.raw(b"not json", action="models.list", headers=AUTHORIZED), LIMITS)

    assert (call.action, call.model, call.payload) == ("models.list", "", b"")


@given(st.binary(max_size=200))
async def test_random_bytes_are_refused_with_a_code(payload: bytes) -> None:
    """Whatever arrives, the answer is a refusal of the input and nothing else."""
    from gateway.types import RawRequest  # noqa: PLC0415 - hypothesis can't be mixed with fixtures of a function

    async def read() -> bytes:
        return payload

    raw = RawRequest("chat.completions", "r", "d", AUTHORIZED | JSON, "127.0.0.1", 0, read)
    with pytest.raises(Refused) as refused:
        await receive(raw, LIMITS)

    assert refused.value.code.startswith("input.")


@given(st.recursive(st.none(), lambda inner: st.lists(inner, max_size=3), max_leaves=40), st.integers(4, 8))
async def test_depth_is_exactly_what_the_limit_says(value: object, limit: int) -> None:
    """A body at the limit passes and one level more doesn't, wherever the depth is."""
    from gateway.types import RawRequest  # noqa: PLC0415 - as above

    def depth(node: object) -> int:
        return 1 + max((depth(child) for child in node), default=0) if isinstance(node, list) else 0

    payload = orjson.dumps({"model": "m", "messages": [{"role": "user"}], "x": value})

    async def read() -> bytes:
        return payload

    raw = RawRequest("chat.completions", "r", "d", AUTHORIZED | JSON, "127.0.0.1", 0, read)
    limits = Limits(json_depth=limit)
    if 1 + depth(value) > limit:
        with pytest.raises(Refused) as refused:
            await receive(raw, limits)
        assert refused.value.code == "input.too_deep"
    else:
        assert value == (await receive(raw, limits)).body["x"]
