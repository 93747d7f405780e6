"""Usage of a gateway that serves calls: what is reported is what the log says, and outlives the gateway."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from tests.audit.usage import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.usage.wanted import Sums
    from tests.end_to_end.conftest import Answered, Http
    from tests.servers.gateway_server import GatewayServer

ACCOUNTANT = ("erin", None, "regent-accountant")


class House:
    """A gateway of two workers that publishes quickly, and people who ask it."""

    def __init__(self, gateway: GatewayServer, http: Http) -> None:
        self.gateway = gateway
        self.http = http

    def ask(self, path: str, *who: Any) -> Answered:
        """Ask for a report; as the accountant unless it is said who."""
        token = self.gateway.token(*(who or ACCOUNTANT))
        return self.http.send(self.gateway, method="GET", path=f"/v1/usage{path}", token=token)

    def call(self, user: str, times: int, **more: object) -> None:
        """Have somebody make calls."""
        token = self.gateway.token(user)
        for _ in range(times):
            assert self.http.send(self.gateway, self.http.hello() | more, token=token).status == 200

    def await_ends(self, count: int) -> None:
        """Wait until so many ends are in the log: an answer doesn't wait for its own."""
        end = time.monotonic() + 20
        while sum(1 for _ in self.gateway.records("outcome")) < count:
            assert time.monotonic() < end
            time.sleep(0.05)

    def logged(self) -> Sums:
        """What the log's ends say, read plainly."""
        return plain.total([*self.gateway.records("outcome"), *self.gateway.records("aborted")])


@pytest.fixture
def house(gateway_server: Callable[..., GatewayServer], http_client: Http) -> House:
    """The gateway."""
    return House(gateway_server(workers=2, audit={"checkpoint_ms": 100}), http_client)


def total(answer: Answered) -> dict[str, int]:
    """The total of a report."""
    assert answer.status == 200, answer.json
    found: dict[str, int] = answer.json["total"]
    return found


def as_json(sums: Sums) -> dict[str, int]:
    """Sums as a report shows them."""
    found: dict[str, int] = orjson.loads(orjson.dumps(sums))
    return found


def test_reports_equal_the_log_and_outlive_the_gateway(house: House) -> None:
    """While calls go on nothing counts twice; after a stop, a start and a new index the sums are the same."""
    callers = [
        threading.Thread(target=house.call, args=(user, 20), kwargs=more)
        for user, more in (("alice", {}), ("bob", {"stream": True}), ("carol", {"model": "demo-cloud-only"}))
    ]
    for caller in callers:
        caller.start()
    seen = [0]
    while any(caller.is_alive() for caller in callers):
        seen.append(total(house.ask("?by=user,model"))["requests"])
    for caller in callers:
        caller.join()

    assert seen == sorted(seen)
    assert max(seen) <= 60
    house.gateway.stop()
    logged = house.logged()
    assert logged.requests == 60
    house.gateway.start()
    answer = house.ask("?by=model,deployment&period=day&time_zone=Asia%2FTokyo")
    assert total(answer) == as_json(logged)
    assert {line["model"] for line in answer.json["data"]} == {"demo-small", "demo-cloud-only"}
    assert sum(line["tokens_in"] for line in answer.json["data"]) == logged.tokens_in
    assert house.gateway.regent("audit", "reindex").returncode == 0
    printed = house.gateway.regent("usage", "report", "--format", "json", "--by", "model").stdout
    assert orjson.loads(printed)["total"] == as_json(logged)


def test_everybody_sees_their_own_and_accountants_all(house: House) -> None:
    """By the shipped policy; the others are told 403, and each report that was given is on record."""
    house.call("alice", 2)
    house.call("bob", 1)
    house.await_ends(3)

    assert house.ask("", "alice", "sales").status == 403
    assert house.ask("/own", "erin", None).status == 403  # of no team
    for user, times in (("alice", 2), ("bob", 1), ("carol", 0)):
        assert total(house.ask("/own", user, "sales"))["requests"] == times
    assert total(house.ask("?subject=alice%40development"))["requests"] == 2
    assert total(house.ask("", "au", None, "regent-auditor"))["requests"] == 3
    refused = house.ask("?format=xml")
    assert (refused.status, refused.json["error"]["code"]) == (400, "input.invalid")
    assert house.ask("?format=focus").headers["content-type"] == "text/csv; charset=utf-8"
    given = sorted(record["what"] for record in house.gateway.records("access"))
    assert given == ["usage.own"] * 3 + ["usage.read"] * 3
