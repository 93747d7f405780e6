"""Many writers in a database, one tree: whoever merges it, and however often it is taken over."""

from __future__ import annotations

import asyncio
import json
import shutil
import threading
import time
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

import pytest

from audit.errors import LogDamaged, LogUnavailable
from audit.keys import LogKeys
from audit.merging.loop import Loop
from audit.merging.notary import LogNotary
from audit.merging.sequencer import Sequencer
from audit.postgres.database import Database, pace
from audit.postgres.mirror import Mirror, export_tiles
from audit.postgres.target import Target
from audit.record import auth_failure
from tests.audit.merging.conftest import House

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.postgres.session import Session
    from audit.record import Record
    from tests.audit.postgres.conftest import Cluster

pytestmark = pytest.mark.server

ORIGIN = "regent.test/log"
PATIENCE_S = 20


def failures(count: int) -> list[Record]:
    """Some records."""
    return [auth_failure("identity.expired", number) for number in range(count)]


def covered(cluster: Cluster) -> bool:
    """Whether everything that was promised is in the merged log, after a check of all of it in a copy."""
    cluster.mirror()
    house = House(cluster.folder)
    return (cluster.folder / "checkpoint").exists() and set(cluster.promised.values()) <= house.merged()


def cut_sequencers(cluster: Cluster) -> None:
    """End the connections of those who merge."""
    cluster.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ~ 'sequencer'")


def wait(condition: Callable[[], bool]) -> None:
    """Wait for what another thread does."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize("count", [1, 252, 253, 254, 255, 511])
async def test_what_writers_were_promised_is_merged(cluster: Cluster, count: int) -> None:
    """Around the widths of tiles, from one writer and then from another, each record stands there once."""
    first, second = cluster.open("a"), cluster.open("b")
    await cluster.append(first, *failures(count))
    sequencer = cluster.sequencer()
    assert sequencer.turn() == count + 4
    before = sequencer.size
    await cluster.append(second, *failures(3))
    assert sequencer.turn() == 3
    assert sequencer.turn() == 0

    assert sequencer.size == before + 4
    assert covered(cluster)


async def test_many_small_turns_make_the_same_tiles_as_one(cluster: Cluster) -> None:
    """Pieces are laid side by side, over restarts with and without the hint; a full tile is whole."""
    log = cluster.open()
    sequencer = cluster.sequencer()
    for number in range(60):
        await cluster.append(log, *failures(1 + 7 * (number % 3)))
        sequencer.turn()
        if number % 20 == 19:
            if number == 39:
                cluster.run("UPDATE head SET hint = NULL", "SELECT 1")
            sequencer = cluster.sequencer()
    await cluster.append(log, *failures(1500))
    sequencer.turn()

    assert covered(cluster)
    pieces = cluster.run("SELECT level, tile, sum(width) AS width FROM piece GROUP BY 1, 2")
    full = sequencer.size // 256
    assert {(row["level"], row["tile"]): row["width"] for row in pieces} == {
        **{(level, tile): 256 for level in (-1, 0) for tile in range(full)},
        **{(level, full): sequencer.size % 256 for level in (-1, 0)},
        (1, 0): full,
    }


async def test_only_one_merges_and_the_next_takes_over_at_once(cluster: Cluster) -> None:
    """The second is turned away while the first lives, and waits for its end without asking again."""
    log = cluster.open()
    cluster.sequencer().turn()
    with ExitStack() as opened, pytest.raises(LogUnavailable, match=r"log\.merging"):
        Database(cluster.target(timeout_s=1)).open(opened)
    with Running(cluster) as next_one:
        await cluster.append(log, *failures(2))
        await asyncio.sleep(0.3)
        cluster.mirror()
        assert not set(cluster.promised.values()) <= House(cluster.folder).merged()
        cluster.stop()
        wait(partial(covered, cluster))

    assert next_one.said == []


async def test_of_two_that_merge_past_the_lock_one_publishes(cluster: Cluster) -> None:
    """The head moves from what a sequencer has seen only; the other's turn leaves nothing behind."""
    log = cluster.open()
    first = cluster.sequencer()
    first.turn()
    session: Session = first._shelf._session  # type: ignore[attr-defined]
    session.run("SELECT pg_advisory_unlock_all()")
    with ExitStack() as opened:
        writers, shelf = Database(cluster.target()).open(opened)
        second = Sequencer(
            writers, shelf, LogNotary(LogKeys.read(cluster.folder, ORIGIN), cluster.ports), cluster.ports
        )
        await cluster.append(log, *failures(3))
        assert second.turn() == 3
    await cluster.append(log, *failures(3))
    with pytest.raises((LogDamaged, OSError)):
        first.turn()
    cluster.sequencer().turn()

    assert covered(cluster)


async def test_a_head_that_moved_stops_the_merge(cluster: Cluster) -> None:
    """Somebody who writes a checkpoint past the lock isn't overwritten."""
    log = cluster.open()
    sequencer = cluster.sequencer()
    sequencer.turn()
    cluster.run("UPDATE head SET note = note || 'x'::bytea", "SELECT 1")
    await cluster.append(log, *failures(1))
    with pytest.raises(LogDamaged, match=r"log\.head_moved"):
        sequencer.turn()


@pytest.mark.parametrize("number", range(1, 9))
async def test_a_turn_that_breaks_off_leaves_nothing(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Whichever statement fails, the published log is whole, and the next sequencer misses nothing."""
    log = cluster.open()
    await cluster.append(log, *failures(300))
    sequencer = cluster.sequencer()
    sequencer.turn()
    await cluster.append(log, *failures(700))
    session: Session = sequencer._shelf._session  # type: ignore[attr-defined]
    left = number
    for name in ("run", "run_many", "fetch"):
        real = getattr(session, name)

        def may_fail(*values: object, real: Callable[..., object] = real) -> object:
            nonlocal left
            left -= 1
            if left == 0:
                raise OSError(28, "no space left on device")
            return real(*values)

        monkeypatch.setattr(session, name, may_fail)
    try:
        sequencer.turn()
    except OSError:
        session.drop()
    cluster.mirror()
    House(cluster.folder).entries()
    cluster.sequencer().turn()

    assert covered(cluster)


@pytest.mark.parametrize(
    "spoil",
    [
        "UPDATE head SET note = set_byte(note, 17, get_byte(note, 17) + 1)",
        "UPDATE piece SET data = set_byte(data, 3, 1) WHERE level = 0",
        "UPDATE piece SET data = set_byte(data, 30, 1) WHERE level = -1",
        "DELETE FROM piece WHERE level = -1",
    ],
    ids=["note", "tile", "bundle", "gone"],
)
async def test_what_was_published_and_changed_stops_the_merge(cluster: Cluster, spoil: str) -> None:
    """Continuing would bury the evidence under a new signature."""
    log = cluster.open()
    await cluster.append(log, *failures(3))
    cluster.sequencer().turn()
    cluster.stop()
    cluster.run("SET session_replication_role = replica", spoil, "SELECT 1")
    with pytest.raises((LogDamaged, FileNotFoundError)):
        cluster.sequencer().turn()


async def test_silence_is_signed(cluster: Cluster) -> None:
    """With nothing to merge, an entry after a minute names every writer."""
    cluster.open("a")
    cluster.open("b")
    sequencer = cluster.sequencer()
    sequencer.turn()
    size = sequencer.size
    cluster.now_us += 60_000_000
    sequencer.turn()
    cluster.mirror()

    last = json.loads(House(cluster.folder).entries()[-1])
    assert (sequencer.size, [head["id"] for head in last["heads"]]) == (size + 1, ["a.w0", "b.w0"])


async def test_a_copy_follows_and_refuses_another_history(cluster: Cluster, tmp_path: Path) -> None:
    """A folder keeps up with the database; one that shows less, or something else, is told from it."""
    log = cluster.open()
    copy = tmp_path / "copy"
    with pytest.raises(LogUnavailable, match="no log in the database"):
        export_tiles(Target(cluster.admin.dsn, "nothing"), copy)
    sequencer = cluster.sequencer()
    sizes = []
    for number in range(4):
        await cluster.append(log, *failures(200))
        sequencer.turn()
        sizes.append(export_tiles(cluster.target(), copy))
        House(copy).entries()
        if number == 1:
            cluster.run("CREATE TABLE kept AS TABLE piece", "CREATE TABLE note AS TABLE head", "SELECT 1")
    assert sizes == [203, 404, 605, 806]
    assert {path.name for path in copy.iterdir()} >= {"checkpoint", "origin.json", "log.vkey", "tile"}

    cluster.stop()
    cluster.run(
        "SET session_replication_role = replica",
        "UPDATE head SET (note, published) = (SELECT note, published FROM note), hint = NULL",
        "DELETE FROM piece",
        "INSERT INTO piece SELECT * FROM kept",
        "SELECT 1",
    )
    with pytest.raises(LogDamaged, match=r"log\.rolled_back"):
        export_tiles(cluster.target(), copy)
    cluster.now_us += 1
    sequencer = cluster.sequencer()
    sequencer.turn()
    cluster.now_us += 60_000_000
    sequencer.turn()
    with pytest.raises(LogDamaged, match=r"log\.forked"):
        export_tiles(cluster.target(), copy)
    House(copy).entries()


def test_a_copy_complains_once_and_harms_nobody(cluster: Cluster, tmp_path: Path) -> None:
    """A folder that can't be written is reported; the next turn that works ends it."""
    cluster.open()
    cluster.sequencer().turn()
    said: list[str] = []
    place = tmp_path / "copy"
    place.write_text("in the way")
    copy = Mirror(cluster.target(), place)
    copy.follow(said.append)
    copy.follow(said.append)
    place.unlink()
    copy.follow(said.append)
    copy.close()

    assert len(said) == 1
    assert (place / "checkpoint").exists()


class Running:
    """A sequencer's loop on a thread of its own."""

    def __init__(self, cluster: Cluster) -> None:
        self.said: list[str] = []
        place = Database(cluster.target(timeout_s=2))
        self.loop = Loop(
            place,
            lambda: LogNotary(place.keys(cluster.folder, ORIGIN), cluster.ports),
            report=self.said.append,
            pace=pace(0.02),
            ports=cluster.ports,
        )
        self._thread = threading.Thread(target=self.loop.run)

    def __enter__(self) -> Running:  # noqa: PYI034 - not to be derived from
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.stop()
        self._thread.join()


async def test_loops_take_turns_while_connections_are_cut(cluster: Cluster) -> None:
    """Two stand beside each other from before the first record on; whoever is cut off, all is merged."""
    with Running(cluster) as first, Running(cluster) as second:
        log = cluster.open()
        for _ in range(5):
            await cluster.append(log, *failures(50))
            cluster.run(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ~ 'sequencer'"
            )
        wait(partial(covered, cluster))
        log.close()
        first.loop.stop()
        await asyncio.sleep(0)
        wait(lambda: any(b'"writer.close"' in entry for entry in _merged(cluster)))

    assert all("log.damaged" not in each for each in (*first.said, *second.said))


def _merged(cluster: Cluster) -> list[bytes]:
    cluster.mirror()
    return House(cluster.folder).entries()


def test_a_sequencer_with_another_key_signs_nothing(cluster: Cluster, tmp_path: Path) -> None:
    """The database says whose log it is; another key would only make checkpoints that nobody takes."""
    cluster.open()
    other = tmp_path / "other"
    shutil.copytree(cluster.folder, other)
    shutil.rmtree(other / "keys")
    with ExitStack() as opened:
        place = Database(cluster.target())
        place.open(opened)
        with pytest.raises(LogUnavailable, match=r"log\.no_key"):
            place.keys(other, ORIGIN)
