"""A policy from its first draft to its rollback, in a gateway that follows the store, without a restart."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from bundles.store import pointers
from tests.end_to_end.test_live_policy import REVISION

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.end_to_end.conftest import Http
    from tests.servers.gateway_server import GatewayServer

pytestmark = [
    pytest.mark.engine("embedded"),
    pytest.mark.server,
    pytest.mark.timeout(300),  # the shipped policies are tested twice, on a machine that does other things
]
POLICIES = Path(__file__).parents[2] / "policies"
PEOPLE = ("alice", "bob", "carol")


class Team:
    """The policy team at its terminal: a store, three people with keys, and a release key."""

    def __init__(self, gateway: GatewayServer, opa: Path) -> None:
        self._gateway = gateway
        self.sources = gateway.folder / "policies"
        shutil.copytree(POLICIES, self.sources)
        tools = gateway.folder / ".tools"
        tools.mkdir()
        (tools / "opa").symlink_to(opa.absolute())
        for name in (*PEOPLE, "release"):
            self.key(name)

    def key(self, name: str) -> None:
        """Make a pair of keys; the settings of a gateway name the public ones."""
        made = self._gateway.regent("bundle", "keygen", "--output", f"keys/{name}", "--key-id", name)
        assert made.returncode == 0, made.stderr

    def does(self, *arguments: str, fails: bool = False) -> str:
        """Run `regent bundle`."""
        done = self._gateway.regent("bundle", *arguments)
        assert (done.returncode != 0) is fails, done.stderr + done.stdout
        return done.stdout + done.stderr

    def keeps_few_tests(self) -> None:
        """Leave the sources the tests of one rule: where it doesn't matter how far tests reach."""
        for path in self.sources.rglob("*_test.rego"):
            if path.parent.name != "clamp":
                path.unlink()

    def publishes(self, author: str, coverage: int = 100) -> str:
        """Publish the sources as they are, if their tests reach so many percent of the lines."""
        options = ["--author", author, "--key", f"keys/{author}/private.pem", "--coverage", str(coverage)]
        said = self.does("publish", "policies", *options)
        return next(word.strip(":") for word in said.split() if word.startswith("r-"))

    def approves(self, revision: str, *names: str) -> None:
        """Have people approve."""
        for name in names:
            self.does("approve", revision, "--as", name, "--key", f"keys/{name}/private.pem")

    def activates(self, revision: str) -> None:
        """Put a revision in force, signed with the release key."""
        self.does("activate", revision, "--key", "keys/release/private.pem", "--key-id", "release")


@pytest.fixture
def gateway(gateway_server: Callable[..., GatewayServer]) -> GatewayServer:
    """A gateway that follows a store and believes three people and one release key."""
    return gateway_server(started=False)


@pytest.fixture
def team(gateway: GatewayServer, opa: Path) -> Team:
    """The team, once the settings know its keys."""
    made = Team(gateway, opa)
    gateway.configure(
        {
            "policy": {
                "store": "data/policies",
                "trust": {
                    "keys": [{"id": "release", "public_key": "keys/release/public.pem"}],
                    "people": [{"name": name, "public_key": f"keys/{name}/public.pem"} for name in PEOPLE],
                },
            }
        }
    )
    return made


def call(gateway: GatewayServer, http_client: Http) -> Any:
    """What an analyst's chat is answered."""
    return http_client.send(gateway, http_client.hello(), token=gateway.token())


def until(gateway: GatewayServer, http_client: Http, revision: str) -> None:
    """Wait until a revision decides."""
    began = time.monotonic()
    while call(gateway, http_client).headers.get(REVISION) != revision:
        assert time.monotonic() - began < 10
        time.sleep(0.02)


@pytest.mark.slow
def test_from_draft_to_rollback(gateway: GatewayServer, team: Team, http_client: Http) -> None:
    """Nothing decides unapproved, a candidate looks on first, and what is activated or taken back decides."""
    first = team.publishes("alice")
    assert "store.state" in team.does("activate", first, fails=True)
    team.approves(first, "bob")
    own = ("approve", first, "--as", "alice", "--key", "keys/alice/private.pem")
    assert "others must approve" in team.does(*own, fails=True)
    team.approves(first, "carol")
    team.activates(first)
    gateway.start()
    assert call(gateway, http_client).status == 200

    # Bob drafts a stricter one.
    roles = team.sources / "regent" / "roles" / "data.yaml"
    said = yaml.safe_load(roles.read_text())
    roles.write_text(yaml.safe_dump({**said, "analyst": {"models": ["gpt-4o*"]}}))
    second = team.publishes("bob")
    team.approves(second, "alice", "carol")
    team.does("shadow", second, "--key", "keys/release/private.pem", "--key-id", "release")
    gateway.await_shadow()
    for _ in range(3):
        assert call(gateway, http_client).status == 200

    team.activates(second)
    until(gateway, http_client, second)
    assert call(gateway, http_client).status == 403

    team.does("rollback")
    until(gateway, http_client, first)
    assert call(gateway, http_client).status == 200
    gateway.stop()
    (looked_on,) = json.loads(gateway.regent("bundle", "shadow", "report", "--json").stdout)
    assert (looked_on["candidate"], looked_on["active"]) == (second, first)
    assert looked_on["counts"]["allow_to_deny"] >= 3
    states = [json.loads(line) for line in team.does("list", "--json").splitlines() if line.startswith("{")]
    assert {each["revision"]: each["state"] for each in states} == {first: "active", second: "retired"}


def test_what_the_store_is_told_by_hand_decides_nothing(
    gateway: GatewayServer, team: Team, http_client: Http
) -> None:
    """Whoever writes `active.json` himself, and a bundle that nobody approved beside it, changes nothing."""
    team.keeps_few_tests()
    first = team.publishes("alice", coverage=0)
    team.approves(first, "bob", "carol")
    team.activates(first)
    gateway.start()
    (team.sources / "regent" / "roles" / "data.yaml").write_text('analyst: {models: ["*"]}\n')
    second = team.publishes("bob", coverage=0)
    store = gateway.folder / "data" / "policies"
    unsigned = store / "revisions" / second / "bundle.tar.gz"
    shutil.copyfile(unsigned, unsigned.with_name("released.tar.gz"))
    forged = json.loads((store / pointers.ACTIVE).read_text()) | {"revision": second}
    (store / pointers.ACTIVE).write_text(json.dumps(forged))
    end = time.monotonic() + 20
    while "policy.refused" not in (gateway.folder / "server.log").read_text():
        assert time.monotonic() < end
        time.sleep(0.05)

    assert call(gateway, http_client).headers[REVISION] == first


def test_a_store_without_people_is_refused_at_the_start(gateway: GatewayServer) -> None:
    """Two approvals are asked for unless the settings say otherwise; somebody must be able to give them."""
    gateway.configure({"policy": {"store": "data/policies"}})
    done = gateway.regent("serve")

    assert done.returncode == 1
    assert "policy.trust.people" in done.stderr
