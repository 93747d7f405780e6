"""Limits and budgets where it is hard for them: hostile names, a failover, a mark, odd prompts."""

from __future__ import annotations

import http.client
import time
from typing import TYPE_CHECKING, Any

import pytest

from bundles import build as building
from gateway.errors import Refused
from tests.end_to_end.test_limits import PRICE, TOO_MANY, ask, code
from tests.servers.policy_bundles import edited
from tests.servers.redis_server import replicated, until, watched

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.end_to_end.conftest import Answered, Http
    from tests.servers.engines import Deciding
    from tests.servers.gateway_server import GatewayServer

    Start = Callable[..., GatewayServer]

HOSTILE = (
    "a:b",
    "a}:{regent:other}:marker",
    "{tag}",
    "отдел кадров 人事部 👩🏽‍💻",
    "../../etc/passwd",
    "'; drop table counter; --",
    "a/user#" + "0" * 64,
    "*",
    "x" * 128,
    "人" * 128,
)
UNREADABLE = (
    "line\nbreak\r\n*1\r\n$8\r\nflushall",
    "nul\u0000",
    "\u202eright to left",
    "x" * 129,
    "x" * 10_240,
)
PLACES: list[dict[str, Any]] = [
    {"id": "large", "serves": "demo-small", "price": PRICE, "labels": ["large"]},
    {"id": "small", "serves": "demo-small", "price": {"input": 0, "output": 0}, "labels": ["small"]},
    {"id": "rack", "serves": "demo-rack", "price": {"per_hour": 3600, "shared_by": 2}, "provider": "slow"},
]


def _rows(data: dict[str, Any]) -> None:
    data["teams"].update({team: {"labels": []} for team in ("thrifty", "rack", "pictures", *HOSTILE)})
    window = {"windows": [{"window_s": 3600, "requests": 2}]}
    many = {"per": "team", "windows": [{"window_s": 3600, "requests": 10_000}]}
    data["limits"] = {"hostile": {"roles": ["hostile"], "per": "team", **window}, "all": many}
    month = {"per": "team", "period": "month"}
    data["budgets"] = {
        "thrift": {"teams": ["thrifty"], **month, "usd_micros": 100_000, "warn_at": [0.8]},
        "rack": {"teams": ["rack", "pictures"], **month, "usd_micros": 10**12},
        "hostile": {"roles": ["hostile"], **month, "usd_micros": 10**9},
    }
    data["thrift"] = {"low": {"budgets": ["thrift"], "above": 0.8, "labels": ["small"]}}


def _options(deciding: Deciding, folder: Path) -> dict[str, Any]:
    building.write(edited(_rows).files, folder / "bundle")
    place = {"provider": "demo", "zone": "cloud", "region": "eu"}
    return {
        "policy": deciding(folder / "bundle"),
        "providers": {"demo": {"adapter": "echo"}, "slow": {"adapter": "echo", "delay_ms": 100}},
        "deployments": [{**place, **each} for each in PLACES],
    }


@pytest.fixture(scope="module", params=["sqlite", "redis"])
def tried(
    request: pytest.FixtureRequest,
    shared_gateway: Start,
    deciding: Deciding,
    tmp_path_factory: pytest.TempPathFactory,
) -> GatewayServer:
    """A gateway over either ledger."""
    options = _options(deciding, tmp_path_factory.mktemp("tried"))
    if request.param == "redis":
        server = request.getfixturevalue("redis_server")
        server.tell("FLUSHALL")
        options["ledger"] = {"redis": {"url": server.url, "deadline_ms": 2000}}
    return shared_gateway(**options)


@pytest.mark.parametrize("team", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_team_has_a_count_of_its_own(tried: GatewayServer, http_client: Http, team: str) -> None:
    """Exactly its own two calls pass; it breaks out of nothing, and nobody else is counted with it."""
    body = http_client.hello("demo-small", max_tokens=5)
    token = tried.token("alice", team, "analyst", "hostile")
    answers = [http_client.send(tried, body, token=token) for _ in range(3)]

    assert [each.status for each in answers] == [http.client.OK, http.client.OK, TOO_MANY], answers[0].body
    assert code(answers[2]) == "limit.requests.team"
    assert answers[2].json["error"]["param"] == "hostile"


@pytest.mark.parametrize("team", UNREADABLE, ids=range(len(UNREADABLE)))
def test_a_team_that_is_no_name_is_nobodys(tried: GatewayServer, team: str) -> None:
    """Line breaks and what is too long for a key end at the door, before anything is counted."""
    with pytest.raises(Refused) as refused:
        tried.token("alice", team)
    assert refused.value.code == "identity.claims"


def test_small_calls_reach_the_mark_and_then_the_small_model(tried: GatewayServer, http_client: Http) -> None:
    """Each takes a little; from 80 % on the small deployment serves; the mark is told of what is spent.

    And before that of what was held, if that passed it first.
    """
    served: list[str] = []
    spent = 0
    for _ in range(60):
        answer = ask(http_client, tried, "thrifty", "demo-small", max_tokens=20)
        assert answer.status == http.client.OK, answer.body
        row = tried.row(answer.headers["x-regent-decision-id"])
        served.append(row.deployment or "")
        spent += row.cost_micro or 0
        if served[-1] == "small":
            break
    assert served.count("small") == 1
    assert len(served) > 3
    assert set(served[:-1]) == {"large"}
    assert 0.8 * 100_000 - 30_000 < spent <= 100_000
    log = (tried.folder / "server.log").read_text().splitlines()
    assert len([line for line in log if '"budget.warning"' in line and '"row":"thrift"' in line]) in {1, 2}


def test_a_machine_is_paid_by_the_hour(tried: GatewayServer, http_client: Http) -> None:
    """For the time that it took, shared as the settings say: half a dollar a second here."""
    answer = ask(http_client, tried, "rack", "demo-rack", stream=True)
    cost = tried.row(answer.headers["x-regent-decision-id"]).cost_micro

    assert answer.status == http.client.OK, answer.body
    assert cost is not None
    assert 50_000 <= cost < 20_000_000


def test_pictures_and_tools_are_counted(tried: GatewayServer, http_client: Http) -> None:
    """A picture's bytes aren't text; what is reserved for it and for tools is free again in the end."""
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "iVBORw0KGgo" * 20_000}}
    tool = {"type": "function", "function": {"name": "find", "description": "人" * 500, "parameters": {}}}
    plain: dict[str, Any] = {"role": "user", "content": [{"type": "text", "text": "What is it?"}]}
    seen = {"role": "user", "content": [*plain["content"], picture]}

    def reserve(*messages: object, **more: object) -> Answered:
        body = {"model": "demo-small", "max_tokens": 5, "messages": list(messages), **more}
        return http_client.send(tried, body, token=tried.token("alice", "pictures"))

    for answer in (reserve(plain), reserve(seen), reserve(plain, tools=[tool])):
        assert answer.status == http.client.OK, answer.body
    admin = tried.token("ann", None, "regent-admin")
    whose = f"key=rack/team:pictures&period=month&sum_usd_micros={10**12}"
    standing: dict[str, Any] = {"reserved_usd_micros": 1}
    end = time.monotonic() + 20
    while standing["reserved_usd_micros"]:
        assert time.monotonic() < end
        path = f"/v1/budgets/standing?{whose}"
        standing = http_client.send(tried, method="GET", path=path, token=admin).json
    assert 0 < standing["spent_usd_micros"] < 1_000_000


@pytest.mark.slow
def test_a_gateway_goes_on_over_a_failover(
    gateway_server: Start, http_client: Http, deciding: Deciding, tmp_path: Path
) -> None:
    """While the primary dies calls are refused; then exactly as many pass as were left."""
    with replicated() as (primary, replica), watched("main", primary) as sentinel:
        options = _options(deciding, tmp_path)
        redis = {"url": "redis://127.0.0.1:1/0", "sentinels": [sentinel.url], "service": "main"}
        options["ledger"] = {"redis": {**redis, "deadline_ms": 2000}}
        gateway = gateway_server(**options)
        token = gateway.token("alice", "a:b", "analyst", "hostile")

        def call() -> Answered:
            return http_client.send(gateway, http_client.hello("demo-small", max_tokens=5), token=token)

        assert call().status == http.client.OK
        with primary.client() as client:
            client.wait(1, 5000)
        primary.kill()
        with replica.client() as client:
            until(lambda: client.info("replication")["role"] == "master")
        seen: list[int] = []
        end = time.monotonic() + 60
        while not seen or seen[-1] == 503:
            assert time.monotonic() < end
            answer = call()
            seen.append(answer.status)
            time.sleep(0.05)
        assert seen[-1] == http.client.OK
        assert call().status == TOO_MANY
        assert http_client.send(gateway, method="GET", path="/readyz").status == http.client.OK
