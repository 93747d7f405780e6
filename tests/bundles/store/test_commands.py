"""The commands at the store: words, exit codes, and two operators at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from bundles import archive
from bundles.cli import app
from bundles.store import moving, pointers
from bundles.store.folder import FolderBlobs
from bundles.store.lifecycle import State
from tests.bundles.store import house
from tests.bundles.store.house import ALICE, BOB, CAROL, RELEASE

if TYPE_CHECKING:
    from typer.testing import Result

    from bundles.store.desk import Desk
    from bundles.trust import Trust

ROOT = Path(__file__).parents[3]
RUN = CliRunner()


class House:
    """The program around the commands, with a store, a trust and a journal of its own."""

    def __init__(self, folder: Path | None, trust: Trust | None = None) -> None:
        self.folder = folder
        self.trust = trust or house.trusted()
        self.notes = house.Notes()
        self.refusals: dict[str, str] = {}
        self.log_is_broken = False

    def refused(self, revision: str, since_us: int) -> str | None:
        """See the port."""
        assert since_us > 0
        if self.log_is_broken:
            raise OSError("log.cannot_open: no")
        return self.refusals.get(revision)

    def policy_store(self) -> Path | None:
        """See the port."""
        return self.folder

    def approving(self) -> Trust:
        """See the port."""
        return self.trust

    def opa(self) -> None:
        """See the port."""

    def journal(self) -> house.Notes:
        """See the port."""
        return self.notes

    def desk(self) -> Desk:
        """The same store without the command line."""
        assert self.folder
        return house.desk(FolderBlobs(self.folder), self.trust, self.notes)[0]

    def run(self, *arguments: object) -> Result:
        """Call `regent bundle`."""
        return RUN.invoke(app, [str(each) for each in arguments], obj=self)


@pytest.fixture
def keys(tmp_path: Path) -> dict[str, Path]:
    """Everybody's private key as a file."""
    return {each.key.id: each.files(tmp_path)[0] for each in (ALICE, BOB, CAROL, RELEASE)}


@pytest.fixture
def team(tmp_path: Path) -> House:
    """A team with an empty store."""
    return House(tmp_path / "store")


def test_from_publication_to_rollback(team: House, keys: dict[str, Path], tmp_path: Path) -> None:
    """Each command says in one line what became of which revision."""
    base = house.approved(team.desk(), 1)
    bundle = tmp_path / "new.tar.gz"
    bundle.write_bytes(archive.pack(house.candidate(2)))
    published = team.run("publish", bundle, "--author", "alice", "--key", keys["alice"])
    assert published.exit_code == 0, published.stderr
    revision = published.stdout.split(":")[0]
    assert published.stdout == f"{revision}: tested, as {base}, from which it differs in data alone\n"
    short = revision[:14]
    first = team.run("approve", short, "--as", "bob", "--key", keys["bob"])
    assert first.stdout == f"{revision}: tested; 1 of 2 approvals: bob\n"
    second = team.run("approve", short, "--as", "carol", "--key", keys["carol"])
    assert second.stdout == f"{revision}: approved; 2 of 2 approvals: bob, carol\n"
    assert team.run("activate", base[:14]).stdout == f"{base}: active\n"
    assert team.run("shadow", short, "--as", "bob").stdout == f"{revision}: shadow\n"
    assert team.run("shadow", short).stdout == f"{revision} is tried out already\n"
    assert team.run("activate", short, "--as", "bob").stdout == f"{revision}: active\n"
    assert team.run("activate", short).stdout == f"{revision} is active already\n"
    assert team.run("rollback", "--as", "carol").stdout == f"{base}: active again\n"
    assert team.run("retire", short).stdout == f"{revision} is retired already\n"
    again = team.run("publish", bundle, "--author", "alice", "--key", keys["alice"])
    assert again.stdout.startswith(f"{revision}: tested")


@pytest.mark.server
def test_sources_are_tested(team: House, keys: dict[str, Path], sources: Path, opa: Path) -> None:
    """Publishing sources says how many tests passed and how far they reach."""
    command = ["publish", sources, "--author", "alice", "--key", keys["alice"], "--opa", opa]
    said = team.run(*command)
    assert "tests pass and reach 100 % of the lines" in said.stdout, said.stderr
    assert team.run(*command).stdout.endswith("is in the store already\n")


def test_a_release_key_is_given_by_file_and_name(keys: dict[str, Path], tmp_path: Path) -> None:
    """With release keys in the settings an activation needs one of them, once."""
    team = House(tmp_path / "store", house.trusted(keys={"release": RELEASE.public}))
    revision = house.approved(team.desk())
    refused = team.run("activate", revision)
    assert (refused.exit_code, refused.stderr.split(":")[0]) == (1, "store.unsigned")
    assert team.run("activate", revision, "--key", keys["release"]).exit_code == 0
    assert team.run("shadow", revision, "--key", keys["release"], "--key-id", "other").exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["activate", "abababab"], 1, "store.unknown: no revision"),
        (["activate", "x"], 1, "store.unknown: 'x': give"),
        (["rollback"], 1, "store.state: no revision was active"),
        (["history", "abababab"], 1, "store.unknown"),
        (["approve", "abababab", "--as", "bob", "--key", "/nowhere.pem"], 1, "store.unknown"),
        (["shadow"], 2, "Missing argument"),
        (["activate"], 2, "Missing argument"),
    ],
)
def test_refusals_are_one_line(arguments: list[str], code: int, said: str, team: House) -> None:
    """What is wrong is said with its code, without a traceback; exit code 1, or 2 for the way of asking."""
    done = team.run(*arguments)
    assert (done.exit_code, done.stdout) == (code, "")
    assert said in done.stderr
    assert code == 2 or done.stderr.count("\n") == 1


def test_without_a_store_nothing_is_guessed() -> None:
    """Neither an option nor the settings name one: a usage error; the option outranks the settings."""
    nowhere = House(None)
    assert nowhere.run("list").exit_code == 2
    assert "policy.store" in nowhere.run("list").stderr


def test_the_option_outranks_the_settings(team: House, tmp_path: Path) -> None:
    """`--store` names another store."""
    house.published(team.desk())
    assert "empty" in team.run("list", "--store", tmp_path / "other").stdout
    assert "empty" not in team.run("list").stdout


def test_a_lost_race_has_its_own_exit_code(team: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 3: somebody else was faster; look, and try again."""
    desk = team.desk()
    mine, theirs = house.approved(desk, 1), house.approved(desk, 2)
    inner = FolderBlobs.write

    def intrude(blobs: FolderBlobs, key: str, content: bytes, expected: str | None) -> str:
        if key == pointers.ACTIVE:
            monkeypatch.setattr(FolderBlobs, "write", inner)
            moving.activate(team.desk(), theirs, "bob")
        return inner(blobs, key, content, expected)

    monkeypatch.setattr(FolderBlobs, "write", intrude)
    lost = team.run("activate", mine)
    assert (lost.exit_code, lost.stderr.split(":")[0]) == (3, "store.conflict")
    assert house.state(desk, theirs) is State.ACTIVE


def test_tables_and_json_say_the_same(team: House) -> None:
    """`list` and `history` show states, who, when and which tests; `--json` prints one object a line."""
    desk = team.desk()
    first, second = house.approved(desk, 1), house.published(desk, 2)
    moving.activate(desk, first, "bob")
    shown = team.run("list").stdout
    for expected in (first[:14], second[:14], "active", "tested", "bob, carol", "3 pass, 100 % of lines"):
        assert expected in shown
    rows: list[dict[str, Any]] = [json.loads(line) for line in team.run("list", "--json").stdout.splitlines()]
    assert [(row["revision"], row["state"]) for row in rows] == [(first, "active"), (second, "tested")]
    steps = [json.loads(line) for line in team.run("history", "--json").stdout.splitlines()]
    assert [step["at_us"] for step in steps] == sorted((step["at_us"] for step in steps), reverse=True)
    only = [json.loads(line) for line in team.run("history", second[:14], "--json").stdout.splitlines()]
    assert [(step["action"], step["by"]) for step in only] == [("publish", "alice"), ("draft", "alice")]
    assert second[:14] in team.run("history").stdout


def test_names_do_not_steer_the_terminal(team: House) -> None:
    """Markup in what somebody wrote into the store's files by hand is shown as it is, not obeyed."""
    desk = team.desk()
    revision = house.published(desk)
    assert team.folder
    path = team.folder / "revisions" / revision / "state.json"
    path.write_text(path.read_text().replace('"alice"', '"[red]alice\\u001b[2J"'))
    shown = team.run("list").stdout
    assert "[red]alice" in shown
    assert "\x1b" not in shown


OPERATOR = """
import sys, time
from pathlib import Path
from bundles.store import moving
from bundles.store.errors import StoreError
from bundles.store.folder import FolderBlobs
from tests.bundles.store import house
from bundles import jws
from bundles.trust import Trust

folder, turns, *revisions = sys.argv[1:]
people = {p.stem: jws.PublicKey.parse(p.read_bytes(), p.stem) for p in Path(folder, "..").glob("*.pub")}
desk, _ = house.desk(FolderBlobs(Path(folder)), Trust(people=people, approvals=2))
for turn in range(int(turns)):
    try:
        moving.activate(desk, revisions[turn % len(revisions)])
    except StoreError as error:
        assert error.code == "store.conflict", error
"""


def test_operators_in_two_processes_leave_one_active(team: House, tmp_path: Path) -> None:
    """Two operators who activate in turns lose races, and nothing else: the store stays whole."""
    for each in (ALICE, BOB, CAROL):
        each.files(tmp_path)
    revisions = [house.approved(team.desk(), limit) for limit in (1, 2, 3)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", OPERATOR, str(team.folder), "15"]
    running = [
        subprocess.Popen([*command, *order], env=environment, stdout=subprocess.DEVNULL)
        for order in (revisions, revisions[::-1])
    ]
    assert [each.wait(90) for each in running] == [0, 0]
    desk = team.desk()
    states = sorted(house.state(desk, each) for each in revisions)
    assert states.count(State.ACTIVE) == 1
    assert set(states) <= {State.ACTIVE, State.RETIRED, State.APPROVED}
    assert moving.rollback(desk) in revisions


def test_the_list_says_when_a_gateway_refuses_what_is_active(team: House) -> None:
    """The store says what was decided on; what became of it stands in the log."""
    base, other = house.approved(team.desk(), 1), house.approved(team.desk(), 2)
    assert team.run("activate", base[:14]).exit_code == 0
    team.refusals = {base: "bundle.unenforced", other: "bundle.signature"}
    said = team.run("list").stdout
    assert f"a gateway refuses {base[:14]} (bundle.unenforced)" in said
    assert "bundle.signature" not in said  # it doesn't decide, so nobody was to take it
    lines = [json.loads(line) for line in team.run("list", "--json").stdout.splitlines()]
    assert {line["revision"]: line["refused"] for line in lines} == {base: "bundle.unenforced", other: None}
    team.log_is_broken = True
    broken = team.run("list")
    assert (broken.exit_code, "isn't known: log.cannot_open" in broken.stderr) == (0, True)
