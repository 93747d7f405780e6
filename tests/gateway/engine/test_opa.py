"""The OPA engine against servers that answer well, badly, late or not at all."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from gateway.engine import opa_connection, opa_pool
from gateway.engine.opa import OpaEngine
from gateway.errors import EngineError, SettingsError
from gateway.ports import Ruling
from gateway.settings import OPA

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter, dict[str, Any]], Awaitable[None]]

ENTRYPOINT = "gateway/request/decision"
PROVENANCE = {"version": "1.21.3", "bundles": {"default": {"revision": "r-1"}}}
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class FakeOPA:
    """An HTTP server that reads requests and leaves the answer to `handler`."""

    def __init__(self) -> None:
        self.url = ""
        self.heads: list[bytes] = []
        self.connections = 0
        self.handler: Handler = answering
        self._writers: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read requests from one connection until it ends."""
        self.connections += 1
        self._writers.add(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                found = LENGTH.search(head)
                assert found
                body = orjson.loads(await reader.readexactly(int(found[1])))
                self.heads.append(head)
                await self.handler(reader, writer, body)
                await writer.drain()
        writer.close()

    async def drop(self) -> None:
        """Close every connection."""
        for writer in tuple(self._writers):
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


def http(body: bytes, status: str = "200 OK", *more: str) -> bytes:
    """A whole HTTP response."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *more]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def answer(result: object) -> bytes:
    """OPA's answer with this result."""
    return http(orjson.dumps({"provenance": PROVENANCE, "result": result}))


async def answering(_: asyncio.StreamReader, writer: asyncio.StreamWriter, body: dict[str, Any]) -> None:
    """Answer as a policy would whose decision is its input."""
    writer.write(answer(body["input"]))


def sending(data: bytes, *, end: bool = False) -> Handler:
    """Answer with `data` whatever is asked, then close the connection if `end`."""

    async def handler(_: asyncio.StreamReader, writer: asyncio.StreamWriter, __: dict[str, Any]) -> None:
        writer.write(data)
        if end:
            await writer.drain()
            writer.close()

    return handler


@pytest.fixture(params=["tcp", "unix"])
async def fake(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[FakeOPA]:
    """A fake OPA on either kind of address."""
    server = FakeOPA()
    if request.param == "tcp":
        listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    else:
        listener = await asyncio.start_unix_server(server.serve, tmp_path / "s")
        server.url = f"unix://{tmp_path}/s"
    yield server
    listener.close()
    await server.drop()


@pytest.fixture
async def engine(fake: FakeOPA) -> AsyncIterator[OpaEngine]:
    """An engine over the fake OPA."""
    engine = OpaEngine(OPA(url=fake.url, timeout_ms=400), [ENTRYPOINT])
    yield engine
    await engine.close()


async def failure(engine: OpaEngine, document: object = None) -> EngineError:
    """The error that asking ends with."""
    with pytest.raises(EngineError) as caught:
        await engine.ask(ENTRYPOINT, {"n": document})
    return caught.value


async def test_an_answer_becomes_a_ruling(fake: FakeOPA, engine: OpaEngine) -> None:
    """The rule's value and the bundle's revision come back; digest and rules are OPA's secret."""
    assert await engine.ask(ENTRYPOINT, {"n": 1}) == Ruling(value={"n": 1}, revision="r-1")


async def test_the_request_is_what_opa_documents(fake: FakeOPA, engine: OpaEngine) -> None:
    """Strict builtin errors and provenance are always asked for."""
    await engine.ask(ENTRYPOINT, {"n": 1})
    line, *headers = fake.heads[0].decode().split("\r\n")
    assert line == f"POST /v1/data/{ENTRYPOINT}?strict-builtin-errors=true&provenance=true HTTP/1.1"
    host = "localhost" if fake.url.startswith("unix") else fake.url.removeprefix("http://")
    assert headers[:3] == [f"Host: {host}", "Content-Type: application/json", "Content-Length: 17"]


async def test_a_token_and_a_prefix_are_sent(fake: FakeOPA) -> None:
    """OPA's token authentication and an OPA behind a path prefix are served."""
    prefix = "" if fake.url.startswith("unix") else "/opa"
    engine = OpaEngine(OPA(url=fake.url + prefix, token=SecretStr("t0ken")), [ENTRYPOINT])
    await engine.ask(ENTRYPOINT, {})
    await engine.close()
    assert fake.heads[0].startswith(f"POST {prefix}/v1/data/".encode())
    assert b"\r\nAuthorization: Bearer t0ken\r\n" in fake.heads[0]


async def test_one_caller_needs_one_connection(fake: FakeOPA, engine: OpaEngine) -> None:
    """Connections are kept alive and reused."""
    for n in range(10):
        await engine.ask(ENTRYPOINT, {"n": n})
    assert fake.connections == 1


async def test_concurrent_callers_each_get_their_own_answer(fake: FakeOPA) -> None:
    """Under more callers than connections, every answer matches its question and the pool keeps its bound."""
    engine = OpaEngine(OPA(url=fake.url, timeout_ms=30_000), [ENTRYPOINT])
    asked = [{"n": n} for n in range(500)]
    rulings = await asyncio.gather(*(engine.ask(ENTRYPOINT, document) for document in asked))
    await engine.close()
    assert [ruling.value for ruling in rulings] == asked
    assert fake.connections <= opa_pool.MAX_CONNECTIONS


async def test_cancelled_callers_take_no_answer_with_them(fake: FakeOPA, engine: OpaEngine) -> None:
    """Callers who leave at any moment never make another caller's answer wrong."""

    async def slowly(_: asyncio.StreamReader, writer: asyncio.StreamWriter, body: dict[str, Any]) -> None:
        data = answer(body["input"])
        writer.write(data[:90])
        await asyncio.sleep(0.0005 * (body["input"]["n"] % 5))
        writer.write(data[90:])

    async def call(n: int) -> None:
        await asyncio.sleep(0.0002 * (n % 40))
        assert (await engine.ask(ENTRYPOINT, {"n": n})).value == {"n": n}

    fake.handler = slowly
    tasks = [asyncio.create_task(call(n)) for n in range(600)]
    for n, task in enumerate(tasks):
        if n % 3 == 0:
            asyncio.get_running_loop().call_later(0.0003 * (n % 50), task.cancel)
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    # On a machine that is busy with something else, one may be too late; that is an answer to nobody.
    late = [each for each in outcomes if isinstance(each, EngineError) and each.code == "engine.timeout"]
    gone = [each for each in outcomes if isinstance(each, asyncio.CancelledError)]
    wrong = [each for each in outcomes if each and each not in late and each not in gone]
    assert wrong == []
    assert sum(each is None for each in outcomes) + len(late) >= 400
    assert (await engine.ask(ENTRYPOINT, {"n": -1})).value == {"n": -1}


async def test_a_cancelled_call_costs_its_connection(fake: FakeOPA, engine: OpaEngine) -> None:
    """A connection that owes an answer to nobody isn't used again."""
    await engine.ask(ENTRYPOINT, {"n": 0})
    fake.handler = lambda *_: asyncio.sleep(0.2)
    task = asyncio.create_task(engine.ask(ENTRYPOINT, {"n": 1}))
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    fake.handler = answering
    assert (await engine.ask(ENTRYPOINT, {"n": 2})).value == {"n": 2}
    assert fake.connections == 2


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"provenance": PROVENANCE}, "engine.undefined"),
        ({}, "engine.undefined"),
        ({"result": {"allow": True}}, "engine.undefined"),
        ({"result": 1, "provenance": {}}, "engine.undefined"),
        ({"result": 1, "provenance": {"bundles": {}}}, "engine.undefined"),
        ({"result": 1, "provenance": {"bundles": {"a": {}}}}, "engine.undefined"),
        ({"result": 1, "provenance": {"bundles": {"a": {"revision": ""}}}}, "engine.undefined"),
        ({"result": 1, "provenance": {"bundles": {"a": {"revision": 7}}}}, "engine.undefined"),
        ({"result": 1, "provenance": {"bundles": ["a"]}}, "engine.undefined"),
        (
            {"result": 1, "provenance": {"bundles": {"a": {"revision": "1"}, "b": {"revision": "2"}}}},
            "engine.error",
        ),
        ([1], "engine.error"),
        (None, "engine.error"),
    ],
)
async def test_no_value_from_one_active_bundle_is_no_answer(
    fake: FakeOPA, engine: OpaEngine, body: object, code: str
) -> None:
    """A value that no active bundle vouches for is not taken, nor one of several bundles."""
    fake.handler = sending(http(orjson.dumps(body)))
    assert (await failure(engine)).code == code


@pytest.mark.parametrize("status", ["400 Bad", "401 Who", "404 Not Found", "500 Oops", "201 Created"])
async def test_an_error_is_told_once_and_in_opas_words(fake: FakeOPA, engine: OpaEngine, status: str) -> None:
    """Whatever isn't 200 is an error, isn't asked again, keeps OPA's text (bounded) and the connection."""
    fake.handler = sending(http(b'{"code": "internal_error"}' + b"x" * 5000, status))
    error = await failure(engine)
    assert error.code == "engine.error"
    assert error.detail.startswith(f'OPA answered {status[:3]}: {{"code": "internal_error"}}xxx')
    assert len(error.detail) < 600
    await failure(engine)
    assert (len(fake.heads), fake.connections) == (2, 1)


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x00" * 64,
        b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nContent-Length: 13\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        http(b'{"result": '),
        http(b'{"result": NaN}'),
        http(b"\xff\xfe"),
        http(b""),
        answer(1) + answer(2),
        answer(1) + b"HTTP/1",
    ],
)
async def test_garbage_is_an_error_and_ends_the_connection(
    fake: FakeOPA, engine: OpaEngine, data: bytes
) -> None:
    """What isn't exactly one HTTP response with one JSON document is refused, and the next call is served."""
    fake.handler = sending(data)
    assert (await failure(engine)).code == "engine.error"
    fake.handler = answering
    assert (await engine.ask(ENTRYPOINT, {"n": 3})).value == {"n": 3}


async def test_an_answer_that_nobody_asked_for_is_never_given(fake: FakeOPA, engine: OpaEngine) -> None:
    """A late second answer on an idle connection doesn't become the next call's."""

    async def twice(_: asyncio.StreamReader, writer: asyncio.StreamWriter, body: dict[str, Any]) -> None:
        writer.write(answer(body["input"]))
        await writer.drain()
        await asyncio.sleep(0.02)
        writer.write(answer({"allow": True}))

    fake.handler = twice
    await engine.ask(ENTRYPOINT, {"n": 0})
    await asyncio.sleep(0.05)
    assert (await engine.ask(ENTRYPOINT, {"n": 1})).value == {"n": 1}
    assert fake.connections == 2


@pytest.mark.parametrize("cut", [1, 20, 60, 100])
async def test_an_answer_that_is_cut_off_is_not_taken(fake: FakeOPA, engine: OpaEngine, cut: int) -> None:
    """Half an answer is unavailability, and isn't asked for again: the connection had begun to answer."""
    await engine.ask(ENTRYPOINT, {"n": 0})
    fake.handler = sending(answer({"n": 1})[:cut], end=True)
    assert (await failure(engine)).code == "engine.unavailable"
    assert (len(fake.heads), fake.connections) == (2, 1)


async def test_a_body_without_a_length_is_not_taken(fake: FakeOPA, engine: OpaEngine) -> None:
    """A body that only ends with the connection may have been cut off anywhere."""
    fake.handler = sending(b'HTTP/1.1 200 OK\r\n\r\n{"result": 1}', end=True)
    assert (await failure(engine)).code == "engine.unavailable"


async def test_a_chunked_answer_is_taken(fake: FakeOPA, engine: OpaEngine) -> None:
    """An answer may come in pieces, of which one may be split anywhere."""
    body = orjson.dumps({"provenance": PROVENANCE, "result": {"n": 9}})

    async def chunks(_: asyncio.StreamReader, writer: asyncio.StreamWriter, __: dict[str, Any]) -> None:
        data = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n1\r\n \r\n0\r\n\r\n"
        for byte in data % (len(body), body):
            writer.write(bytes([byte]))
            await writer.drain()

    fake.handler = chunks
    assert (await engine.ask(ENTRYPOINT, {})).value == {"n": 9}


async def test_an_answer_may_announce_the_end_of_its_connection(fake: FakeOPA, engine: OpaEngine) -> None:
    """`Connection: close` is obeyed."""
    body = orjson.dumps({"provenance": PROVENANCE, "result": 1})
    fake.handler = sending(http(body, "200 OK", "Connection: close"))
    assert [(await engine.ask(ENTRYPOINT, {})).value for _ in range(2)] == [1, 1]
    assert fake.connections == 2


async def test_a_huge_answer_is_refused_while_it_comes(fake: FakeOPA, engine: OpaEngine) -> None:
    """Neither an endless body nor an endless head is kept."""
    fake.handler = sending(answer("x" * opa_connection.MAX_ANSWER_BYTES))
    assert "longer than" in (await failure(engine)).detail
    fake.handler = sending(b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200_000)
    assert "longer than" in (await failure(engine)).detail


async def test_a_big_question_and_a_big_answer_pass(fake: FakeOPA, engine: OpaEngine) -> None:
    """What fits into the bound is served whole."""
    document = {"n": "x" * 900_000}
    assert (await engine.ask(ENTRYPOINT, document)).value == document


async def test_a_reused_connection_that_ends_unanswered_is_forgiven_once(
    fake: FakeOPA, engine: OpaEngine
) -> None:
    """OPA may close an idle connection while a request is on its way; the second time is a failure."""
    await engine.ask(ENTRYPOINT, {"n": 0})
    refused = 0

    async def refuse_first(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: dict[str, Any]
    ) -> None:
        nonlocal refused
        refused += 1
        if refused == 1:
            writer.close()
        else:
            await answering(reader, writer, body)

    fake.handler = refuse_first
    assert (await engine.ask(ENTRYPOINT, {"n": 1})).value == {"n": 1}
    assert (len(fake.heads), fake.connections) == (3, 2)
    fake.handler = sending(b"", end=True)
    assert (await failure(engine)).code == "engine.unavailable"
    assert (len(fake.heads), fake.connections) == (5, 3)


async def test_a_fresh_connection_that_ends_unanswered_is_not_forgiven(
    fake: FakeOPA, engine: OpaEngine
) -> None:
    """Only a reused connection may have been closed for its age."""
    fake.handler = sending(b"", end=True)
    assert (await failure(engine)).code == "engine.unavailable"
    assert len(fake.heads) == 1


async def test_silence_ends_at_the_deadline(fake: FakeOPA, engine: OpaEngine) -> None:
    """A call ends when its time is over, and so does a call that hasn't got a connection by then."""
    fake.handler = lambda *_: asyncio.sleep(30)
    began = time.monotonic()
    calls = [failure(engine, n) for n in range(opa_pool.MAX_CONNECTIONS + 20)]
    errors = await asyncio.gather(*calls)
    assert {error.code for error in errors} == {"engine.timeout"}
    assert 0.35 < time.monotonic() - began < 2


async def test_a_server_that_drips_does_not_move_the_deadline(fake: FakeOPA, engine: OpaEngine) -> None:
    """A byte now and then keeps nobody waiting longer."""

    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter, __: dict[str, Any]) -> None:
        for byte in answer({"n": 1}):
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.05)

    fake.handler = drip
    began = time.monotonic()
    assert (await failure(engine)).code == "engine.timeout"
    assert 0.35 < time.monotonic() - began < 2
    fake.handler = answering
    assert (await engine.ask(ENTRYPOINT, {"n": 5})).value == {"n": 5}


async def test_callers_in_line_are_served_when_others_time_out(fake: FakeOPA) -> None:
    """The place of a dead connection goes to who waits: no wake-up is lost."""
    engine = OpaEngine(OPA(url=fake.url, timeout_ms=1500), [ENTRYPOINT])
    fake.handler = lambda *_: asyncio.sleep(30)
    stuck = [asyncio.create_task(failure(engine, n)) for n in range(opa_pool.MAX_CONNECTIONS)]
    await asyncio.sleep(1.2)
    fake.handler = answering
    late = [asyncio.create_task(engine.ask(ENTRYPOINT, {"n": n})) for n in range(100)]
    assert [ruling.value for ruling in await asyncio.gather(*late)] == [{"n": n} for n in range(100)]
    assert {error.code for error in await asyncio.gather(*stuck)} == {"engine.timeout"}
    await engine.close()


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "unix:///nonexistent/opa.sock"])
async def test_an_absent_opa_fails_fast(url: str) -> None:
    """Nobody waits for the deadline when nobody listens."""
    engine = OpaEngine(OPA(url=url, timeout_ms=30_000), [ENTRYPOINT])
    began = time.monotonic()
    errors = await asyncio.gather(*(failure(engine) for _ in range(200)))
    assert {error.code for error in errors} == {"engine.unavailable"}
    assert time.monotonic() - began < 5
    await engine.close()


async def test_close_ends_what_is_under_way(fake: FakeOPA) -> None:
    """Closing ends calls on connections, in line and still to come, and keeps nothing open."""
    fake.handler = lambda *_: asyncio.sleep(30)
    engine = OpaEngine(OPA(url=fake.url, timeout_ms=30_000), [ENTRYPOINT])
    calls = [asyncio.create_task(failure(engine, n)) for n in range(opa_pool.MAX_CONNECTIONS + 20)]
    await asyncio.sleep(0.05)
    await engine.close()
    errors = [*await asyncio.gather(*calls), await failure(engine)]
    assert {error.code for error in errors} == {"engine.unavailable"}
    await engine.close()


async def test_close_ends_what_is_being_dialled(fake: FakeOPA) -> None:
    """Closing before a connection stands ends its call, too."""
    engine = OpaEngine(OPA(url=fake.url), [ENTRYPOINT])
    call = asyncio.create_task(failure(engine))
    await asyncio.sleep(0)
    await engine.close()
    assert (await call).code == "engine.unavailable"


async def test_only_the_engines_entrypoints_are_asked(fake: FakeOPA, engine: OpaEngine) -> None:
    """A path from elsewhere never reaches OPA."""
    for entrypoint in ("gateway/other", "../../v1/policies", f"{ENTRYPOINT}?pretty"):
        with pytest.raises(EngineError) as caught:
            await engine.ask(entrypoint, {})
        assert caught.value.code == "engine.undefined"
    assert fake.connections == 0


async def test_a_question_that_is_not_json_is_an_error(fake: FakeOPA, engine: OpaEngine) -> None:
    """What can't be written down isn't asked."""
    with pytest.raises(EngineError) as caught:
        await engine.ask(ENTRYPOINT, {"n": object()})
    assert caught.value.code == "engine.error"
    assert engine.reads(ENTRYPOINT, ("context", "content"))


@pytest.mark.parametrize(
    "entrypoint", ["", "/a", "a/", "a//b", "a/../b", "A", "a b", "a?b", "a%2fb", "a\r\nb"]
)
def test_an_entrypoint_that_could_be_a_path_is_refused(entrypoint: str) -> None:
    """CVE-2025-46569: a path made of anything else could reach other documents."""
    with pytest.raises(SettingsError):
        OpaEngine(OPA(), [entrypoint])


@pytest.mark.parametrize(
    "url",
    [
        "ftp://h",
        "opa:8181",
        "http://",
        "http://u:p@h",
        "http://h?x=1",
        "http://h#x",
        "http://h:99999",
        "http://h:port",
        "http://h/a b",
        "http://h/%2e",
        "http://h\r\nx: y",
        "unix://relative",
    ],
)
def test_a_url_with_anything_else_in_it_is_refused(url: str) -> None:
    """A URL may only name a host, a port and a path prefix; the refusal doesn't repeat a password."""
    with pytest.raises(SettingsError) as caught:
        OpaEngine(OPA.model_construct(url=url), [ENTRYPOINT])
    assert "u:p" not in str(caught.value)


def test_a_token_that_would_add_headers_is_refused(tmp_path: Path) -> None:
    """No header injection by way of a secret, and no secret in the refusal; no useless CA file, too."""
    with pytest.raises(SettingsError) as caught:
        OpaEngine(OPA(token=SecretStr("t\r\nX-Evil: 1")), [ENTRYPOINT])
    assert "Evil" not in str(caught.value)
    (tmp_path / "ca.pem").write_text("nothing")
    for name in ("ca.pem", "absent.pem"):
        with pytest.raises(SettingsError):
            OpaEngine(OPA(url="https://h", ca_file=tmp_path / name), [ENTRYPOINT])


@given(data=st.binary(max_size=300))
def test_no_bytes_make_an_answer_that_is_not_there(data: bytes) -> None:
    """Whatever arrives, a call ends with an `engine.*` error or a ruling that names its revision."""

    async def ask() -> None:
        server = FakeOPA()
        server.handler = sending(b"HTTP/1.1 200 OK\r\n" + data, end=True)
        listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        engine = OpaEngine(OPA(url=f"http://127.0.0.1:{port}", timeout_ms=2000), [ENTRYPOINT])
        assert (await failure(engine)).code in {"engine.error", "engine.unavailable", "engine.undefined"}
        await engine.close()
        listener.close()
        await server.drop()

    asyncio.run(ask())
