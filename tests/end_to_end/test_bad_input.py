"""Bad input over a real socket: each kind has a clear error in OpenAI's shape, and loses nothing."""

from __future__ import annotations

import json
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.end_to_end.conftest import Answered, Http
    from tests.servers.gateway_server import GatewayServer

SECRET = "my-secret-prompt-text"


def assert_openai_error(answer: Answered, status: int, code: str) -> None:
    """Status, code, the whole error object, the ids and no prompt."""
    assert (status, code) == (answer.status, answer.json["error"]["code"])
    assert {"message", "type", "param", "code"} == set(answer.json["error"])
    assert answer.headers["x-request-id"].startswith("req_")
    assert answer.headers["x-regent-decision-id"] == answer.json["decision_id"]
    assert SECRET not in answer.body.decode()


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"{", {}, 400, "input.malformed"),
        (b'{"model": "\xff\xfe"}', {}, 400, "input.malformed"),
        (b"", {}, 400, "input.malformed"),
        (b"[1]", {}, 400, "input.not_object"),
        (b'{"a":' * 80 + b"1" + b"}" * 80, {}, 400, "input.too_deep"),
        ({"messages": []}, {}, 400, "input.invalid"),
        ({"model": "demo-small"}, {}, 400, "input.invalid"),
        ({"model": "demo-small", "messages": SECRET}, {}, 400, "input.invalid"),
        ({"model": ["demo-small"], "messages": []}, {}, 400, "input.invalid"),
        (
            {"model": "demo-small", "messages": [{"role": "user", "content": SECRET}], "stream": "yes"},
            {},
            400,
            "input.invalid",
        ),
        (
            {"model": "demo-small", "messages": [{"role": "user"}], "max_tokens": -1},
            {},
            400,
            "input.invalid",
        ),
        ({"model": "m" * 300, "messages": [{"role": "user"}]}, {}, 400, "input.out_of_bounds"),
        ({"model": "demo-none", "messages": [{"role": "user"}]}, {}, 404, "model.unknown"),
        (
            {"model": "demo-small", "messages": [{"role": "user"}]},
            {"x-regent-labels": "h r"},
            400,
            "input.labels",
        ),
        (
            {"model": "demo-small", "messages": [{"role": "user"}]},
            {"X-Regent-Label": "hr"},
            400,
            "input.labels",
        ),
        (
            {"model": "demo-small", "messages": [{"role": "user"}], "metadata": [{"labels": "hr"}]},
            {},
            400,
            "input.invalid",
        ),
        (
            {"model": "demo-small", "messages": [{"role": "user"}], "models": ["demo-cloud-only"]},
            {},
            400,
            "input.invalid",
        ),
        ({"model": "demo-small", "messages": [{"role": "user"}], "n": 129}, {}, 400, "input.out_of_bounds"),
        (
            {"model": "demo-small", "messages": [{"role": "user"}]},
            {"content-type": "text/plain"},
            415,
            "input.media_type",
        ),
        (b"\x1f\x8b", {"content-encoding": "gzip"}, 415, "input.media_type"),
    ],
)
def test_bad_input_of_a_known_caller(
    body: Any, headers: dict[str, str], status: int, code: str, demo_gateway: GatewayServer, http_client: Http
) -> None:
    """A clear answer for the caller, and a record that says whose it was."""
    answer = http_client.send(demo_gateway, body, headers=headers, token=demo_gateway.token())

    assert_openai_error(answer, status, code)
    row = demo_gateway.row(answer.json["decision_id"])
    assert ("deny", code) == (row.action, row.reason_code)
    assert row.sref
    assert SECRET not in str(row)


@pytest.mark.parametrize(
    "body", [b"{", b'{"model": 7}', {"model": "demo-none", "messages": [{"role": "user"}]}]
)
def test_bad_input_of_a_stranger_is_a_bad_identity(
    body: Any, demo_gateway: GatewayServer, http_client: Http
) -> None:
    """Who has no identity learns nothing about bodies or models."""
    assert_openai_error(http_client.send(demo_gateway, body), 401, "identity.missing")
    assert_openai_error(http_client.send(demo_gateway, body, token="nonsense"), 401, "identity.malformed")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, "route.unknown"),
        ("POST", "/v1/embeddings", 404, "route.unknown"),
        ("GET", "/v1/chat/completions", 405, "route.method"),
        ("POST", "/v1/models", 405, "route.method"),
        ("GET", "/v1/../etc/passwd", 404, "route.unknown"),
        ("POST", "/v1/chat/completions/", 404, "route.unknown"),
        ("POST", "//v1/chat/completions", 404, "route.unknown"),
        ("GET", "/v1/models/../../secret", 404, "model.unknown"),
        ("OPTIONS", "/v1/chat/completions", 405, "route.method"),
    ],
)
def test_unknown_routes_and_methods(
    method: str, path: str, status: int, code: str, demo_gateway: GatewayServer, http_client: Http
) -> None:
    """JSON in OpenAI's shape, also where the framework would answer by itself."""
    answer = http_client.send(demo_gateway, method=method, path=path, token=demo_gateway.token())

    assert_openai_error(answer, status, code)


def test_a_405_says_what_would_be_right(demo_gateway: GatewayServer, http_client: Http) -> None:
    """RFC 9110 section 15.5.6 asks for an `allow` header."""
    assert http_client.send(demo_gateway, method="GET", path=http_client.CHAT).headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "identity.missing"),
        ({"authorization": ""}, "identity.missing"),
        ({"authorization": "Basic YTpi"}, "identity.missing"),
        ({"authorization": "Bearer"}, "identity.missing"),
        ({"authorization": "Bearer "}, "identity.missing"),
        ({"authorization": "Bearer a.b.c"}, "identity.malformed"),
        ({"x-regent-user": "root", "x-forwarded-user": "root"}, "identity.missing"),
    ],
)
def test_a_missing_or_broken_credential(
    headers: dict[str, str], code: str, demo_gateway: GatewayServer, http_client: Http
) -> None:
    """401 with a challenge, whatever else the headers claim."""
    answer = http_client.send(demo_gateway, http_client.hello(), headers=headers)

    assert_openai_error(answer, 401, code)
    assert answer.headers["www-authenticate"] == "Bearer"


def test_two_authorization_headers_are_refused(demo_gateway: GatewayServer, http_client: Http) -> None:
    """A proxy may have checked the other one."""
    token = demo_gateway.token()
    answer = _raw(
        demo_gateway,
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        b"content-length: 2\r\nconnection: close\r\n"
        + f"authorization: Bearer {token}\r\nauthorization: Bearer {token}\r\n\r\n".encode()
        + b"{}",
    )

    assert b"401" in answer.split(b"\r\n")[0]
    assert b"identity.ambiguous" in answer


def test_a_body_of_20_megabytes_gets_its_answer(demo_gateway: GatewayServer, http_client: Http) -> None:
    """413 in the usual shape, though the client is still sending when it is clear."""
    body = http_client.hello() | {"padding": "x" * 20 * 1024 * 1024}
    answer = http_client.send(demo_gateway, body, token=demo_gateway.token())

    assert_openai_error(answer, 413, "input.too_large")


def test_a_large_body_within_the_limit_passes(demo_gateway: GatewayServer, http_client: Http) -> None:
    """Nine megabytes of prompt are answered."""
    body = {
        "model": "demo-small",
        "messages": [{"role": "user", "content": "word " * 1_800_000}],
        "max_tokens": 1,
    }
    answer = http_client.send(demo_gateway, body, token=demo_gateway.token())

    assert answer.status == 200
    assert answer.json["choices"][0]["finish_reason"] == "length"


def test_a_slow_body_ends_in_time(gateway_server: Callable[..., GatewayServer]) -> None:
    """A client that stalls within its body is answered 408 and holds nothing."""
    gateway = gateway_server(limits={"body_timeout_s": 0.3})
    began = time.monotonic()
    answer = _raw(
        gateway,
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        b"content-length: 50\r\n" + f"authorization: Bearer {gateway.token()}\r\n\r\n".encode() + b'{"model"',
        until=b"input.too_slow",
    )

    assert b"408" in answer.split(b"\r\n")[0]
    assert time.monotonic() - began < 5


def test_a_connection_survives_a_refusal(demo_gateway: GatewayServer, http_client: Http) -> None:
    """After an error the next request on the same connection is served."""
    import http.client  # noqa: PLC0415 - named like the fixture's subject

    connection = http.client.HTTPConnection("127.0.0.1", demo_gateway.port, timeout=10)
    headers = {"content-type": "application/json", "authorization": f"Bearer {demo_gateway.token()}"}
    statuses = []
    for body in (
        b"{",
        json.dumps(http_client.hello()).encode(),
        b"[]",
        json.dumps(http_client.hello()).encode(),
    ):
        connection.request("POST", http_client.CHAT, body, headers)
        answer = connection.getresponse()
        statuses.append(answer.status)
        answer.read()
    connection.close()

    assert statuses == [400, 200, 400, 200]


def _raw(gateway: GatewayServer, request: bytes, until: bytes = b"") -> bytes:
    """Bytes in, bytes out, until the gateway closes or `until` was seen."""
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as connection:
        connection.sendall(request)
        received = b""
        while not until or until not in received:
            more = connection.recv(65536)
            if not more:
                break
            received += more
        return received
