"""A witness over a real socket."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.types import ASGIApp

from audit.tlog.note import open_note
from audit.witness import server
from audit.witness.request import MAX_BODY, AddCheckpoint
from audit.witness.server import keygen, serve, witness_app
from audit.witness.witness import Witness
from tests.audit.witness.trees import GrowingLog
from tests.servers.processes import free_port

MakeWitness = Callable[..., Witness]
Serving = Callable[[ASGIApp], str]


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    """Return a client for the test's own requests."""
    with httpx.Client(trust_env=False, timeout=10) as client:
        yield client


def test_requests_and_answers(
    log: GrowingLog,
    make_witness: MakeWitness,
    serving: Serving,
    http: httpx.Client,
) -> None:
    """Cosignatures, conflicts with their type, the verifier keys, and nothing else, are served."""
    witness = make_witness(log.key.verifier)
    url = serving(witness_app(witness))
    assert http.get(f"{url}/vkey").text == "".join(f"{key}\n" for key in witness.vkeys)
    answer = http.post(f"{url}/add-checkpoint", content=bytes(AddCheckpoint(0, (), log.note(5))))
    assert answer.status_code == 200
    assert open_note(log.note(5) + answer.content, witness.vkeys).text == log.text(5)
    answer = http.post(f"{url}/add-checkpoint", content=bytes(AddCheckpoint(0, (), log.note(5))))
    assert (answer.status_code, answer.text, answer.headers["content-type"]) == (
        409,
        "5\n",
        "text/x.tlog.size",
    )
    assert http.get(f"{url}/add-checkpoint").status_code == 405
    assert http.get(f"{url}/").status_code == 404


def test_a_body_without_end_is_cut(make_witness: MakeWitness, serving: Serving, http: httpx.Client) -> None:
    """A body beyond the bound is refused, whether its length is told or not."""
    url = f"{serving(witness_app(make_witness()))}/add-checkpoint"
    assert http.post(url, content=b"x" * (MAX_BODY + 1)).status_code == 413
    parts = (b"x" * 1024 for _ in range(MAX_BODY // 1024 + 1))
    assert http.post(url, content=parts).status_code == 413


def test_a_request_that_never_ends_is_given_up(
    make_witness: MakeWitness, serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that promises a body and sends none gets an answer, not a place for ever."""
    monkeypatch.setattr(server, "_BODY_S", 0.05)
    url = urlsplit(serving(witness_app(make_witness())))
    with socket.create_connection((url.hostname, url.port), timeout=10) as connection:
        connection.sendall(b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 10\r\n\r\nold")
        assert connection.recv(100).startswith(b"HTTP/1.1 408")


def test_a_state_that_fails_is_said_to_be_unavailable(
    log: GrowingLog,
    make_witness: MakeWitness,
    serving: Serving,
    http: httpx.Client,
) -> None:
    """Without a usable state the answer is 503, and no cosignature."""
    witness = make_witness(log.key.verifier)
    url = serving(witness_app(witness))
    witness._state.close()
    answer = http.post(f"{url}/add-checkpoint", content=bytes(AddCheckpoint(0, (), log.note(5))))
    assert (answer.status_code, answer.text) == (503, "try again later\n")


def test_serve_is_the_witness_of_its_files(log: GrowingLog, tmp_path: Path, http: httpx.Client) -> None:
    """What `serve` answers is cosigned by the key that `keygen` made."""
    (vkey,) = keygen("w.example", tmp_path / "w.key", tmp_path / "w.db")
    port = free_port()
    arguments = ("127.0.0.1", port, tmp_path / "w.db", tmp_path / "w.key", [log.key.verifier])
    threading.Thread(target=serve, args=arguments, daemon=True).start()
    deadline = time.monotonic() + 10
    while (found := _vkey(http, port)) is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert found == f"{vkey}\n"
    request = bytes(AddCheckpoint(0, (), log.note(5)))
    answer = http.post(f"http://127.0.0.1:{port}/add-checkpoint", content=request)
    assert open_note(log.note(5) + answer.content, [vkey]).verified[0][0] == vkey


def _vkey(http: httpx.Client, port: int) -> str | None:
    try:
        return http.get(f"http://127.0.0.1:{port}/vkey").text
    except httpx.ConnectError:
        return None
