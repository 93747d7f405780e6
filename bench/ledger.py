"""What a reservation and its settlement cost over SQLite: CPU in the gateway, throughput, and bytes a key.

Run as `python -m bench.ledger`. In each round every way is visited in turn, so each has the same weather:
plain transactions of SQLite, two for each pair, with one UPDATE each and with the very statements that the
ledger needs; and the ledger with one allowance and with three levels, called alone and by many at once. The
CPU is that of the whole process, checkpoints included. What Redis costs is `bench.ledger_redis`'s to say.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import TYPE_CHECKING

import uvloop
from rich.console import Console
from rich.table import Table

from bench.allowances import ACTUAL, CALLERS, ESTIMATE, one_allowance, three_levels
from bench.targets import FOLDER
from gateway.accounts import Reservation
from gateway.ledger.sqlite import SqliteLedger
from gateway.ledger.sqlite_checkpoints import checkpoint

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from gateway.accounts import Allowance

    Once = Callable[[int], Awaitable[object]]

_STATE = b"z" * 400
_HELD = b"q" * 60
_KEY = b"r:60000000:hot"


@dataclass(frozen=True, slots=True)
class Cost:
    """One way, median of its rounds.

    Args:
        way: what was done.
        cpu_us: in this process, for one pair.
        wall_us: for one pair, from the first of a visit to the last.
    """

    way: str
    cpu_us: float
    wall_us: float


class Plain:
    """SQLite as the ledger uses it, without a ledger.

    Args:
        path: a file that isn't there yet.
    """

    def __init__(self, path: Path) -> None:
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.executescript(
            "PRAGMA page_size=2048; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
            "CREATE TABLE counter (name BLOB PRIMARY KEY, state BLOB) WITHOUT ROWID;"
            "CREATE TABLE held (id BLOB PRIMARY KEY, state BLOB) WITHOUT ROWID;"
        )
        self.db.execute("INSERT INTO counter VALUES (?, ?)", (_KEY, _STATE))

    async def updates(self, _: int) -> None:
        """Two transactions of one UPDATE."""
        for _ in range(2):
            self._within(self._update)

    async def statements(self, _: int) -> None:
        """The statements of a reservation and of a settlement."""
        name = secrets.token_bytes(16)
        self._within(self._read, self._update, ("INSERT INTO held VALUES (?, ?)", (name, _HELD)))
        self._within(("DELETE FROM held WHERE id = ?", (name,)), self._read, self._update)

    _read = ("SELECT state FROM counter WHERE name = ?", (_KEY,))
    _update = ("UPDATE counter SET state = ? WHERE name = ?", (_STATE, _KEY))

    def _within(self, *statements: tuple[str, tuple[bytes, ...]]) -> None:
        self.db.execute("BEGIN IMMEDIATE")
        for statement, values in statements:
            self.db.execute(statement, values).fetchone()
        self.db.execute("COMMIT")


async def bench_sqlite(folder: Path, pairs: int, rounds: int) -> list[Cost]:
    """Measure every way in turn, `rounds` times, and return the medians."""
    ledger, plain = SqliteLedger.open(folder / "ledger.db"), Plain(folder / "plain.db")

    def pair(allowances: tuple[Allowance, ...]) -> Once:
        return lambda _: _pair(ledger, allowances)

    ways: list[tuple[str, Once, Sequence[int]]] = [
        ("one UPDATE, twice", plain.updates, (1,)),
        ("the same statements, without a ledger", plain.statements, (1,)),
        ("reserve + settle, one allowance", pair(one_allowance("hot")), CALLERS),
        ("reserve + settle, three levels", pair(three_levels("hot")), CALLERS),
    ]
    found: dict[str, list[Cost]] = {}
    for _ in range(rounds):
        for way, once, crowds in ways:
            for callers in crowds:
                name = f"{way}; {callers} at once"
                found.setdefault(name, []).append(await _visit(name, once, callers, pairs))
    plain.db.close()
    await ledger.close()
    return [_median(each) for each in found.values()]


async def bench_keys(folder: Path, keys: int) -> tuple[Cost, float]:
    """Visit many keys once each; return what a pair costs there, and the bytes that each key leaves."""
    path = folder / "keys.db"
    ledger = SqliteLedger.open(path)
    visit = await _visit(
        f"reserve + settle, one of {keys:,} keys; 64 at once",
        lambda number: _pair(ledger, one_allowance(f"key:{number}")),
        64,
        keys,
    )
    assert checkpoint(path)
    await ledger.close()
    with closing(sqlite3.connect(path)) as db:
        (pages,), (size,) = (db.execute(f"PRAGMA {it}").fetchone() for it in ("page_count", "page_size"))
    return visit, pages * size / keys


async def _pair(ledger: SqliteLedger, allowances: tuple[Allowance, ...]) -> None:
    found = await ledger.reserve(allowances, ESTIMATE)
    assert isinstance(found, Reservation)
    await asyncio.sleep(0)  # the call itself: nobody settles in the turn in which he reserved
    await ledger.settle(found, ACTUAL)
    await asyncio.sleep(0)


async def _visit(way: str, once: Once, callers: int, pairs: int) -> Cost:
    async def call(caller: int) -> None:
        for number in range(caller, pairs, callers):
            await once(number)

    began_s, began_cpu_s = perf_counter(), process_time()
    await asyncio.gather(*map(call, range(callers)))
    cpu_s, wall_s = process_time() - began_cpu_s, perf_counter() - began_s
    return Cost(way, cpu_s / pairs * 1e6, wall_s / pairs * 1e6)


def _median(visits: list[Cost]) -> Cost:
    return Cost(
        visits[0].way, median(each.cpu_us for each in visits), median(each.wall_us for each in visits)
    )


def main(arguments: list[str] | None = None) -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.ledger", description=__doc__)
    parser.add_argument("--pairs", type=int, default=3000, help="pairs in one visit to one way")
    parser.add_argument("--rounds", type=int, default=5, help="visits to each way")
    parser.add_argument("--keys", type=int, default=100_000, help="for throughput and bytes over many keys")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="on a disk")
    chosen = parser.parse_args(arguments)
    chosen.folder.mkdir(parents=True, exist_ok=True)
    table = Table("way", "CPU us a pair", "wall us a pair", "pairs a second")
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        costs = uvloop.run(bench_sqlite(Path(folder), chosen.pairs, chosen.rounds))
        visit, left_bytes = uvloop.run(bench_keys(Path(folder), chosen.keys))
    for cost in (*costs, visit):
        table.add_row(cost.way, f"{cost.cpu_us:.0f}", f"{cost.wall_us:.0f}", f"{1e6 / cost.wall_us:,.0f}")
    Console(width=110).print(table)
    Console(width=110).print(f"bytes a key: {left_bytes:.0f}")


if __name__ == "__main__":
    main()
