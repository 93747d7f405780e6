"""One of several processes that ask a ledger at once: `python -m tests.gateway.ledger.clients <orders>`.

Opens the ledger, says `ready`, waits for a line, and lets its clients loose. Each event goes to stdout as a
line of JSON in one write, so that what a killed process had done is known up to its last moment.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import uvloop

from gateway.accounts import Amount, Concurrency, Overdrawn, Purse, Rate, Reservation
from gateway.ledger.sqlite import SqliteLedger

if TYPE_CHECKING:
    from gateway.accounts import Allowance
    from gateway.ports import Ledger

HOUR_US = 3_600_000_000
ESTIMATE = Amount(1, 7, 7)
ACTUAL = Amount(1, 5, 5)


def allowances(kind: str, room: int, process: int) -> list[Allowance]:
    """Room for so many calls under one key, or under one of several levels."""
    levels: dict[str, list[Allowance]] = {
        "requests": [Rate("a", HOUR_US, requests=room)],
        "tokens": [Rate("a", HOUR_US, tokens=room * 7 + 6)],
        "concurrency": [Concurrency("a", room)],
        "money": [Purse("a", room * 7 + 6, "year")],
        "rolling": [Purse("a", room * 7 + 6, window_us=HOUR_US)],
    }
    levels["levels"] = [
        Rate(f"user:{process}", HOUR_US, requests=10 * room),
        Concurrency("team", 2 * room),
        *levels["money"],
        Rate("organisation", HOUR_US, tokens=70 * room),
    ]
    return levels[kind]


async def opened(where: str) -> Ledger:
    """A ledger of the named backend."""
    backend, _, place = where.partition(":")
    assert backend == "sqlite"
    return SqliteLedger.open(Path(place), deadline_s=60.0)


def say(**event: Any) -> None:
    """Tell the test."""
    os.write(1, orjson.dumps(event) + b"\n")


async def once(ledger: Ledger, under: list[Allowance]) -> None:
    """Take a place and keep it."""
    if isinstance(await ledger.reserve(under, ESTIMATE), Reservation):
        say(passed=1)


async def until(stop: asyncio.Event, ledger: Ledger, under: list[Allowance], number: int) -> None:
    """Reserve, go away while waiting, settle, release or forget, again and again."""
    while not stop.is_set():
        number += 1
        call = asyncio.ensure_future(ledger.reserve(under, ESTIMATE))
        if number % 3 == 0:
            await asyncio.sleep(0)
            call.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            found = await call
            if isinstance(found, Overdrawn):
                await asyncio.sleep(0.001)
                continue
            say(held=found.id)
            await asyncio.sleep(0.001 * (number % 4))
            say(ends=found.id, released=number % 5 == 0)
            ending = ledger.release(found) if number % 5 == 0 else ledger.settle(found, ACTUAL)
            if number % 7 == 0:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(ending, 0)
            else:
                await ending
                say(ended=found.id)


async def main(orders: dict[str, Any]) -> None:
    """Follow orders."""
    ledger = await opened(orders["where"])
    under = allowances(orders["kind"], orders["room"], orders["process"])
    say(ready=1)
    await asyncio.to_thread(sys.stdin.readline)
    if orders["for_ever"]:
        stop = asyncio.Event()
        clients = [
            asyncio.ensure_future(until(stop, ledger, under, each)) for each in range(orders["clients"])
        ]
        await asyncio.to_thread(sys.stdin.readline)
        stop.set()
        await asyncio.gather(*clients)
        await ledger.close()
        say(closed=1)
    else:
        await asyncio.gather(*(once(ledger, under) for _ in range(orders["clients"]) for _ in range(2)))
    say(done=1)
    os._exit(0)  # as a crash would end it: what is held stays held


if __name__ == "__main__":
    uvloop.run(main(orjson.loads(sys.argv[1])))
