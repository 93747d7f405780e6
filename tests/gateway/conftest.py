"""Builders for the gateway's values: sane defaults, so that a test names only what it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from gateway.types import Allow, Call, Deployment, Origin, Principal, RawRequest, Route

if TYPE_CHECKING:
    from collections.abc import Callable

NOON_US = 1_800_000_000_000_000


def make_raw(body: object = None, **changes: Any) -> RawRequest:
    """A raw chat request with a bearer token; `body` is JSON-encoded unless it is bytes."""
    payload = body if isinstance(body, bytes) else orjson.dumps(body if body is not None else make_body())

    async def read() -> bytes:
        return payload

    fields: dict[str, Any] = {
        "action": "chat.completions",
        "request_id": "req_1",
        "decision_id": "0" * 32,
        "headers": {b"authorization": (b"Bearer t",), b"content-type": (b"application/json",)},
        "client_ip": "127.0.0.1",
        "received_us": NOON_US,
        "read_body": read,
    }
    return RawRequest(**{**fields, **changes})


def make_body(**changes: object) -> dict[str, object]:
    """The smallest chat body."""
    return {"model": "demo-small", "messages": [{"role": "user", "content": "Hello"}], **changes}


def make_call(**changes: Any) -> Call:
    """A received call."""
    fields: dict[str, Any] = {
        "action": "chat.completions",
        "request_id": "req_1",
        "decision_id": "0" * 32,
        "client_ip": "127.0.0.1",
        "received_us": NOON_US,
        "model": "demo-small",
        "modalities": ("text",),
        "body": make_body(),
        "payload": orjson.dumps(make_body()),
    }
    return Call(**{**fields, **changes})


def make_principal(**changes: Any) -> Principal:
    """Alice, an analyst in sales."""
    fields: dict[str, Any] = {
        "id": "alice@acme.example",
        "type": "user",
        "issuer": "https://idp.acme.example",
        "organization": "acme",
        "team": "sales",
        "roles": ("analyst",),
        "groups": (),
        "claims": {},
        "method": "oidc",
        "authenticated_at_s": NOON_US // 1_000_000 - 60,
        "expires_at_s": NOON_US // 1_000_000 + 3600,
    }
    return Principal(**{**fields, **changes})


def make_deployment(name: str = "echo-cloud", **changes: Any) -> Deployment:
    """A place that serves `demo-small`."""
    fields: dict[str, Any] = {
        "id": name,
        "provider": "demo",
        "serves": "demo-small",
        "model": "echo-1",
        "zone": "cloud",
        "region": "eu",
    }
    return Deployment(**{**fields, **changes})


def make_allow(*obligations: object, **changes: Any) -> Allow:
    """A decision that allows; with a route to `echo-cloud` if nothing else is said."""
    fields: dict[str, Any] = {
        "reasons": (),
        "obligations": obligations or (Route(("echo-cloud",)),),
        "origin": Origin(
            engine="embedded", revision="r-1", bundle="sha256:0", path="gateway/request/decision"
        ),
    }
    return Allow(**{**fields, **changes})


class Builders:
    """Every builder under one fixture."""

    raw: Callable[..., RawRequest] = staticmethod(make_raw)
    body: Callable[..., dict[str, object]] = staticmethod(make_body)
    call: Callable[..., Call] = staticmethod(make_call)
    principal: Callable[..., Principal] = staticmethod(make_principal)
    deployment: Callable[..., Deployment] = staticmethod(make_deployment)
    allow: Callable[..., Allow] = staticmethod(make_allow)


@pytest.fixture(scope="session")
def build() -> Builders:
    """The builders."""
    return Builders()
