"""Limits and budgets as callers, administrators and auditors meet them: exact, explained and on record."""

from __future__ import annotations

import http.client
import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from bundles import build as building
from tests.servers.policy_bundles import edited
from tests.servers.redis_server import redis_running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.end_to_end.conftest import Answered, Http
    from tests.servers.engines import Deciding
    from tests.servers.gateway_server import GatewayServer
    from tests.servers.redis_server import RedisServer

    Start = Callable[..., GatewayServer]

TEAMS = ("requests", "tokens", "single", "money", "soft", "thrifty", "unpriced", "free", "books", "apart")
HOUR_S = 3600
TOO_MANY, FORBIDDEN = 429, 403
PRICE = {"input": 10, "output": 1000}  # dollars for a million tokens: 1,000 micro-dollars for one of a reply
PLACES: list[dict[str, Any]] = [
    {"id": "large", "serves": "demo-small", "price": PRICE, "labels": ["large"]},
    {"id": "small", "serves": "demo-small", "price": {"input": 0, "output": 0}, "labels": ["small"]},
    {"id": "dear", "serves": "demo-dear", "price": PRICE},
    {"id": "unpriced", "serves": "demo-unpriced"},
    {"id": "slow", "serves": "demo-slow", "price": PRICE, "provider": "slow"},
]


def _rows(data: dict[str, Any]) -> None:
    data["teams"].update({team: {"labels": []} for team in TEAMS})
    hour = {"window_s": HOUR_S}
    data["limits"] = {
        "calls": {"teams": ["requests"], "per": "team", "windows": [{**hour, "requests": 5}]},
        "length": {"teams": ["tokens"], "per": "user", "windows": [{**hour, "tokens": 1000}]},
        "single": {"teams": ["single"], "per": "user", "concurrent": 1},
        "apart": {"teams": ["apart"], "per": "team", "windows": [{**hour, "requests": 8}], "share": 0.25},
    }
    month = {"per": "team", "period": "month"}
    data["budgets"] = {
        "money": {"teams": ["money"], **month, "usd_micros": 100_000, "warn_at": [0.05]},
        "soft": {"teams": ["soft"], **month, "usd_micros": 1, "hard": False},
        "thrift": {"teams": ["thrifty"], **month, "usd_micros": 100_000},
        "strict": {"teams": ["unpriced"], **month, "usd_micros": 100_000},
        "books": {"teams": ["books"], "per": "team", "period": "year", "time_zone": "Europe/Berlin"}
        | {"usd_micros": 100_000_000},
        "lenient": {"teams": ["free"], **month, "usd_micros": 100_000, "unpriced": "free"},
    }
    data["thrift"] = {"low": {"budgets": ["thrift"], "above": 0.05, "labels": ["small"]}}


@pytest.fixture(scope="module")
def counted(
    shared_gateway: Start, deciding: Deciding, tmp_path_factory: pytest.TempPathFactory
) -> GatewayServer:
    """A gateway of two workers whose policy has limits and budgets for teams of their own."""
    return shared_gateway(workers=2, **_options(deciding, tmp_path_factory.mktemp("limits")))


def _options(deciding: Deciding, folder: Path) -> dict[str, Any]:
    building.write(edited(_rows).files, folder / "bundle")
    place = {"provider": "demo", "zone": "cloud", "region": "eu"}
    return {
        "policy": deciding(folder / "bundle"),
        "providers": {"demo": {"adapter": "echo"}, "slow": {"adapter": "echo", "delay_ms": 50}},
        "deployments": [{**place, **each} for each in PLACES],
        "ledger": {"lease_s": 10},
    }


def ask(
    client: Http,
    gateway: GatewayServer,
    team: str,
    model: str = "demo-dear",
    user: str = "alice",
    **more: Any,
) -> Answered:
    """One call of somebody of a team."""
    return client.send(gateway, client.hello(model, **more), token=gateway.token(user, team))


def code(answer: Answered) -> str:
    """Why a call was refused."""
    return str(answer.json["error"]["code"])


def test_exactly_so_many_requests_pass(counted: GatewayServer, http_client: Http) -> None:
    """Two workers, twenty callers, room for five; the others are told of what, and when to try again."""
    tokens = [counted.token(f"user{number}", "requests") for number in range(20)]
    with ThreadPoolExecutor(10) as pool:
        answers = list(
            pool.map(lambda token: http_client.send(counted, http_client.hello(), token=token), tokens)
        )
    passed = [each for each in answers if each.status == http.client.OK]
    refused = next(each for each in answers if each.status == TOO_MANY)

    assert len(passed) == 5
    assert {each.status for each in answers} == {http.client.OK, TOO_MANY}
    assert code(refused) == "limit.requests.team"
    assert refused.json["error"]["type"] == "rate_limit_error"
    assert refused.json["error"]["param"] == "calls"
    assert 0 < int(refused.headers["retry-after"]) <= HOUR_S + HOUR_S // 60 + 1
    assert refused.headers["x-ratelimit-limit-requests"] == "5"
    assert refused.headers["x-ratelimit-remaining-requests"] == "0"
    assert sorted(each.headers["x-ratelimit-remaining-requests"] for each in passed) == list("01234")
    assert counted.row(refused.json["decision_id"]).reason_code == "limit.requests.team"


def test_tokens_are_held_as_estimated_and_kept_as_used(counted: GatewayServer, http_client: Http) -> None:
    """What a reply took less than it might have is free again; what never fits isn't to be tried again."""
    first = ask(http_client, counted, "tokens", max_tokens=600)
    second, end = ask(http_client, counted, "tokens", max_tokens=600), time.monotonic() + 20
    while (
        second.status == TOO_MANY
    ):  # no answer waits for its settlement, which another worker may be ahead of
        assert time.monotonic() < end
        second = ask(http_client, counted, "tokens", max_tokens=600)
    never = ask(http_client, counted, "tokens", max_tokens=1000)

    assert (first.status, second.status) == (http.client.OK, http.client.OK)
    left = [int(each.headers["x-ratelimit-remaining-tokens"]) for each in (first, second)]
    used = first.json["usage"]["total_tokens"]
    assert left[0] - left[1] == used
    assert (never.status, code(never)) == (TOO_MANY, "limit.tokens.user")
    assert never.headers["x-should-retry"] == "false"
    assert "retry-after" not in never.headers


def test_another_user_has_a_count_of_his_own(counted: GatewayServer, http_client: Http) -> None:
    """A limit per user is one for each of them, and the record doesn't say by a digest who it was."""
    answer = ask(http_client, counted, "tokens", user="bob", max_tokens=600)
    allowed = next(each for each in counted.records("decision") if each["team"] == "tokens")

    assert answer.status == http.client.OK
    assert allowed["keys"] == ["length/user"]
    assert "user#" not in json.dumps(allowed)


def test_one_call_at_a_time_is_one_after_the_other(counted: GatewayServer, http_client: Http) -> None:
    """Whoever has the last byte of an answer, whole or streamed, has room for the next call at once."""
    for number in range(12):
        answer = ask(http_client, counted, "single", user="careful", stream=bool(number % 2))
        assert answer.status == http.client.OK


@contextmanager
def streaming(gateway: GatewayServer, user: str, team: str) -> Iterator[http.client.HTTPResponse]:
    """A slow stream of which the first piece has come; its connection is cut at the end."""
    body = {"model": "demo-slow", "stream": True, "messages": [{"role": "user", "content": "word " * 400}]}
    head = {"authorization": f"Bearer {gateway.token(user, team)}", "content-type": "application/json"}
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)
    try:
        connection.request("POST", "/v1/chat/completions", json.dumps(body), head)
        answer = connection.getresponse()
        assert answer.status == http.client.OK
        assert answer.readline()
        yield answer
    finally:
        connection.close()


def settled(gateway: GatewayServer, client: Http, user: str, team: str) -> None:
    """Wait until a caller has room again."""
    end = time.monotonic() + 20
    while ask(client, gateway, team, user=user).status != http.client.OK:
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_second_call_at_once_waits_for_the_first(counted: GatewayServer, http_client: Http) -> None:
    """Also on another worker; a client that goes away in between leaves nothing held."""
    with streaming(counted, "hasty", "single"):
        refused = [ask(http_client, counted, "single", user="hasty") for _ in range(6)]
        assert {(each.status, code(each)) for each in refused} == {(TOO_MANY, "limit.concurrent.user")}
        assert refused[0].headers["retry-after"] == "1"
        assert ask(http_client, counted, "single", user="other").status == http.client.OK

    settled(counted, http_client, "hasty", "single")


def test_a_budget_is_never_overspent(counted: GatewayServer, http_client: Http) -> None:
    """Calls at once reserve what they might cost; what passes costs no more than there is, as recorded."""
    token = counted.token("alice", "money")
    body = http_client.hello("demo-dear", max_tokens=20)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: http_client.send(counted, body, token=token), range(60)))
    passed = [each for each in answers if each.status == http.client.OK]
    refused = [each for each in answers if each.status == TOO_MANY]
    spent = sum(counted.row(each.headers["x-regent-decision-id"]).cost_micro or 0 for each in passed)

    assert len(passed) + len(refused) == len(answers)
    assert refused
    assert 0 < spent <= 100_000
    assert {code(each) for each in refused} == {"budget.team"}
    assert refused[0].json["error"]["type"] == "insufficient_quota"
    assert "this month" in refused[0].json["error"]["message"]
    assert refused[-1].headers["x-should-retry"] == "false"
    assert any(each.headers.get("x-regent-warning") == "budget.warning.team" for each in passed)
    log = (counted.folder / "server.log").read_text().splitlines()
    # Of what is held, and where that was given back once more of what is spent.
    assert len([line for line in log if '"budget.warning"' in line and '"row":"money"' in line]) in {1, 2}


def test_a_reply_without_a_limit_is_given_one(counted: GatewayServer, http_client: Http) -> None:
    """What can't be bounded can't be paid for; a call of no team with a budget isn't touched."""
    refused = ask(http_client, counted, "money", max_tokens=None)

    assert (refused.status, code(refused)) == (TOO_MANY, "budget.team")
    assert refused.headers["x-should-retry"] == "false"
    assert "x-ratelimit-limit-requests" not in ask(http_client, counted, "sales").headers


def test_a_soft_budget_only_warns(counted: GatewayServer, http_client: Http) -> None:
    """From the moment it is spent each answer says so."""
    answers = [ask(http_client, counted, "soft") for _ in range(2)]

    assert {each.status for each in answers} == {http.client.OK}
    assert answers[1].headers["x-regent-warning"] == "budget.warning.team"


def test_what_has_no_price_is_paid_by_no_budget(counted: GatewayServer, http_client: Http) -> None:
    """Unless its row says that it is free; and nothing is what it then costs."""
    refused = ask(http_client, counted, "unpriced", "demo-unpriced")
    passed = ask(http_client, counted, "free", "demo-unpriced")
    unlimited = ask(http_client, counted, "sales", "demo-unpriced")

    assert (refused.status, code(refused)) == (FORBIDDEN, "budget.unpriced")
    assert (passed.status, unlimited.status) == (http.client.OK, http.client.OK)
    assert counted.row(passed.headers["x-regent-decision-id"]).cost_micro is None


def test_what_is_left_decides_what_serves(counted: GatewayServer, http_client: Http) -> None:
    """Once the mark is passed the small deployment serves, and it costs nothing more."""
    first = ask(http_client, counted, "thrifty", "demo-small", max_tokens=50)
    end = time.monotonic() + 20
    served = "large"
    while served == "large" and time.monotonic() < end:
        answer = ask(http_client, counted, "thrifty", "demo-small", max_tokens=50)
        served = counted.row(answer.headers["x-regent-decision-id"]).deployment or ""

    assert counted.row(first.headers["x-regent-decision-id"]).deployment == "large"
    assert served == "small"


@pytest.mark.slow
def test_a_crash_leaves_nothing_held_and_nothing_unsaid(
    gateway_server: Start, http_client: Http, deciding: Deciding, tmp_path: Path
) -> None:
    """What was spent survives; what a killed process held ends with its lease, counts, and is on record."""
    gateway = gateway_server(**_options(deciding, tmp_path))
    for _ in range(3):
        assert ask(http_client, gateway, "requests").status == http.client.OK
    with streaming(gateway, "crashed", "single"):
        os.killpg(gateway.pid, signal.SIGKILL)
    gateway.kill()
    gateway.start()
    for _ in range(2):
        assert ask(http_client, gateway, "requests").status == http.client.OK
    assert ask(http_client, gateway, "requests").status == TOO_MANY

    settled(gateway, http_client, "crashed", "single")
    end = time.monotonic() + 30
    while not (found := list(gateway.records("ledger.expired"))):
        assert time.monotonic() < end
        time.sleep(0.2)
    assert found[0]["keys"] == ["single/user"]
    assert found[0]["requests"] == 1


def test_a_budget_is_read_topped_up_and_reset_by_who_may(counted: GatewayServer, http_client: Http) -> None:
    """Each change stands in the log, with who made it, before it is made; others are refused."""
    admin = counted.token("ann", None, "regent-admin")
    whose = {"key": "correct/team:correct", "period": "month", "sum_usd_micros": 1000}
    wish = {**whose, "kind": "top_up", "usd_micros": 500}
    path = "/v1/budgets/corrections"

    refused = http_client.send(counted, wish, path=path, token=counted.token("alice", "money"))
    nobody = http_client.send(counted, wish, path=path, token=admin)
    assert (nobody.status, code(nobody)) == (404, "budget.unknown_account")
    assert (nobody.json["error"]["type"], nobody.json["error"]["param"]) == ("invalid_request_error", "key")
    unused = http_client.send(
        counted,
        method="GET",
        path="/v1/budgets/standing?" + "&".join(f"{name}={value}" for name, value in whose.items()),
        token=admin,
    )
    assert (unused.status, code(unused)) == (404, "budget.unknown_account")
    topped = http_client.send(counted, wish | {"create": True}, path=path, token=admin)
    question = "?" + "&".join(f"{name}={value}" for name, value in whose.items())
    shown = http_client.send(counted, method="GET", path=f"/v1/budgets/standing{question}", token=admin)
    carried = http_client.send(counted, {**whose, "kind": "carry_over"}, path=path, token=admin)
    reset = http_client.send(counted, {**whose, "kind": "reset"}, path=path, token=admin)

    assert refused.status == FORBIDDEN
    assert {each.status for each in (topped, shown, carried, reset)} == {http.client.OK}
    assert (topped.json["usd_micros"], topped.json["added_usd_micros"]) == (1500, 500)
    assert shown.json == topped.json
    # Each worker writes a log of its own, so they are brought into the order of time.
    written = sorted(counted.records("ledger.correct"), key=lambda each: each["t_us"])
    begun = [each for each in written if each["account"]["key"] == whose["key"] and each["stage"] == "begun"]
    assert [(each["stage"], each["kind"], each["usd_micros"]) for each in begun] == [
        ("begun", "top_up", 500),
        ("begun", "top_up", 500),
        ("begun", "carry_over", 0),
        ("begun", "reset", 0),
    ]
    assert begun[0]["id"] == nobody.headers["x-regent-decision-id"]
    assert begun[1]["id"] == topped.headers["x-regent-decision-id"]
    assert begun[0]["actor"] == {"kind": "user", "auth": "development"}
    end = time.monotonic() + 20
    while not any(each.get("ref") == begun[0]["id"] for each in counted.records("ledger.correct")):
        assert time.monotonic() < end  # that it failed is written behind the answer
        time.sleep(0.05)


def test_what_was_spent_is_free_again_after_a_reset(counted: GatewayServer, http_client: Http) -> None:
    """An administrator names the user as the policy's rows do, and needs no digest."""
    user = {"row": "daily", "issuer": "https://idp.example", "user": "x@y", "period": "day"}
    admin = counted.token("ann", None, "regent-admin")
    wish = {**user, "sum_usd_micros": 10, "kind": "reset", "create": True}
    answer = http_client.send(counted, wish, path="/v1/budgets/corrections", token=admin)
    expected = sha256(b'["https://idp.example","x@y"]').hexdigest()

    assert answer.status == http.client.OK
    assert answer.json["key"] == f"daily/user#{expected}"
    assert expected not in json.dumps(list(counted.records("ledger.correct")))


@pytest.mark.parametrize(
    "change",
    [
        {"key": None},
        {"key": ""},
        {"row": "x"},
        {"period": None},
        {"period": "decade"},
        {"window_s": 60},
        {"time_zone": "../etc"},
        {"kind": "erase"},
        {"kind": "top_up"},
        {"usd_micros": 1},
        {"usd_micros": True},
        {"sum_usd_micros": 0},
        {"sum_usd_micros": True},
        {"sum_usd_micros": "9"},
        {"sum_usd_micros": 9.0},
        {"kind": "top_up", "usd_micros": True},
        {"sum_usd_micros": 2**60},
        {"more": 1},
    ],
    ids=str,
)
def test_a_correction_that_is_none_is_refused(
    change: dict[str, Any], counted: GatewayServer, http_client: Http
) -> None:
    """With the field that is wrong; nothing is changed and nothing is recorded as changed."""
    whole = {"key": "x/team:y", "period": "month", "sum_usd_micros": 9, "kind": "reset"} | change
    wish = {name: value for name, value in whole.items() if value is not None}
    admin = counted.token("ann", None, "regent-admin")
    answer = http_client.send(counted, wish, path="/v1/budgets/corrections", token=admin)

    assert (answer.status, code(answer)) == (400, "input.invalid")


def test_a_correction_that_does_not_fit_is_refused(counted: GatewayServer, http_client: Http) -> None:
    """In OpenAI's shape, with what may be wrong; what was begun is on record as failed."""
    whole = {"key": "unfit/team:y", "period": "month", "sum_usd_micros": 9, "kind": "top_up", "create": True}
    admin = counted.token("ann", None, "regent-admin")
    path = "/v1/budgets/corrections"
    answer = http_client.send(counted, {**whole, "usd_micros": -10}, path=path, token=admin)

    assert (answer.status, code(answer)) == (400, "budget.correction_unfit")
    error = answer.json["error"]
    assert (error["type"], error["param"]) == ("invalid_request_error", "usd_micros")
    assert "`sum_usd_micros`" in error["message"]


@pytest.mark.parametrize("said", [{}, {"usd_micros": 0}])
def test_a_top_up_says_how_much(said: dict[str, int], counted: GatewayServer, http_client: Http) -> None:
    """One of nothing is told what is missing."""
    wish = {"key": "x/team:y", "period": "month", "sum_usd_micros": 9, "kind": "top_up", **said}
    admin = counted.token("ann", None, "regent-admin")
    answer = http_client.send(counted, wish, path="/v1/budgets/corrections", token=admin)

    assert (answer.status, code(answer)) == (400, "input.invalid")
    assert answer.json["error"]["message"] == (
        "a top-up says in `usd_micros` how much is added, and that isn't 0"
    )


@pytest.mark.parametrize(
    "twice", [b'"usd_micros": 1, "usd_micros": 9000', b'"key": "x/team:y", "kind": "top_up"']
)
def test_a_correction_says_each_thing_once(twice: bytes, counted: GatewayServer, http_client: Http) -> None:
    """Of two sums one would be what was approved, and the other what is done."""
    body = (
        b'{"key": "x/team:x", "period": "month", "sum_usd_micros": 9, "kind": "top_up", "usd_micros": 5, %b}'
    )
    admin = counted.token("ann", None, "regent-admin")
    answer = http_client.send(counted, body % twice, path="/v1/budgets/corrections", token=admin)

    assert (answer.status, code(answer)) == (400, "input.invalid")
    assert answer.json["error"]["param"] in {"usd_micros", "key"}


def test_budgets_are_shown_and_corrected_from_a_shell(
    counted: GatewayServer, http_client: Http, tmp_path: Path
) -> None:
    """By the token of who asks, out of a file; what the gateway refuses is said and is an error."""
    del http_client
    admin, nobody = tmp_path / "admin", tmp_path / "nobody"
    admin.write_text(counted.token("ann", None, "regent-admin"))
    nobody.write_text(counted.token("alice", "money"))
    whose = [
        "--key",
        "shell/team:shell",
        "--period",
        "month",
        "--sum-usd-micros",
        "1000",
        "--url",
        counted.url,
    ]

    def budgets(*arguments: str, token: Path = admin) -> tuple[int, str, str]:
        done = counted.regent("budgets", *arguments, *whose, "--token-file", str(token))
        return done.returncode, done.stdout, done.stderr

    missing = budgets("correct", "top_up", "--usd-micros", "500")
    assert (missing[0], missing[1]) == (1, "")
    assert "404 budget.unknown_account" in missing[2]
    assert "403" in budgets("correct", "reset", "--create", token=nobody)[2]
    topped = budgets("correct", "top_up", "--usd-micros", "500", "--create")
    shown = budgets("standing")
    assert (topped[0], shown[0]) == (0, 0), topped[2] + shown[2]
    assert json.loads(topped[1]) == json.loads(shown[1])
    assert json.loads(shown[1])["usd_micros"] == 1500
    far = counted.regent("budgets", "standing", *whose[:-1], "http://example.com", "--token-file", str(admin))
    assert "https only" in far.stderr


def test_an_operator_accepts_a_ledger_that_was_lost(
    gateway_server: Start, http_client: Http, deciding: Deciding, tmp_path: Path
) -> None:
    """Until then calls under limits are refused and no load balancer is told to send any; then all go on."""
    with redis_running() as server:
        options = _options(deciding, tmp_path)
        options["ledger"] = {"redis": {"url": server.url}}
        gateway = gateway_server(**options)
        assert ask(http_client, gateway, "requests").status == http.client.OK
        server.tell("FLUSHALL")
        lost = ask(http_client, gateway, "requests")
        assert (lost.status, code(lost)) == (503, "ledger.lost")
        ready = http_client.send(gateway, method="GET", path="/readyz")
        assert (ready.status, ready.json) == (503, {"status": "ledger.lost"})

        done = gateway.regent("ledger", "renew", "--yes")
        assert done.returncode == 0, done.stderr
        assert ask(http_client, gateway, "requests").status == http.client.OK
        assert http_client.send(gateway, method="GET", path="/readyz").status == http.client.OK


def test_a_ledger_in_a_file_is_not_accepted_from_outside(counted: GatewayServer) -> None:
    """Somebody must look at the file."""
    done = counted.regent("ledger", "renew", "--yes")
    assert done.returncode == 1
    assert "this ledger is a file" in done.stderr


def test_a_ledger_that_is_damaged_lets_no_worker_start(gateway_server: Start) -> None:
    """It is said once, before any of them has begun."""
    gateway = gateway_server(workers=3, started=False)
    data = gateway.folder / "data"
    data.mkdir(mode=0o700)
    (data / "ledger.db").write_bytes(b"no database, and long enough to be one " * 200)
    done = gateway.regent("serve")
    assert done.returncode == 1
    assert done.stderr.count("SQLITE_NOTADB") == 1
    assert "policy.activated" not in done.stderr


def test_two_replicas_count_together(
    gateway_server: Start, http_client: Http, deciding: Deciding, tmp_path: Path, redis_server: RedisServer
) -> None:
    """Over one Redis exactly so many pass as on one machine; without it none, or the share that a row has."""
    redis_server.tell("FLUSHALL")  # what the other engine's gateways counted may not be a minute old
    options = _options(deciding, tmp_path)
    options["ledger"] = {"redis": {"url": redis_server.url}}
    replicas = [gateway_server(**options), gateway_server(**options)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: ask(http_client, replicas[number % 2], "requests"), range(16)))
    assert sorted(each.status for each in answers) == [http.client.OK] * 5 + [TOO_MANY] * 11

    redis_server.pause()
    try:
        away = ask(http_client, replicas[0], "requests")
        apart = [ask(http_client, each, "apart") for each in replicas for _ in range(3)]
        assert ask(http_client, replicas[0], "sales").status == http.client.OK
    finally:
        redis_server.resume()
    assert (away.status, code(away)) == (503, "ledger.busy")
    assert away.headers["retry-after"] == "1"
    assert [each.status for each in apart] == [http.client.OK, http.client.OK, TOO_MANY] * 2
    assert [each.get("counted") for each in replicas[0].records("decision") if each["team"] == "apart"][
        :2
    ] == [
        "apart",
        "apart",
    ]
    settled(replicas[1], http_client, "patient", "single")


def test_the_ledger_and_the_log_say_the_same(counted: GatewayServer, http_client: Http) -> None:
    """To the micro-dollar, with answers, broken streams and refusals among the calls; nothing stays held."""
    for number in range(6):
        ask(http_client, counted, "books", max_tokens=10 + number, stream=bool(number % 2))
    with streaming(counted, "hasty", "books"):
        pass
    ask(http_client, counted, "books", "demo-unpriced")
    admin = counted.token("ann", None, "regent-admin", "regent-accountant")
    whose = "key=books/team:books&period=year&time_zone=Europe/Berlin&sum_usd_micros=100000000"
    path = f"/v1/budgets/standing?{whose}"
    end = time.monotonic() + 30
    while True:
        stands = http_client.send(counted, method="GET", path=path, token=admin).json
        recorded = [row.cost_micro for row in counted.rows(team="books") if row.action == "allow"]
        done = None not in recorded and stands["reserved_usd_micros"] == 0
        if done and stands["spent_usd_micros"] == sum(filter(None, recorded)):
            break
        assert time.monotonic() < end, (stands, recorded)
        time.sleep(0.1)
    assert len(recorded) == 7
    assert stands["spent_usd_micros"] > 0

    report = http_client.send(counted, method="GET", path="/v1/usage?by=team&team=books", token=admin).json
    assert report["total"]["cost_micro"] == stands["spent_usd_micros"]
