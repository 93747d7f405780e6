"""Many clients in several processes on one key: as many pass as there is room for, whatever ends early."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from gateway.ledger.sqlite import SqliteLedger
from gateway.ledger.uptime import uptime_us
from tests.gateway.ledger.clients import ACTUAL, ESTIMATE, allowances

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.accounts import Standing

ROOT = Path(__file__).parents[3]
PROCESSES = 4
CLIENTS = 64
ROOM = 100
MUCH_ROOM = 1_500
KILLED = 2
KINDS = ("requests", "tokens", "concurrency", "money", "rolling", "levels")
LONG_US = 3_600_000_000


@pytest.fixture(params=["sqlite"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty ledger that several processes may open."""
    assert request.param == "sqlite"
    return f"sqlite:{tmp_path / 'ledger.db'}"


class Process:
    """One of them."""

    def __init__(self, **orders: Any) -> None:
        command = [sys.executable, "-m", "tests.gateway.ledger.clients", orjson.dumps(orders).decode()]
        self._child = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        self.events: list[dict[str, Any]] = []

    def say(self) -> None:
        """Let it go on to what comes next."""
        assert self._child.stdin is not None
        self._child.stdin.write(b"\n")

    def kill(self) -> None:
        """At once, wherever it is."""
        self._child.kill()

    def read_until(self, word: str | None) -> None:
        """Read its events up to one of a kind, or all of them."""
        assert self._child.stdout is not None
        for line in iter(self._child.stdout.readline, b""):
            if not line.endswith(b"\n"):
                break  # it was killed in the middle
            event = orjson.loads(line)
            self.events.append(event)
            if word in event:
                return
        assert word is None, f"the process ended before it said {word}"

    def end(self) -> None:
        """Leave nothing behind."""
        self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            assert pipe is not None
            pipe.close()


@contextlib.contextmanager
def processes(*, room: int = ROOM, **orders: Any) -> Iterator[list[Process]]:
    """All of them, ready."""
    found = [Process(process=number, clients=CLIENTS, room=room, **orders) for number in range(PROCESSES)]
    try:
        for each in found:
            each.read_until("ready")
        yield found
    finally:
        for each in found:
            each.end()


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_exactly_as_many_pass_as_there_is_room_for(where: str, kind: str) -> None:
    """256 clients, 512 attempts, room for 100."""
    with processes(where=where, kind=kind, for_ever=False) as found:
        for each in found:
            each.say()
        for each in found:
            each.read_until("done")
        assert sum("passed" in event for each in found for event in each.events) == ROOM


async def afterwards(where: str, kind: str) -> tuple[list[Standing], int]:
    """How it stands when every lease is over, and how many reservations had expired."""
    ledger = SqliteLedger.open(Path(where.partition(":")[2]), uptime_us=lambda: uptime_us() + LONG_US)
    try:
        expired = await ledger.expired(1_000_000)
        under = [each for number in range(PROCESSES) for each in allowances(kind, MUCH_ROOM, number)]
        return list(await ledger.usage(under)), len(expired)
    finally:
        await ledger.close()


class Told:
    """What processes said before they ended.

    Args:
        all_of_them: with the killed ones first.
    """

    def __init__(self, all_of_them: list[Process]) -> None:
        events = [event for each in all_of_them for event in each.events]
        killed = [event for each in all_of_them[:KILLED] for event in each.events]
        ended = {event["ended"] for event in events if "ended" in event}
        settled = {event["ends"] for event in events if "ends" in event and not event["released"]}
        self.settled = len(settled & ended)
        # One call of each client may have been reserved, or ended, without a moment to say so.
        self.unsure = len(settled - ended) + KILLED * CLIENTS
        self.abandoned = (
            len({event["held"] for event in killed if "held" in event} - ended) + KILLED * CLIENTS
        )


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
async def test_nothing_is_lost_or_stays_held_when_half_of_them_are_killed(where: str, kind: str) -> None:
    """Clients that go away, settlements that nobody awaits, two processes killed in the middle."""
    with processes(where=where, kind=kind, for_ever=True, room=MUCH_ROOM) as found:
        for each in found:
            each.say()
        for each in found:
            for _ in range(40):
                each.read_until("held")
        for each in found[:KILLED]:
            each.kill()
        for each in found[KILLED:]:
            each.say()
        for each in found:
            each.read_until("done" if each in found[KILLED:] else None)
    told = Told(found)
    standings, expired = await afterwards(where, kind)

    assert expired <= told.abandoned  # what lives has closed in good order and leaves nothing
    for standing in standings:
        assert standing.used <= standing.most
        assert standing.reserved == 0
        if standing.quantity != "concurrent" and not standing.allowance.key.startswith("user:"):
            at = ("requests", "tokens", "usd_micros").index(standing.quantity)
            least = told.settled * ACTUAL[at] + expired * ESTIMATE[at]
            assert least <= standing.used <= least + told.unsure * ACTUAL[at]
