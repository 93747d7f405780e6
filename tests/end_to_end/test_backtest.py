"""A last look before a change: what it would have done to yesterday's calls, and would do to today's."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest

import bundles
from audit.vault import erasure
from bundles import build as building
from bundles import bundle as bundle_files
from bundles import manifest as manifests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.end_to_end.conftest import Http
    from tests.servers.gateway_server import GatewayServer

    Start = Callable[..., GatewayServer]


def write(folder: Path, change: Callable[[dict[str, Any]], object]) -> str:
    """Write the shipped bundle with other data."""
    shipped = bundle_files.read(bundles.default_path())
    data = orjson.loads(shipped.files[manifests.DATA])
    change(data["regent"])
    files = {**shipped.files, manifests.DATA: orjson.dumps(data)}
    files[manifests.NAME] = manifests.stamped(files, dict(shipped.manifest))
    building.write(files, folder)
    return str(folder)


def stricter(data: dict[str, Any]) -> None:
    """HR may not use the cloud at all, and analysts get shorter answers."""
    data["roles"]["analyst"]["max_tokens"] = 64
    data["teams"].pop("sales")


def looser(data: dict[str, Any]) -> None:
    """Analysts may use everything, and hr's data may go to the cloud."""
    data["roles"]["analyst"]["models"] = ["*"]
    data["residency"]["hr"]["zones"] = ["onprem", "cloud"]


@pytest.fixture(scope="module")
def recorded(shared_gateway: Start, http_client: Http) -> tuple[GatewayServer, dict[str, list[str]]]:
    """A gateway that has served some calls and stopped, and the ids of their decisions; only to be read."""
    gateway = shared_gateway()
    tokens = {
        "sales": gateway.token(),
        "hr": gateway.token("heidi", "hr"),
        "eng": gateway.token("eve", "eng", "engineer"),
    }
    ids: dict[str, list[str]] = {}
    for name, team, model, n in (
        ("sales", "sales", "demo-small", 4),
        ("eng", "eng", "demo-small", 3),
        ("hr", "hr", "demo-small", 2),
        ("refused", "hr", "demo-cloud-only", 2),
        ("ungranted", "sales", "other-model", 2),
        ("unserved", "eng", "other-model", 1),
    ):
        for _ in range(n):
            answer = http_client.send(gateway, http_client.hello(model), token=tokens[team])
            ids.setdefault(name, []).append(answer.headers["x-regent-decision-id"])
    http_client.send(gateway, method="GET", path="/v1/models", token=tokens["hr"])
    http_client.send(gateway, {"model": 7}, token=tokens["hr"])
    http_client.send(gateway, http_client.hello())
    gateway.stop()
    return gateway, ids


@pytest.fixture
def spoilt(
    recorded: tuple[GatewayServer, dict[str, list[str]]], tmp_path: Path
) -> Iterator[tuple[GatewayServer, dict[str, list[str]]]]:
    """The same for a test that erases and alters; what was recorded is put back afterwards."""
    gateway, _ = recorded
    kept = shutil.copytree(gateway.audit, tmp_path / "kept")
    yield recorded
    shutil.rmtree(gateway.audit)
    kept.rename(gateway.audit)


def backtest(gateway: GatewayServer, candidate: str, *more: str, code: int = 0) -> dict[str, Any]:
    """The JSON of a backtest of everything."""
    done = gateway.regent("bundle", "backtest", candidate, "--json", *more)
    assert done.returncode == code, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_bundle_that_decided_decides_the_same_again(
    recorded: tuple[GatewayServer, dict[str, list[str]]],
) -> None:
    """No difference to itself and to what was recorded; what no policy was asked is told."""
    gateway, _ = recorded
    found = backtest(gateway, str(bundles.default_path()), "--max-new-denials", "0", "--max-new-allows", "0")

    assert (found["read"], found["replayed"], found["not_replayed"]) == (16, 15, {"unasked": 1})
    assert set(found["changes"].values()) == {0}
    assert found["diverged"] == 0


def test_a_stricter_bundle_is_told_exactly(
    recorded: tuple[GatewayServer, dict[str, list[str]]], tmp_path: Path
) -> None:
    """Every number, by team, model and rule, with the decisions to look at; and the gate closes."""
    gateway, ids = recorded
    candidate = write(tmp_path / "candidate", stricter)
    found = backtest(gateway, candidate, "--max-new-denials", "10%", "--examples", "9", code=3)

    assert found["changes"] == {
        "allow_to_deny": 4,
        "deny_to_allow": 0,
        "deny_to_admitted": 0,
        "obligations": 2,
    }
    rules = {row["name"]: (row["changes"], row["examples"]) for row in found["by_rule"]}
    assert rules == {
        "residency.unknown_team": ({"allow_to_deny": 4}, {"allow_to_deny": ids["sales"]}),
        "clamp": ({"obligations": 2}, {"obligations": ids["hr"]}),
    }
    assert {row["name"]: (row["replayed"], row["changes"]) for row in found["by_team"]} == {
        "sales": (6, {"allow_to_deny": 4}),
        "hr": (5, {"obligations": 2}),
    }
    assert {row["name"]: row["changes"] for row in found["by_model"]} == {
        "demo-small": {"allow_to_deny": 4, "obligations": 2}
    }
    assert found["why"] == ["4 new denials of 15 decisions exceed 10%"]
    assert backtest(gateway, candidate, "--team", "eng")["replayed"] == 4
    assert backtest(gateway, candidate, "--model", "demo-small", "--team", "hr")["replayed"] == 2
    assert backtest(gateway, candidate, "--until", "1h")["read"] == 0
    assert backtest(gateway, candidate, "--since", "1h")["read"] == 16


def test_a_looser_bundle_is_told_exactly(
    recorded: tuple[GatewayServer, dict[str, list[str]]], tmp_path: Path
) -> None:
    """What was denied is allowed; a model that nobody serves stays refused, whoever may use it."""
    gateway, ids = recorded
    found = backtest(gateway, write(tmp_path / "candidate", looser), "--max-new-allows", "0", code=3)
    rules = {row["name"]: row["examples"] for row in found["by_rule"]}

    assert found["changes"] == {
        "allow_to_deny": 0,
        "deny_to_allow": 2,
        "deny_to_admitted": 0,
        "obligations": 2,
    }
    assert rules == {
        "residency.hr_onprem": {"deny_to_allow": ids["refused"]},
        "route": {"obligations": ids["hr"]},
    }


def test_erased_and_altered_questions_are_told_and_never_used(
    spoilt: tuple[GatewayServer, dict[str, list[str]]], tmp_path: Path
) -> None:
    """An erased question is gone; one that somebody changed closes the gate."""
    gateway, ids = spoilt
    candidate = write(tmp_path / "candidate", stricter)
    assert erasure.erase_record(gateway.audit, ids["sales"][0]).question == 1
    found = backtest(gateway, candidate)

    assert (found["replayed"], found["not_replayed"]) == (14, {"unasked": 1, "erased": 1})
    assert found["changes"]["allow_to_deny"] == 3

    (vault,) = (gateway.audit / "vault" / "questions").rglob("*.bin")
    vault.write_bytes(vault.read_bytes().replace(b'"team":"hr"', b'"team":"HR"', 1))
    found = backtest(gateway, candidate, code=4)

    assert found["not_replayed"] == {"unasked": 1, "erased": 1, "altered": 1}
    assert gateway.regent("audit", "verify").returncode == 10


def test_without_kept_questions_there_is_nothing_to_replay(gateway_server: Start, http_client: Http) -> None:
    """`audit.questions: none` keeps none, and a gate over nothing stays closed."""
    gateway = gateway_server(audit={"questions": "none"})
    http_client.send(gateway, http_client.hello(), token=gateway.token())
    gateway.stop()
    found = backtest(gateway, str(bundles.default_path()), "--max-new-denials", "0", code=4)

    assert (found["replayed"], found["not_replayed"]) == (0, {"absent": 1})


@pytest.mark.parametrize("workers", [1, 2])
def test_a_candidate_runs_in_the_active_bundles_shadow(
    gateway_server: Start,
    http_client: Http,
    tmp_path: Path,
    workers: int,
    deciding: Callable[..., dict[str, Any]],
) -> None:
    """Callers notice nothing; the log has what would have been otherwise, from every worker."""
    candidate = write(tmp_path / "candidate", stricter)
    gateway = gateway_server(workers=workers, policy={**deciding(), "shadow": candidate})
    gateway.await_shadow(workers)
    answers = [http_client.send(gateway, http_client.hello(), token=gateway.token()) for _ in range(5)]
    time.sleep(1)
    gateway.stop()
    shown = gateway.regent("bundle", "shadow", "report", "--json")
    (total,) = json.loads(shown.stdout)

    assert {answer.status for answer in answers} == {200}
    assert total["candidate"] == bundle_files.read(Path(candidate)).revision
    assert total["active"] == answers[0].headers["x-regent-policy-revision"]
    assert total["counts"] == {"considered": 5, "allow_to_deny": 5}
    assert total["rules"] == [{"change": "allow_to_deny", "rule": "residency.unknown_team", "n": 5}]
    assert set(total["examples"]["allow_to_deny"]) <= {
        answer.headers["x-regent-decision-id"] for answer in answers
    }
    assert gateway.regent("audit", "verify").returncode == 10
