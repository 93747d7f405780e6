"""One process of a crowd on a ledger in Redis: 64 clients that all want the same.

Run as `python -m tests.gateway.ledger.redis_crowd URL NAME TASK LEVELS SEED`; it says `ready`, begins when it
reads a line, and says as JSON what it was given. `count` tries everything at once; `live` lets calls be
cancelled, released and settled; `hold` reserves and then waits to be killed.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from typing import TYPE_CHECKING

from gateway.accounts import Amount, Concurrency, Purse, Rate, Reservation
from gateway.ledger.redis import RedisLedger, Terms
from gateway.ledger.redis_target import Target

if TYPE_CHECKING:
    from gateway.accounts import Allowance

HOUR_US = 3_600_000_000
CLIENTS = 64
ROOM = 100
AMOUNT = Amount(1, 10, 10)
LEASE_US = 2_000_000

LEVELS: dict[str, tuple[Allowance, ...]] = {
    "requests": (Rate("a", HOUR_US, ROOM),),
    "tokens": (Rate("a", HOUR_US, tokens=10 * ROOM),),
    "money": (Purse("a", 10 * ROOM, "year"),),
    "rolling": (Purse("a", 10 * ROOM, window_us=HOUR_US),),
    "concurrent": (Concurrency("a", ROOM),),
    "levels": (Concurrency("user", 200), Rate("team", HOUR_US, 1000, 10 * ROOM), Purse("all", 2000, "year")),
}


async def count(ledger: RedisLedger, levels: tuple[Allowance, ...], _: random.Random) -> dict[str, object]:
    """Each client tries four times; nobody gives anything back."""

    async def client() -> int:
        found = [await ledger.reserve(levels, AMOUNT) for _ in range(4)]
        return sum(isinstance(each, Reservation) for each in found)

    return {"passed": sum(await asyncio.gather(*(client() for _ in range(CLIENTS))))}


async def live(
    ledger: RedisLedger, levels: tuple[Allowance, ...], chance: random.Random
) -> dict[str, object]:
    """Calls that end in every way; told is what was settled, and how many were given at most at once."""
    settled: dict[str, int] = {}
    released: list[str] = []
    refused = 0

    async def client(own: random.Random) -> None:
        nonlocal refused
        for _ in range(6):
            task = asyncio.create_task(ledger.reserve(levels, AMOUNT))
            if own.random() < 0.3:
                for _ in range(own.randrange(6)):
                    await asyncio.sleep(0)
                task.cancel()
            try:
                found = await task
            except asyncio.CancelledError:
                continue
            if not isinstance(found, Reservation):
                refused += 1
            elif own.random() < 0.4:
                await ledger.release(found)
                released.append(found.id)
            else:
                spent = own.randrange(10)
                await ledger.settle(found, Amount(1, spent, spent))
                settled[found.id] = spent

    seeds = [chance.random() for _ in range(CLIENTS)]
    await asyncio.gather(*(client(random.Random(seed)) for seed in seeds))  # noqa: S311 - no secret
    return {"settled": settled, "released": released, "refused": refused}


async def hold(ledger: RedisLedger, levels: tuple[Allowance, ...], _: random.Random) -> dict[str, object]:
    """Take nine places and never come back."""
    found = [await ledger.reserve(levels, AMOUNT) for _ in range(9)]
    return {"held": [each.id for each in found if isinstance(each, Reservation)]}


TASKS = {"count": count, "live": live, "hold": hold}


async def main(url: str, name: str, task: str, levels: str, seed: str) -> None:
    """Do one task when told to begin."""
    ledger = RedisLedger(Target(url), Terms(name, 20, LEASE_US))
    await ledger.begin()
    print("ready", flush=True)  # noqa: T201 - the test reads it
    await asyncio.to_thread(sys.stdin.readline)
    chance = random.Random(int(seed))  # noqa: S311 - no secret
    told = await TASKS[task](ledger, LEVELS[levels], chance)
    print(json.dumps(told), flush=True)  # noqa: T201 - as above
    await asyncio.to_thread(sys.stdin.readline)
    await ledger.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
