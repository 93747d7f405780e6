"""What goes wrong with a real Redis, and what the ledger does then: it refuses, and it never forgets."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from gateway.accounts import NOTHING, Amount, Concurrency, Overdrawn, Purse, Rate, Reservation
from gateway.errors import LedgerError
from gateway.ledger.redis import RedisLedger, Terms
from gateway.ledger.redis_commands import BARRED_MS
from gateway.ledger.redis_target import Target
from tests.gateway.ledger.places import held
from tests.servers.processes import free_port
from tests.servers.redis_server import NO_PERSISTENCE, PERSISTENCE, redis_running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from gateway.accounts import Allowance
    from tests.servers.redis_server import RedisServer

pytestmark = [pytest.mark.server, pytest.mark.slow]

HOUR_US = 3_600_000_000
PATIENT = Terms(deadline_s=20)
RATE, AT_ONCE, PURSE = Rate("a", HOUR_US, 100, 1000), Concurrency("a", 100), Purse("a", 1000, "year")
ALL = (RATE, AT_ONCE, PURSE)
CALL = Amount(1, 10, 10)
SOON_S = 30.0


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """One that a test may mistreat."""
    with redis_running() as found:
        yield found


@pytest.fixture
async def opened() -> AsyncIterator[Callable[..., RedisLedger]]:
    """Ledgers of a server, closed in the end."""
    ledgers: list[RedisLedger] = []

    def open_ledger(url: str, terms: Terms = PATIENT) -> RedisLedger:
        ledgers.append(RedisLedger(Target(url), terms))
        return ledgers[-1]

    yield open_ledger
    for each in ledgers:
        await each.close()


async def code(call: Awaitable[object]) -> str:
    """With which code a call fails."""
    with pytest.raises(LedgerError) as error:
        await call
    return error.value.code


async def soon(check: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it holds; errors meanwhile are no answer."""
    end = time.monotonic() + SOON_S
    while time.monotonic() < end:
        try:
            if await check():
                return
        except LedgerError:
            pass
        await asyncio.sleep(0.02)
    raise AssertionError("it never came true")


async def taken(ledger: RedisLedger, *allowances: Allowance) -> list[int]:
    """Used and reserved together, of each quantity."""
    return [each.used + each.reserved for each in await ledger.usage(allowances)]


# ── a server that forgets, or doesn't ───────────────────────────────────────────────────────────


@pytest.mark.parametrize("how", ["restart", "FLUSHALL"])
async def test_a_server_that_has_forgotten_is_not_believed(
    server: RedisServer, opened: Callable[..., RedisLedger], how: str
) -> None:
    """Nothing is counted from zero until somebody accepts it; a gateway that starts does so by starting."""
    ledger = opened(server.url)
    call = held(await ledger.reserve(ALL, CALL))
    if how == "restart":
        server.stop()
        server.start()
        await soon(lambda: _is_lost(ledger))
    else:
        with server.client() as client:
            client.flushall()
    calls = (ledger.reserve(ALL, CALL), ledger.settle(call, CALL), ledger.release(call), ledger.usage(ALL))
    for each in (*calls, ledger.expired(), ledger.acknowledge([call.id])):
        assert await code(each) == "ledger.lost"
    fresh = opened(server.url)
    held(await fresh.reserve(ALL, CALL))
    assert await code(ledger.reserve(ALL, CALL)) == "ledger.lost"
    await ledger.renew()
    assert await taken(ledger, *ALL) == [1, 10, 1, 10]


async def test_a_restart_with_its_data_loses_nothing(
    opened: Callable[..., RedisLedger],
) -> None:
    """What was reserved before is settled after."""
    with redis_running(*PERSISTENCE) as server:
        ledger = opened(server.url)
        first, second = [held(await ledger.reserve(ALL, CALL)) for _ in range(2)]
        await ledger.settle(first, Amount(1, 7, 7))
        server.kill()
        assert await code(ledger.reserve(ALL, CALL)) == "ledger.unavailable"
        server.start()
        await soon(lambda: _holds(ledger, [2, 17, 1, 17]))
        await ledger.settle(second, Amount(1, 5, 5))
        assert await taken(ledger, *ALL) == [2, 12, 0, 12]
        await ledger.close()


async def test_forgotten_scripts_are_sent_again(
    server: RedisServer, opened: Callable[..., RedisLedger]
) -> None:
    """Also by many at once, and nothing is done twice."""
    ledger = opened(server.url)
    await ledger.begin()
    with server.client() as client:
        client.script_flush()
    calls = [held(each) for each in await asyncio.gather(*(ledger.reserve(ALL, CALL) for _ in range(20)))]
    with server.client() as client:
        client.script_flush()
    await asyncio.gather(*(ledger.settle(each, CALL) for each in calls))
    assert await taken(ledger, *ALL) == [20, 200, 0, 200]


# ── answers that don't come ─────────────────────────────────────────────────────────────────────


async def test_a_server_that_stands_still_is_busy_and_keeps_nothing(
    server: RedisServer, opened: Callable[..., RedisLedger]
) -> None:
    """Each call ends at its deadline; what was reserved after all is given back, what ended is ended."""
    patient, hasty = opened(server.url), opened(server.url, Terms(deadline_s=0.1))
    await patient.begin()
    ending = held(await hasty.reserve(ALL, CALL))
    server.pause()
    found = await asyncio.gather(*(code(hasty.reserve(ALL, CALL)) for _ in range(10)))
    assert set(found) == {"ledger.busy"}
    assert await code(hasty.settle(ending, Amount(1, 4, 4))) == "ledger.busy"
    server.resume()
    await soon(lambda: _holds(patient, [1, 4, 0, 4]))


async def test_a_call_whose_caller_leaves_keeps_nothing(
    server: RedisServer, opened: Callable[..., RedisLedger]
) -> None:
    """Wherever the cancellation meets it: before it is sent, under way, or with the answer just there."""
    ledger = opened(server.url)
    await ledger.begin()
    tasks = []
    for turns in range(60):
        task = asyncio.create_task(ledger.reserve(ALL, CALL))
        tasks.append(task)
        for _ in range(turns % 6):
            await asyncio.sleep(0)
        if turns % 7:
            task.cancel()
    with server.client() as client:  # holds the loop, so that answers wait in the socket
        client.ping()
    for task in tasks[::2]:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    kept = [each for each in results if isinstance(each, Reservation)]
    assert all(isinstance(each, (Reservation, asyncio.CancelledError)) for each in results)
    await soon(lambda: _holds(ledger, [len(kept), 10 * len(kept), len(kept), 10 * len(kept)]))


async def test_a_settlement_whose_caller_leaves_is_carried_out(
    server: RedisServer, opened: Callable[..., RedisLedger]
) -> None:
    """Nobody else would do it."""
    ledger = opened(server.url)
    call = held(await ledger.reserve(ALL, CALL))
    task = asyncio.create_task(ledger.settle(call, Amount(1, 3, 3)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await soon(lambda: _holds(ledger, [1, 3, 0, 3]))


class Cut:
    """A way to the server that can lose its answers and end."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._writers: list[asyncio.StreamWriter] = []
        self.is_mute = False
        self.heard = asyncio.Event()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers += [writer, to_writer]
        await asyncio.gather(self._carry(reader, to_writer), self._carry_back(to_reader, writer))

    def end(self) -> None:
        """Cut every connection."""
        while self._writers:
            self._writers.pop().transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await self._read(reader):
            writer.write(data)

    async def _carry_back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await self._read(reader):
            if self.is_mute:
                self.heard.set()
            else:
                writer.write(data)

    @staticmethod
    async def _read(reader: asyncio.StreamReader) -> bytes:
        try:
            return await reader.read(65536)
        except OSError:
            return b""


async def test_a_connection_cut_before_the_answer_keeps_nothing(
    server: RedisServer, opened: Callable[..., RedisLedger]
) -> None:
    """The server has reserved, nobody heard of it: it is given back over the next connection."""
    cut = Cut(server.port)
    async with await asyncio.start_server(cut, "127.0.0.1", 0) as proxy:
        port = proxy.sockets[0].getsockname()[1]
        ledger, other = opened(f"redis://127.0.0.1:{port}"), opened(server.url)
        first = held(await ledger.reserve(ALL, CALL))
        cut.is_mute = True
        asked = asyncio.create_task(code(ledger.reserve(ALL, CALL)))
        await cut.heard.wait()
        assert await taken(other, *ALL) == [2, 20, 2, 20]
        cut.heard.clear()
        ended = asyncio.create_task(code(ledger.settle(first, Amount(1, 5, 5))))
        await cut.heard.wait()
        cut.is_mute = False
        cut.end()
        assert {await asked, await ended} == {"ledger.unavailable"}
        await soon(lambda: _holds(other, [1, 5, 0, 5]))
        await ledger.close()
        cut.end()


async def test_a_release_that_overtakes_its_reservation_bars_it(
    server: RedisServer, opened: Callable[..., RedisLedger]
) -> None:
    """It went over a new connection while the reservation still lay in the old one."""
    ledger = opened(server.url)
    await ledger.begin()
    commands, plan, name = ledger._commands, ledger._plan(ALL), b"0" * 32
    assert commands is not None
    ledger._link.owe(commands.settle(plan, name, NOTHING, BARRED_MS), ledger._scripts.settle.source)
    await ledger._link.paid(SOON_S)
    with pytest.raises(LedgerError, match=r"ledger\.unavailable"):
        await ledger._reserved(plan, name, lambda own, given: own.reserve(plan, given, CALL, 0))
    assert await taken(ledger, *ALL) == [0, 0, 0, 0]


async def test_nobody_is_there(opened: Callable[..., RedisLedger], server: RedisServer) -> None:
    """Refused at once, and all is well when somebody is."""
    ledger = opened(server.url)
    server.stop()
    assert await code(ledger.begin()) == "ledger.unavailable"
    assert await code(ledger.reserve(ALL, CALL)) == "ledger.unavailable"
    server.start()
    await soon(lambda: _reserves(ledger))


# ── servers that won't ──────────────────────────────────────────────────────────────────────────


async def test_a_full_server_refuses_and_still_settles(
    server: RedisServer, opened: Callable[..., RedisLedger]
) -> None:
    """Nothing is half done, and what gives memory back goes through."""
    ledger = opened(server.url)
    call = held(await ledger.reserve(ALL, CALL))
    with server.client() as client:
        client.config_set("maxmemory", 1)
        assert await code(ledger.reserve(ALL, CALL)) == "ledger.full"
        assert await taken(ledger, *ALL) == [1, 10, 1, 10]
        await ledger.settle(call, Amount(1, 5, 5))
        client.config_set("maxmemory", 0)
    held(await ledger.reserve(ALL, CALL))
    assert await taken(ledger, *ALL) == [2, 15, 1, 15]


async def test_a_server_that_evicts_is_refused(opened: Callable[..., RedisLedger]) -> None:
    """It would let limits forget what was used, without a word."""
    options = (*NO_PERSISTENCE, "--maxmemory", "100mb", "--maxmemory-policy", "volatile-lru")
    with redis_running(*options) as server, pytest.raises(LedgerError, match="evicts"):
        await opened(server.url).begin()


async def test_a_primary_that_became_a_replica_is_left(
    server: RedisServer, opened: Callable[..., RedisLedger]
) -> None:
    """It can't write; when it is a primary again it is used again."""
    ledger = opened(server.url)
    call = held(await ledger.reserve(ALL, CALL))
    with server.client() as client:
        client.replicaof("127.0.0.1", str(free_port()))
        assert await code(ledger.reserve(ALL, CALL)) == "ledger.unavailable"
        assert await code(ledger.settle(call, Amount(1, 5, 5))) == "ledger.unavailable"
        client.replicaof("NO", "ONE")
    await soon(lambda: _holds(ledger, [1, 5, 0, 5]))


async def test_a_wrong_password_is_not_let_in_and_not_told(opened: Callable[..., RedisLedger]) -> None:
    """Neither the right one nor the wrong one stands in the error."""
    with redis_running(password="right-one") as server:
        ledger = opened(server.url.replace("right-one", "wrong-one"))
        with pytest.raises(LedgerError, match=r"ledger\.unavailable") as error:
            await ledger.begin()
        assert "-one" not in str(error.value)
        assert "-one" not in repr(Target(server.url))
        held(await opened(server.url).reserve(ALL, CALL))


async def _holds(ledger: RedisLedger, expected: list[int]) -> bool:
    return await taken(ledger, *ALL) == expected


async def _reserves(ledger: RedisLedger) -> bool:
    return not isinstance(await ledger.reserve(ALL, CALL), Overdrawn)


async def _is_lost(ledger: RedisLedger) -> bool:
    try:
        await ledger.usage(ALL)
    except LedgerError as error:
        return error.code == "ledger.lost"
    return False
