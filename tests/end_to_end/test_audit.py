"""The record: durable before anything leaves, continued after a stop, whole after a crash."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import TYPE_CHECKING

import psutil
import pytest
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.end_to_end.conftest import Answered, Http, Sections, Upstream
    from tests.servers.gateway_server import GatewayServer

WHOLE = 10  # `verify` without a kept head: whole, by the operator's word


def test_query_and_verify_show_what_was_just_decided(
    gateway_server: Callable[..., GatewayServer], http_client: Http
) -> None:
    """An allow, a deny and a stranger are in the log, and the log is whole."""
    gateway = gateway_server()
    allowed = http_client.send(gateway, http_client.hello(), token=gateway.token())
    denied = http_client.send(
        gateway, http_client.hello("demo-cloud-only"), token=gateway.token("heidi", "hr")
    )
    http_client.send(gateway, http_client.hello())
    gateway.row(allowed.json["id"] and allowed.headers["x-regent-decision-id"])
    gateway.row(denied.json["decision_id"])
    gateway.stop()

    shown = [json.loads(line) for line in gateway.regent("audit", "query", "--json").stdout.splitlines()]
    verified = gateway.regent("audit", "verify")

    assert {
        ("allow", "allowed", "outcome", "echo-cloud"),
        ("deny", "residency.hr_onprem", None, None),
        ("deny", "identity.missing", None, None),
    } == {(row["action"], row["reason_code"], row["end"], row["deployment"]) for row in shown}
    assert verified.returncode == WHOLE, verified.stdout + verified.stderr


def test_no_prompt_no_token_and_no_name_is_in_the_log_or_on_the_terminal(
    gateway_server: Callable[..., GatewayServer], http_client: Http
) -> None:
    """Searching every file that the gateway wrote finds the pseudonym's vault and nothing else."""
    gateway = gateway_server()
    token = gateway.token("alice-the-subject", "sales")
    body = {"model": "demo-small", "messages": [{"role": "user", "content": "the-secret-prompt"}]}
    for stream in (False, True):
        http_client.send(gateway, {**body, "stream": stream}, token=token)
    http_client.send(gateway, {**body, "model": "the-secret-prompt"}, token=token)
    http_client.send(gateway, b"the-secret-prompt", token=token)
    http_client.send(gateway, {**body, "stream": "the-secret-prompt"}, token=token)
    gateway.stop()

    files = {path: path.read_bytes() for path in gateway.folder.rglob("*") if path.is_file()}
    found = {path: data.count(b"the-secret-prompt") for path, data in files.items()}
    places = {path.parts[-3:-1]: n for path, n in found.items() if n}
    assert {place[0] for place in places} == {"w0", "questions", "entries", "data"}, (
        "only the model's name, which the caller chose, is recorded and in the question"
    )
    assert [str(path) for path, data in files.items() if token.encode() in data] == []
    named = [path for path, data in files.items() if b"alice-the-subject" in data]
    assert all("vault" in path.parts for path in named)


def test_a_second_start_continues_the_same_log(
    gateway_server: Callable[..., GatewayServer], http_client: Http
) -> None:
    """What was recorded before the stop is a proven prefix of what is there after the next one."""
    gateway = gateway_server()
    for _ in range(3):
        http_client.send(gateway, http_client.hello(), token=gateway.token())
    gateway.stop()
    kept = gateway.folder / "kept.json"
    kept.write_text(gateway.regent("audit", "head").stdout, encoding="utf-8")

    gateway.start()
    http_client.send(gateway, http_client.hello(), token=gateway.token())
    gateway.stop()
    verified = gateway.regent("audit", "verify", "--since", str(kept))

    assert len(gateway.rows()) == 4
    assert verified.returncode == 0, verified.stdout + verified.stderr


@pytest.mark.slow
def test_a_crash_loses_no_answer_that_was_given(
    gateway_server: Callable[..., GatewayServer], http_client: Http
) -> None:
    """Killed under load, three times: whoever got an answer has its record, and the log is consistent."""
    gateway = gateway_server()
    answered: list[str] = []

    def ask(token: str, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                answer: Answered = http_client.send(gateway, http_client.hello(), token=token)
            except OSError:
                return
            answered.append(answer.headers["x-regent-decision-id"])

    def until_answered(count: int) -> None:
        end = time.monotonic() + 30
        while len(answered) < count:
            assert time.monotonic() < end
            time.sleep(0.02)

    for _ in range(3):
        stop = threading.Event()
        threads = [threading.Thread(target=ask, args=(gateway.token(), stop)) for _ in range(8)]
        for thread in threads:
            thread.start()
        until_answered(len(answered) + 50)
        gateway.kill()
        stop.set()
        for thread in threads:
            thread.join()
        gateway.start()
    gateway.stop()

    recorded = {row.id for row in gateway.rows()}
    assert len(answered) >= 150
    assert set() == set(answered) - recorded
    assert gateway.regent("audit", "verify").returncode in {WHOLE, 30}


async def test_nothing_leaves_before_its_record_is_durable(
    gateway_server: Callable[..., GatewayServer],
    upstream: Upstream,
    upstream_settings: Sections,
    http_client: Http,
) -> None:
    """When the provider sees the request, the log on disk already has the decision."""
    gateway = gateway_server(**upstream_settings())
    found: list[bool] = []

    async def look(request: web.Request) -> web.StreamResponse:
        name = request.headers["x-request-id"].encode()
        found.append(any(name in path.read_bytes() for path in gateway.audit.glob("writers/*/seg/*.log")))
        return web.json_response(http_client.COMPLETION)

    upstream.handler = look
    token = gateway.token("dev", "eng", "developer")
    await asyncio.to_thread(http_client.send, gateway, http_client.hello("up"), token=token)

    assert found == [True]


def test_a_log_that_cannot_be_written_denies_allows_and_not_denials(
    gateway_server: Callable[..., GatewayServer], http_client: Http
) -> None:
    """503 with retry-after for what would be allowed; a refusal is still answered; readiness says so.

    The kernel's limit on the size of a file stands in for a full disk: it cuts a write in the same way.
    """
    gateway = gateway_server()
    http_client.send(gateway, http_client.hello(), token=gateway.token())
    segment = next(gateway.audit.glob("writers/w0/seg/*.log"))
    psutil.Process(gateway.pid).rlimit(psutil.RLIMIT_FSIZE, (segment.stat().st_size, -1))
    token = gateway.token()
    answer = http_client.send(gateway, http_client.hello(), token=token)
    for _ in range(400):
        if answer.status != 200:
            break
        answer = http_client.send(gateway, http_client.hello(), token=token)
    denied = http_client.send(
        gateway, http_client.hello("demo-cloud-only"), token=gateway.token("heidi", "hr")
    )
    ready = http_client.send(gateway, method="GET", path="/readyz")

    assert (answer.status, answer.json["error"]["code"]) == (503, "log.not_durable")
    assert answer.headers["retry-after"]
    assert (denied.status, ready.status) == (403, 503)


def test_two_workers_share_a_log_folder(
    gateway_server: Callable[..., GatewayServer], http_client: Http
) -> None:
    """Each worker has a writer's log of its own; together they hold every decision."""
    gateway = gateway_server(workers=2)
    gateway.await_workers()
    token = gateway.token()
    ids = {
        http_client.send(gateway, http_client.hello(), token=token).headers["x-regent-decision-id"]
        for _ in range(40)
    }
    gateway.stop()

    assert {"w0", "w1"} == {path.name for path in gateway.audit.glob("writers/*")}
    assert ids == {row.id for row in gateway.rows()}
    assert gateway.regent("audit", "verify").returncode == WHOLE
