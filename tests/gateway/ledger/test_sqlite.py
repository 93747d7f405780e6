"""What can go wrong with a ledger's file: each its own error, nothing lost or counted twice; it goes on."""

from __future__ import annotations

import asyncio
import resource
import shutil
import sqlite3
import stat
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from gateway.accounts import NOTHING, Amount, Concurrency, Purse, Rate, Reservation
from gateway.errors import LedgerError
from gateway.ledger.names import name_of
from gateway.ledger.sqlite import SqliteLedger
from gateway.ledger.sqlite_checkpoints import checkpoint
from tests.gateway.ledger.conftest import SqlitePlace, sqlite_place
from tests.gateway.ledger.places import LEASE_US, NOON_US, held, refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from gateway.accounts import Allowance

MINUTE_US = 60_000_000
DAY_US = 24 * 60 * MINUTE_US
RATE = Rate("a", MINUTE_US, requests=99)
AT_ONCE = Concurrency("a", 9)
ONE = Amount(1, 5, 5)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[SqlitePlace]:
    """An empty file."""
    async with sqlite_place(tmp_path) as found:
        yield found


@pytest.fixture
def path(place: SqlitePlace) -> Path:
    """Where it is."""
    return place.path


@pytest.fixture
async def ledger(place: SqlitePlace) -> SqliteLedger:
    """One that waits for others only shortly."""
    found = await place.opened()
    found._turns._deadline_s = 0.02
    return found


@pytest.fixture
def other(ledger: SqliteLedger, path: Path) -> Iterator[sqlite3.Connection]:
    """Another process at the same file."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        yield db


async def used(ledger: SqliteLedger, *allowances: Allowance) -> list[int]:
    """Used and reserved together."""
    return [each.used + each.reserved for each in await ledger.usage(allowances)]


async def code_of(ledger: SqliteLedger, *allowances: Allowance) -> str:
    """The code of the error that a reservation ends with."""
    with pytest.raises(LedgerError) as caught:
        await ledger.reserve(allowances or [RATE], ONE)
    return caught.value.code


def look_again(ledger: SqliteLedger) -> None:
    """As if a moment had passed since the file was last looked at."""
    ledger._file._looked_s = 0.0


def overwrite(path: Path, content: bytes) -> None:
    """Make a file anew."""
    path.write_bytes(content)


def content(path: Path) -> bytes:
    """What is in a file."""
    return path.read_bytes()


def move(path: Path, to: Path) -> None:
    """Put a file somewhere else."""
    path.rename(to)


# ── other processes ─────────────────────────────────────────────────────────────────────────────


async def test_a_call_waits_for_another_process(ledger: SqliteLedger, other: sqlite3.Connection) -> None:
    """As long as its deadline allows, without stopping the loop."""
    ledger._turns._deadline_s = 60.0
    other.execute("BEGIN IMMEDIATE")
    call = asyncio.ensure_future(ledger.reserve([RATE], ONE))
    for _ in range(20):
        await asyncio.sleep(0.001)
    assert not call.done()
    other.execute("ROLLBACK")
    held(await call)


async def test_a_ledger_that_others_hold_too_long_is_busy(
    ledger: SqliteLedger, other: sqlite3.Connection
) -> None:
    """And answers again when they are done."""
    other.execute("BEGIN IMMEDIATE")
    assert await code_of(ledger) == "ledger.busy"
    other.execute("ROLLBACK")
    assert held(await ledger.reserve([RATE], ONE)).standings[0].used == 1


@pytest.mark.parametrize("ending", ["settle", "release"])
async def test_an_ending_that_could_not_be_written_is_made_up_for(
    ledger: SqliteLedger, other: sqlite3.Connection, ending: str
) -> None:
    """The caller hears of it; the reservation doesn't stay held for as long as the process lives."""
    call = held(await ledger.reserve([RATE, AT_ONCE], ONE))
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerError, match="busy"):
        await (ledger.settle(call, ONE) if ending == "settle" else ledger.release(call))
    other.execute("ROLLBACK")
    await ledger.usage([])
    assert await used(ledger, RATE, AT_ONCE) == [int(ending == "settle"), 0]


async def test_who_goes_away_while_waiting_reserves_nothing(
    ledger: SqliteLedger, other: sqlite3.Connection
) -> None:
    """The call is forgotten before it is carried out."""
    other.execute("BEGIN IMMEDIATE")
    call = asyncio.ensure_future(ledger.reserve([RATE, AT_ONCE], ONE))
    await asyncio.sleep(0)
    call.cancel()
    other.execute("ROLLBACK")
    with pytest.raises(asyncio.CancelledError):
        await call
    assert await used(ledger, RATE, AT_ONCE) == [0, 0]


async def test_who_goes_away_just_after_it_was_reserved_holds_nothing(ledger: SqliteLedger) -> None:
    """Nobody else would know of it, so the ledger gives it back."""
    first = asyncio.ensure_future(ledger.reserve([AT_ONCE], ONE))
    second = asyncio.ensure_future(ledger.reserve([RATE, AT_ONCE], ONE))
    carried_out = asyncio.get_running_loop().create_future()
    count = ledger._checkpoints.count

    def counted() -> None:
        count()
        if first.done() and not second.done() and not carried_out.done():
            second.cancel()
            carried_out.set_result(None)

    ledger._checkpoints.count = counted  # type: ignore[method-assign]
    held(await first)
    await carried_out
    with pytest.raises(asyncio.CancelledError):
        await second
    await ledger.usage([])
    assert await used(ledger, RATE, AT_ONCE) == [0, 1]


async def test_a_settlement_that_nobody_awaits_any_more_is_made(
    ledger: SqliteLedger, other: sqlite3.Connection
) -> None:
    """A client that leaves doesn't keep its place."""
    call = held(await ledger.reserve([AT_ONCE], ONE))
    ledger._turns._deadline_s = 60.0
    other.execute("BEGIN IMMEDIATE")
    ending = asyncio.ensure_future(ledger.settle(call, ONE))
    await asyncio.sleep(0)
    ending.cancel()
    other.execute("ROLLBACK")
    with pytest.raises(asyncio.CancelledError):
        await ending
    assert await used(ledger, AT_ONCE) == [0]


async def test_calls_of_one_turn_are_one_transaction(ledger: SqliteLedger) -> None:
    """But for the first, which needn't wait; and one that is wrong disturbs none of the others."""
    commits = 0

    def count() -> None:
        nonlocal commits
        commits += 1

    ledger._checkpoints.count = count  # type: ignore[method-assign]
    wrong = ledger.reserve([Purse("a", 9, "day", time_zone="nowhere")], ONE)
    calls = [ledger.reserve([RATE], ONE) for _ in range(50)]
    found = await asyncio.gather(*calls[:25], wrong, *calls[25:], return_exceptions=True)
    assert sum(isinstance(each, Reservation) for each in found) == 50
    assert isinstance(found[25], ValueError)
    assert commits == 2
    assert await used(ledger, RATE) == [50]


# ── the disk ────────────────────────────────────────────────────────────────────────────────────


async def test_only_its_owner_reads_a_ledger(ledger: SqliteLedger, path: Path) -> None:
    """The file, its log and its index."""
    held(await ledger.reserve([RATE], ONE))
    files = list(path.parent.glob("ledger.db*"))
    assert len(files) == 3
    assert {stat.S_IMODE(each.stat().st_mode) for each in files} == {0o600}


async def test_a_full_disk_refuses_and_counts_nothing(ledger: SqliteLedger) -> None:
    """What ends meanwhile is made up for when there is room again."""
    call = held(await ledger.reserve([AT_ONCE], ONE))
    (pages,) = ledger._file.db().execute("PRAGMA page_count").fetchone()
    ledger._file.db().execute(f"PRAGMA max_page_count={pages}")
    many = [Rate("x" * 250 + str(each), MINUTE_US, requests=1) for each in range(100)]
    assert await code_of(ledger, *many) == "ledger.full"
    assert await used(ledger, *many) == [0] * 100
    await ledger.settle(call, ONE)
    assert await used(ledger, AT_ONCE) == [0]
    ledger._file.close()  # as another disk would: the limit is gone with the connection
    held(await ledger.reserve(many, ONE))


async def test_a_log_that_cannot_grow_refuses_and_recovers(ledger: SqliteLedger, path: Path) -> None:
    """A limit on file sizes stands for any disk that says no in the middle of a write."""
    call = held(await ledger.reserve([RATE, AT_ONCE], ONE))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = path.with_name("ledger.db-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        code = await code_of(ledger)
        with pytest.raises(LedgerError) as caught:
            await ledger.settle(call, ONE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (code, caught.value.code) == ("ledger.unavailable", "ledger.unavailable")
    await ledger.usage([])
    assert await used(ledger, RATE, AT_ONCE) == [1, 0]


async def test_a_file_that_cannot_be_written_refuses_and_recovers(ledger: SqliteLedger) -> None:
    """Read-only for a while."""
    held(await ledger.reserve([RATE], ONE))
    ledger._file.db().execute("PRAGMA query_only=1")
    assert await code_of(ledger) == "ledger.unavailable"
    assert held(await ledger.reserve([RATE], ONE)).standings[0].used == 2


@pytest.mark.parametrize("replaced", [False, True])
async def test_a_file_that_is_gone_is_lost_until_it_is_back(
    ledger: SqliteLedger, path: Path, *, replaced: bool
) -> None:
    """Never silently from nothing, also where somebody else has begun an empty one meanwhile."""
    held(await ledger.reserve([RATE], ONE))
    aside = path.with_name("aside.db")
    overwrite(path.with_name("empty.db"), b"")
    move(path, aside)
    if replaced:
        move(path.with_name("empty.db"), path)
    for _ in range(2):
        look_again(ledger)
        assert await code_of(ledger) == "ledger.lost"
    move(aside, path)
    assert held(await ledger.reserve([RATE], ONE)).standings[0].used == 2


async def test_an_operator_may_accept_an_empty_ledger(ledger: SqliteLedger, path: Path) -> None:
    """After the file was lost."""
    call = held(await ledger.reserve([RATE, AT_ONCE], ONE))
    for each in path.parent.glob("ledger.db*"):
        each.unlink()
    look_again(ledger)
    assert await code_of(ledger) == "ledger.lost"
    ledger.renew()
    await ledger.settle(call, ONE)
    assert await used(ledger, RATE, AT_ONCE) == [0, 0]
    held(await ledger.reserve([RATE], ONE))


async def test_what_is_no_ledger_is_not_opened(place: SqlitePlace, path: Path) -> None:
    """Nor changed."""
    before = b"not a database, but long enough to be taken for one" * 100
    overwrite(path, before)
    with pytest.raises(LedgerError, match=r"ledger\.unavailable"):
        await place.opened()
    assert content(path) == before


async def test_a_ledger_of_a_newer_version_is_not_opened(place: SqlitePlace, path: Path) -> None:
    """An older gateway would count wrongly in it."""
    await (await place.opened()).close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version=99")
    with pytest.raises(LedgerError, match="version 99"):
        await place.opened()


async def test_a_ledger_without_a_folder_is_not_opened(tmp_path: Path) -> None:
    """Neither where the folder is missing, nor where a folder is in its place."""
    for path in (tmp_path / "nowhere" / "ledger.db", tmp_path):
        with pytest.raises(LedgerError, match=r"ledger\.unavailable"):
            SqliteLedger.open(path)


async def test_a_damaged_counter_refuses_and_others_count(
    ledger: SqliteLedger, other: sqlite3.Connection
) -> None:
    """What can't be read is never taken for nothing."""
    held(await ledger.reserve([RATE], ONE))
    for damage in (b"\xff", b"[1]", b"{}", b"7"):
        other.execute("UPDATE counter SET state = ? WHERE name = ?", (damage, name_of(RATE, NOON_US)))
        assert await code_of(ledger) == "ledger.unavailable"
        await ledger.release(held(await ledger.reserve([AT_ONCE], ONE)))


async def test_a_damaged_file_refuses(ledger: SqliteLedger, path: Path) -> None:
    """Until it is repaired, here by its copy."""
    for number in range(50):
        held(await ledger.reserve([Rate(f"{number:0200}", MINUTE_US, 9)], ONE))
    assert checkpoint(path)
    copy = path.with_name("copy.db")
    shutil.copy(path, copy)
    ledger._file.close()
    with path.open("r+b") as file:
        file.write(b"\0" * 100)
    assert await code_of(ledger) == "ledger.lost"
    with path.open("r+b") as file:
        file.write(copy.read_bytes()[:100])
    assert held(await ledger.reserve([Rate(f"{1:0200}", MINUTE_US, 9)], ONE)).standings[0].used == 2


@pytest.mark.parametrize("place_of_it", [0, 1, 16, 20])
async def test_a_file_whose_beginning_was_overwritten_is_noticed(
    ledger: SqliteLedger, path: Path, place_of_it: int
) -> None:
    """While it is open, when SQLite reads its first page no more; it is good again once it is whole."""
    held(await ledger.reserve([RATE], ONE))
    with path.open("r+b") as file:
        before = file.read(24)
        file.seek(place_of_it)
        file.write(b"?")
    for _ in range(2):
        look_again(ledger)
        assert await code_of(ledger) == "ledger.lost"
    with path.open("r+b") as file:
        file.write(before)
    look_again(ledger)
    assert held(await ledger.reserve([RATE], ONE)).standings[0].used == 2


async def test_what_another_process_writes_is_read(
    place: SqlitePlace, ledger: SqliteLedger, other: sqlite3.Connection
) -> None:
    """What a process remembers of its counters is worth nothing once somebody else has written."""
    neighbour = await place.opened()
    for number in range(1, 9, 2):
        assert held(await ledger.reserve([RATE], ONE)).standings[0].used == number
        assert held(await neighbour.reserve([RATE], ONE)).standings[0].used == number + 1
    other.execute("DELETE FROM counter")
    assert held(await ledger.reserve([RATE], ONE)).standings[0].used == 1


async def test_what_was_rolled_back_is_forgotten(ledger: SqliteLedger) -> None:
    """Also by the process that had counted it."""
    held(await ledger.reserve([RATE], ONE))
    ledger._file.db().execute("PRAGMA query_only=1")
    for _ in range(3):
        assert await code_of(ledger) == "ledger.unavailable"
        ledger._file.db().execute("PRAGMA query_only=1")
    ledger._file.db().execute("PRAGMA query_only=0")
    assert await used(ledger, RATE) == [1]


async def test_more_keys_than_are_remembered_count(ledger: SqliteLedger) -> None:
    """Memory has an end, counts haven't."""
    every = [Rate(f"user:{number}", MINUTE_US, requests=9) for number in range(2_500)]
    for used_by_now in (1, 2):
        calls = [ledger.reserve([each], ONE) for each in every]
        assert {held(each).standings[0].used for each in await asyncio.gather(*calls)} == {used_by_now}
    assert len(ledger._remembered.counts) < 2_000


async def test_a_closed_ledger_counts_nothing(ledger: SqliteLedger) -> None:
    """It says so."""
    await ledger.close()
    assert await code_of(ledger) == "ledger.unavailable"


# ── checkpoints and sweeping ────────────────────────────────────────────────────────────────────


async def test_checkpoints_keep_the_log_short(ledger: SqliteLedger, path: Path) -> None:
    """After one the log begins anew; while somebody writes none is made."""
    log = path.with_name("ledger.db-wal")
    for _ in range(100):
        await ledger.release(held(await ledger.reserve([RATE], ONE)))
    size = log.stat().st_size
    for _ in range(5):
        assert checkpoint(path)
        for _ in range(90):
            await ledger.release(held(await ledger.reserve([RATE], ONE)))
    assert log.stat().st_size == size
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        assert not checkpoint(path)


async def test_commits_bring_checkpoints(place: SqlitePlace, path: Path) -> None:
    """On their own thread, every so often."""
    ledger = await place.opened()
    ledger._checkpoints._every = 10
    for _ in range(10):
        held(await ledger.reserve([RATE], ONE))
    assert ledger._checkpoints._running is not None
    assert await asyncio.wrap_future(ledger._checkpoints._running)


async def test_what_means_nothing_any_more_is_forgotten(
    place: SqlitePlace, ledger: SqliteLedger, other: sqlite3.Connection
) -> None:
    """Step by step; not what is held, not this period's purse nor the last one's."""

    async def tend() -> int:
        for _ in range(6):
            ledger._turns.push(ledger._tend, owed=False)
            await ledger.usage([])
        found: int = other.execute("SELECT count(*) FROM counter").fetchone()[0]
        return found

    await tend()
    for number in range(600):
        await ledger.release(held(await ledger.reserve([Rate(f"user:{number}", MINUTE_US, 9)], ONE)))
    kept: list[Allowance] = [
        AT_ONCE,
        Purse("a", 99, "day"),
        Purse("a", 99, window_us=MINUTE_US),
        Rate("a", DAY_US, 9),
    ]
    held(await ledger.reserve(kept, ONE))
    assert await tend() == 604
    await place.advance(61 * MINUTE_US)
    assert await tend() == 4
    await place.advance(3 * DAY_US)
    assert await tend() == 3  # what is held keeps its purses, however old


async def test_nothing_is_forgotten_just_after_a_jump(place: SqlitePlace, ledger: SqliteLedger) -> None:
    """A clock that somebody has set wrongly costs no purse what was spent from it."""
    purse = Purse("a", 99, "day")
    ledger._turns.push(ledger._tend, owed=False)
    await ledger.settle(held(await ledger.reserve([purse], ONE)), ONE)
    await place.advance(120 * MINUTE_US)
    await place.jump(400 * DAY_US)
    ledger._turns.push(ledger._tend, owed=False)
    await ledger.usage([])
    await place.jump(-400 * DAY_US)
    assert await used(ledger, purse) == [5]


# ── leases ──────────────────────────────────────────────────────────────────────────────────────


async def test_leases_run_by_a_clock_that_nobody_sets(place: SqlitePlace, ledger: SqliteLedger) -> None:
    """Neither jump expires what a living process holds, or keeps what a dead one held."""
    gone, one = await place.opened(), Concurrency("a", 1)
    call = held(await ledger.reserve([one], ONE))
    await place.jump(DAY_US)
    refused(await gone.reserve([one], ONE))
    await ledger.release(call)
    held(await gone.reserve([one], ONE))
    await place.kill(gone)
    await place.jump(-DAY_US)
    await place.advance(LEASE_US)
    held(await ledger.reserve([one], ONE))


async def test_a_process_that_waits_for_its_calls_keeps_its_lease(
    place: SqlitePlace, ledger: SqliteLedger
) -> None:
    """It renews it by itself, every third of it."""
    held(await ledger.reserve([AT_ONCE], ONE))
    other = await place.opened()
    for _ in range(6):
        await place.advance(LEASE_US // 3)
        ledger._beat()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert await other.expired() == ()


async def test_a_machine_that_starts_again_holds_nothing(place: SqlitePlace, ledger: SqliteLedger) -> None:
    """Leases of an earlier start say nothing, whatever its clock said."""
    gone, one = await place.opened(), Concurrency("a", 1)
    gone._holder.boot = "before"
    held(await gone.reserve([one], NOTHING))
    await place.kill(gone)
    held(await ledger.reserve([one], NOTHING))
    (expired,) = await ledger.expired()
    assert expired.at_us == NOON_US
