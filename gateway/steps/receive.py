"""receive: bytes -> Call. Size, depth and encoding limits; the few fields the house relies on; the rest kept.

Nothing here knows who calls or what policy says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from gateway.content import chat, fields, labels, tags
from gateway.errors import Refused
from gateway.types import Call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.settings import Limits
    from gateway.types import RawRequest


async def receive(raw: RawRequest, limits: Limits) -> Call:
    """Read and check what the client sent.

    Raises:
        Refused: an `input.*` code.
    """
    if raw.action == "models.list":
        return _bare(raw)
    payload, body = await read_object(raw, limits)
    fields.check(body)
    return Call(
        action=raw.action,
        request_id=raw.request_id,
        decision_id=raw.decision_id,
        client_ip=raw.client_ip,
        received_us=raw.received_us,
        model=chat.model(body),
        stream=chat.flag(body, "stream"),
        include_usage=chat.include_usage(body),
        max_tokens=chat.completion_limit(body),
        choices=chat.choices(body),
        tools=chat.tools(body),
        modalities=chat.modalities(body),
        labels=labels.declared(raw.headers, body),
        body=labels.undeclared(body),
        tags=tags.declared(body),
        payload=payload,
    )


async def read_object(raw: RawRequest, limits: Limits) -> tuple[bytes, Mapping[str, object]]:
    """Read a JSON object; return its bytes and what they say.

    Raises:
        Refused: an `input.*` code.
    """
    _check_media_type(raw)
    payload = await raw.read_body()
    return payload, _object(payload, limits.json_depth)


def _bare(raw: RawRequest) -> Call:
    return Call(
        action=raw.action,
        request_id=raw.request_id,
        decision_id=raw.decision_id,
        client_ip=raw.client_ip,
        received_us=raw.received_us,
        labels=labels.declared(raw.headers, {}),
    )


def _check_media_type(raw: RawRequest) -> None:
    """Only plain JSON: a compressed body could unpack to any size."""
    types = raw.values(b"content-type")
    media_type = types[0].split(b";")[0].strip().lower() if len(types) == 1 else b""
    encodings = raw.values(b"content-encoding")
    if media_type != b"application/json" or any(value.strip().lower() != b"identity" for value in encodings):
        raise Refused("input.media_type")


def _object(payload: bytes, depth: int) -> Mapping[str, object]:
    try:
        body = orjson.loads(payload)
    except orjson.JSONDecodeError:
        raise Refused("input.malformed") from None
    if not isinstance(body, dict):
        raise Refused("input.not_object")
    # Counting brackets is cheap and can only overstate the depth; most bodies pass here.
    if payload.count(b"[") + payload.count(b"{") > depth and _is_deeper(body, depth):
        raise Refused("input.too_deep")
    return body


def _is_deeper(value: object, depth: int) -> bool:
    """Whether `value` nests deeper than `depth`; level by level: recursion is the attack's target."""
    level = [value]
    for _ in range(depth):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)  # type: ignore[attr-defined]
            if isinstance(child, (dict, list))
        ]
        if not level:
            return False
    return True
