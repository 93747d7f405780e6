"""Sequencers of two replicas as processes: each has a copy of its own, and witnesses sign for both."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from audit.errors import TlogRefused
from audit.index.search import Search
from audit.keys import verifiers
from audit.postgres.mirror import export_tiles
from audit.record import auth_failure
from audit.tlog.trust import TrustPolicy
from audit.vouched import Vouched
from audit.witness.server import keygen, open_witness, witness_app
from tests.audit.postgres.conftest import ORIGIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from starlette.types import ASGIApp

    from tests.audit.postgres.conftest import Cluster

pytestmark = [pytest.mark.server]
PATIENCE_S = 30


class Replica:
    """A sequencer in a process, with a folder of its own.

    Attributes:
        folder: keys and copy.
    """

    def __init__(self, cluster: Cluster, folder: Path, *more: str) -> None:
        self.folder = folder
        shutil.copytree(cluster.folder / "keys", folder / "keys")
        command = [sys.executable, "-m", "audit.merging", str(folder), ORIGIN, "--interval-s", "0.1"]
        self.process = subprocess.Popen(
            [*command, "--beside", "--postgres", cluster.schema, *more], stdin=subprocess.PIPE
        )
        assert self.process.stdin is not None
        self.process.stdin.write(cluster.target().dsn.encode() + b"\n")
        self.process.stdin.flush()

    def size(self, policy: TrustPolicy | None = None) -> int:
        """Entries of the copy; with a policy, if its quorum has signed."""
        try:
            note = (self.folder / "checkpoint").read_bytes()
            return policy.check(note).checkpoint.size if policy else int(note.split(b"\n")[1])
        except (FileNotFoundError, TlogRefused):
            return 0

    def indexed(self) -> int:
        """Entries of the index."""
        search = Search.open(self.folder)
        if search is None:
            return 0
        search.close()
        return search.size

    def kill(self) -> None:
        """As a machine that is gone."""
        self.process.kill()
        self.process.communicate()


def wait(condition: Callable[[], bool]) -> None:
    """Wait for what other processes do."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def written(cluster: Cluster, count: int) -> None:
    """Have a writer log some records, and end."""
    log = cluster.open()
    asyncio.run(cluster.append(log, *(auth_failure("a.b", number) for number in range(1, count + 1))))
    log.close()


@pytest.fixture
def replicas(cluster: Cluster, tmp_path: Path) -> Iterator[list[Replica]]:
    """Two of them; the log has records."""
    written(cluster, 300)
    made = [Replica(cluster, tmp_path / name) for name in ("one", "two")]
    yield made
    for each in made:
        each.kill()


def test_who_stands_by_has_a_copy_too(cluster: Cluster, replicas: list[Replica]) -> None:
    """One merges, both can be asked; and when the one is killed, the other goes on with its own."""
    wait(lambda: all(each.size() > 300 and each.indexed() == each.size() for each in replicas))
    before = replicas[0].size()
    replicas[0].kill()
    written(cluster, 10)
    wait(lambda: replicas[1].size() > before + 10 and replicas[1].indexed() == replicas[1].size())
    assert (replicas[1].folder / "tile" / "entries" / "000").exists()
    assert (replicas[1].folder / "checkpoints").is_dir()


class Witnesses:
    """Two of them.

    Attributes:
        text: of the trust policy, without its quorum.
    """

    def __init__(self, cluster: Cluster, keys: list[str], urls: list[str]) -> None:
        (log,) = verifiers(cluster.folder)
        lines = [f"witness w{n} {key} {url}" for n, (key, url) in enumerate(zip(keys, urls, strict=True))]
        self.text = "\n".join([f"log {log}", *lines, ""])

    def policy(self, path: Path, text: str = "") -> Path:
        """A file in which all must sign."""
        path.write_text(f"{text or self.text}group q all w0 w1\nquorum q\n")
        return path


@pytest.fixture
def witnesses(cluster: Cluster, serving: Callable[[ASGIApp], str], tmp_path: Path) -> Iterator[Witnesses]:
    """Two witnesses that know the log, which has records."""
    written(cluster, 5)
    with contextlib.ExitStack() as opened:
        urls, keys = [], []
        for name in ("w0", "w1"):
            key, state = tmp_path / f"{name}.key", tmp_path / f"{name}.db"
            (vkey,) = keygen(f"{name}.example", key, state)
            witness, held = open_witness(state, key, verifiers(cluster.folder))
            opened.callback(held.close)
            urls.append(serving(witness_app(witness)))
            keys.append(str(vkey))
        yield Witnesses(cluster, keys, urls)


def test_witnesses_sign_what_is_published(cluster: Cluster, witnesses: Witnesses, tmp_path: Path) -> None:
    """Both copies have the quorum's lines and its age; and who takes over goes on with them."""
    path = witnesses.policy(tmp_path / "trust.policy")
    policy = TrustPolicy.parse(path.read_bytes())
    pair = [Replica(cluster, tmp_path / name, "--trust", str(path)) for name in ("one", "two")]
    try:
        wait(lambda: all(each.size(policy) > 5 for each in pair))
        assert all(Vouched(each.folder, 60).lately() for each in pair)
        before = pair[1].size(policy)
        pair[0].kill()
        written(cluster, 20)
        wait(lambda: pair[1].size(policy) > before + 20)
    finally:
        for each in pair:
            each.kill()


def test_nothing_is_published_while_witnesses_are_away(
    cluster: Cluster, witnesses: Witnesses, tmp_path: Path
) -> None:
    """The log grows behind its head; nobody is shown it before they sign, and no age looks young."""
    text = witnesses.text.replace("http://127.0.0.1:", "http://127.0.0.1:1/")
    path = witnesses.policy(tmp_path / "away.policy", text)
    alone = Replica(cluster, tmp_path / "one", "--trust", str(path))
    try:
        wait(lambda: cluster.run("SELECT note FROM head")[0]["note"] is not None)
        assert cluster.run("SELECT published FROM head")[0]["published"] is None
        assert export_tiles(cluster.target(), tmp_path / "copy") == 0
        assert not Vouched(alone.folder, 60).lately()
    finally:
        alone.kill()


def test_an_old_quorum_looks_old_in_a_new_copy(cluster: Cluster, tmp_path: Path) -> None:
    """The age is the server's, not that of the file's making."""
    written(cluster, 1)
    cluster.sequencer().turn()
    cluster.run("UPDATE head SET witnessed = 1, witnessed_at = now() - interval '1 hour'")
    export_tiles(cluster.target(), tmp_path / "copy")
    assert not Vouched(tmp_path / "copy", 3_000).lately()
    assert Vouched(tmp_path / "copy", 4_000).lately()
