"""What a reservation and its settlement cost over Redis: CPU in the gateway and in the server, and memory.

Run as `python -m bench.ledger_redis`. In each round every way is visited in turn, so each has the same
weather: a bare INCR through redis-py and through the ledger's own connection, twice each as a reservation and
a settlement are; the reserving script through redis-py; and the ledger with one allowance and with three
levels. One caller at a time finds every cache cold after each answer; many at once are what a gateway has.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
from dataclasses import dataclass
from statistics import median
from time import perf_counter, process_time
from typing import TYPE_CHECKING

import redis.asyncio
import uvloop
from rich.console import Console
from rich.table import Table

from bench.allowances import ACTUAL, CALLERS, ESTIMATE, one_allowance, three_levels
from gateway.accounts import Reservation
from gateway.ledger.redis import RedisLedger, Terms
from gateway.ledger.redis_call import Call
from gateway.ledger.redis_plan import Plan
from gateway.ledger.redis_resp import resp
from gateway.ledger.redis_scripts import read_scripts
from gateway.ledger.redis_target import Target

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from gateway.accounts import Allowance

    Once = Callable[[int], Awaitable[object]]

KEYS = 100_000
_INCR = resp(b"INCR", b"{bench}:incr")


@dataclass(frozen=True, slots=True)
class Cost:
    """One way, median of its rounds.

    Args:
        way: what was done.
        cpu_us: in this process, for one pair.
        wall_us: for one pair, from the first of a visit to the last.
        server_us: CPU in the server, for one pair.
    """

    way: str
    cpu_us: float
    wall_us: float
    server_us: float


async def bench_redis(url: str, pairs: int, rounds: int) -> list[Cost]:
    """Measure every way in turn, `rounds` times, and return the medians."""
    client = redis.asyncio.Redis.from_url(url, protocol=2)
    ledger = RedisLedger(Target(url), Terms(f"bench-{secrets.token_hex(4)}", 30))
    await ledger.begin()
    found: dict[str, list[Cost]] = {}
    for _ in range(rounds):
        for way, once in _ways(client, ledger).items():
            for callers in CALLERS:
                name = f"{way}; {callers} at once"
                found.setdefault(name, []).append(await _visit(client, name, once, callers, pairs))
    await client.aclose()
    await ledger.close()
    return [_median(each) for each in found.values()]


def _ways(client: redis.asyncio.Redis, ledger: RedisLedger) -> dict[str, Once]:
    script, plan = read_scripts().reserve, Plan(one_allowance("script"))
    own = ledger._commands  # noqa: SLF001 - the same bytes, sent by another
    assert own is not None

    async def by_redis_py(_: int) -> None:
        await client.incr("{bench}:incr")
        await client.incr("{bench}:incr")

    async def by_line(_: int) -> None:
        await ledger._link.ask(Call(_INCR, ""))  # noqa: SLF001 - the line by itself
        await ledger._link.ask(Call(_INCR, ""))  # noqa: SLF001 - as above

    async def script_by_redis_py(_: int) -> None:
        for _ in range(2):
            parts = own.reserve(plan, secrets.token_hex(16).encode(), ESTIMATE, 0).split(b"\r\n")[2::2]
            await client.evalsha(script.sha.decode(), int(parts[2]), *parts[3:])

    return {
        "INCR, redis-py, twice": by_redis_py,
        "INCR, the ledger's line, twice": by_line,
        "the reserving script, redis-py, twice": script_by_redis_py,
        "reserve + settle, one allowance": lambda _: _pair(ledger, one_allowance("hot")),
        "reserve + settle, three levels": lambda _: _pair(ledger, three_levels("hot")),
    }


async def bench_keys(url: str, keys: int) -> tuple[Cost, float]:
    """Visit many keys once each; return what a pair costs there, and the bytes that each key leaves."""
    client = redis.asyncio.Redis.from_url(url, protocol=2)
    ledger = RedisLedger(Target(url), Terms(f"bench-{secrets.token_hex(4)}", 30))
    await ledger.begin()
    before = int((await client.info("memory"))["used_memory"])
    visit = await _visit(
        client,
        f"reserve + settle, one of {keys:,} keys; 64 at once",
        lambda number: _pair(ledger, one_allowance(f"key:{number}")),
        64,
        keys,
    )
    after = int((await client.info("memory"))["used_memory"])
    await client.aclose()
    await ledger.close()
    return visit, (after - before) / keys


async def _pair(ledger: RedisLedger, allowances: tuple[Allowance, ...]) -> None:
    found = await ledger.reserve(allowances, ESTIMATE)
    assert isinstance(found, Reservation)
    await ledger.settle(found, ACTUAL)


async def _visit(client: redis.asyncio.Redis, way: str, once: Once, callers: int, pairs: int) -> Cost:
    async def call(caller: int) -> None:
        for number in range(caller, pairs, callers):
            await once(number)

    server_s = await _server_s(client)
    began_s, began_cpu_s = perf_counter(), process_time()
    await asyncio.gather(*map(call, range(callers)))
    cpu_s, wall_s = process_time() - began_cpu_s, perf_counter() - began_s
    server_s = await _server_s(client) - server_s
    return Cost(way, cpu_s / pairs * 1e6, wall_s / pairs * 1e6, server_s / pairs * 1e6)


async def _server_s(client: redis.asyncio.Redis) -> float:
    spent = await client.info("cpu")
    return float(spent["used_cpu_user"]) + float(spent["used_cpu_sys"])


def _median(visits: list[Cost]) -> Cost:
    return Cost(
        visits[0].way,
        median(each.cpu_us for each in visits),
        median(each.wall_us for each in visits),
        median(each.server_us for each in visits),
    )


def main(arguments: list[str] | None = None) -> None:
    """Measure on a server of our own and print the table."""
    from tests.servers.redis_server import redis_running  # noqa: PLC0415 - only here

    parser = argparse.ArgumentParser(prog="python -m bench.ledger_redis", description=__doc__)
    parser.add_argument("--pairs", type=int, default=3000, help="pairs in one visit to one way")
    parser.add_argument("--rounds", type=int, default=5, help="visits to each way")
    parser.add_argument("--keys", type=int, default=KEYS, help="for throughput and memory over many keys")
    chosen = parser.parse_args(arguments)
    table = Table("way", "CPU us a pair", "wall us a pair", "server us a pair")
    with redis_running() as server:
        costs = uvloop.run(bench_redis(server.url, chosen.pairs, chosen.rounds))
    with redis_running() as server:
        visit, left_bytes = uvloop.run(bench_keys(server.url, chosen.keys))
    for cost in (*costs, visit):
        table.add_row(cost.way, f"{cost.cpu_us:.0f}", f"{cost.wall_us:.0f}", f"{cost.server_us:.0f}")
    Console().print(table)
    Console().print(f"memory: {left_bytes:.0f} bytes a key")


if __name__ == "__main__":
    main()
