"""What a ledger leaves on the server: names that nobody chose, and nothing that stays for ever."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import redis

from gateway.accounts import Amount, Concurrency, Correction, Purse, Rate
from gateway.ledger.redis_plan import Plan
from gateway.ledger.redis_scripts import TIME, read_scripts
from tests.gateway.ledger.places import LEASE_US, NOON_US, held
from tests.gateway.ledger.redis_place import redis_place

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gateway.accounts import Allowance
    from tests.gateway.ledger.redis_place import RedisPlace
    from tests.servers.redis_server import RedisServer

HOUR_US = 3_600_000_000
DAY_MS = 86_400_000
HOSTILE = "a}:*\r\n{b"
ALL: tuple[Allowance, ...] = (
    Rate(HOSTILE, HOUR_US, 9, 90),
    Concurrency(HOSTILE, 9),
    Purse(HOSTILE, 90, "day", warn_ppm=(1,)),
    Purse(HOSTILE, 90, window_us=HOUR_US),
)
CALL = Amount(1, 2, 3)
server_test = pytest.mark.server


@pytest.fixture
async def place(redis_server: RedisServer) -> AsyncIterator[RedisPlace]:
    """A ledger that nobody has used."""
    async with redis_place(redis_server.url) as found:
        yield found


@server_test
async def test_everything_but_the_marker_ends_by_itself(place: RedisPlace, redis_server: RedisServer) -> None:
    """No earlier than it is without meaning: a counter after its window or period, others after 90 days."""
    ledger = await place.opened()
    gone = await place.opened()
    held(await gone.reserve(ALL, CALL))
    await place.kill(gone)
    await place.advance(LEASE_US)
    held(await ledger.reserve(ALL, CALL))
    assert len(await ledger.expired()) == 1
    await ledger.correct(ALL[2], Correction("top_up", 1))  # type: ignore[arg-type]
    with redis_server.client() as client:
        left_ms = {key.split(b":", 2)[2].decode(): client.pttl(key) for key in place.names()}
    assert left_ms.pop("marker") == -1
    shortest = {"c": HOUR_US / 1000, "r": 89 * DAY_MS, "h": 89 * DAY_MS}
    for name, left in left_ms.items():
        assert left > shortest.get(name.split(":")[0], 89 * DAY_MS), name
    assert (
        len(left_ms) == len(ALL) + 2 + 1 + 3
    )  # counters, reservations, what is held, leases, when they were seen, and the expired


@server_test
async def test_nothing_is_left_of_what_has_ended(place: RedisPlace) -> None:
    """But counts: no reservation, no set of them."""
    ledger = await place.opened()
    for _ in range(3):
        await ledger.settle(held(await ledger.reserve(ALL, CALL)), CALL)
    await ledger.release(held(await ledger.reserve(ALL, CALL)))
    kinds = sorted(key.split(b":", 2)[2].split(b":")[0] for key in place.names())
    assert kinds == [b"c", b"c", b"c", b"leases", b"marker", b"seen"]


@server_test
async def test_no_name_has_anything_of_a_key(place: RedisPlace) -> None:
    """Each is of the ledger's one hash tag and a digest, an id or a word."""
    ledger = await place.opened()
    held(await ledger.reserve(ALL, CALL))
    name = re.compile(
        rf"{{regent:{place.terms.name}}}:(leases|marker|seen|c:[0-9a-f]{{32}}|r:[0-9a-f]{{32}}|h:[0-9a-f]{{16}})"
    )
    assert all(name.fullmatch(key.decode()) for key in place.names())


@server_test
async def test_the_scripts_take_their_time_from_the_server(redis_server: RedisServer) -> None:
    """As they are shipped, and in microseconds."""
    source = read_scripts().usage.source
    assert source.count(TIME) == 1
    with redis_server.client() as client:
        seconds, micros = client.time()
        said = client.eval(source, 2, "{a}:marker", "{a}:leases", "none", "[]", "[]")
        again = client.time()
    now_us = int(str(said if isinstance(said, str) else bytes(said).decode()).split()[1])
    assert seconds * 1_000_000 + micros <= now_us <= again[0] * 1_000_000 + again[1]


def test_a_script_without_its_time_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test's clock can't slip in unnoticed, because the line that it replaces must be there."""
    monkeypatch.setattr("gateway.ledger.redis_scripts.TIME", "local time = nothing")
    with pytest.raises(ValueError, match="time"):
        read_scripts()


@server_test
async def test_a_gateway_whose_clock_is_off_learns_the_servers(place: RedisPlace) -> None:
    """The server's clock says which period it is, also where it is years from the gateway's."""
    ledger = await place.opened()
    purse = Purse("a", 9, "day", time_zone="Pacific/Apia")
    for days in (-4000, 9000, 1):
        await place.jump(days * 24 * HOUR_US)
        (standing,) = held(await ledger.reserve([purse], CALL)).standings
        assert 0 < standing.resets_at_us - place.now_us <= 24 * HOUR_US


def test_each_mark_of_a_soft_purse_stands_once() -> None:
    """And the whole is one of them."""
    soft = Purse("a", 9, "day", warn_ppm=(1_000_000, 500_000), hard=False)
    assert Plan([soft]).spec == b"[[3,9,0,[500000,1000000]]]"


def test_bounds_are_those_of_three_periods() -> None:
    """The one before, its own and the one after, without a gap."""
    plan = Plan([Purse("a", 9, "day"), Rate("a", 9, 9)])
    day_us = 24 * HOUR_US
    today = NOON_US // day_us * day_us
    expected = b",[%d,%d,%d,%d]" % (today - day_us, today, today + day_us, today + 2 * day_us)
    assert plan.bounds(NOON_US) == plan.bounds(today) == plan.bounds(today + day_us - 1) == expected
    assert plan.bounds(today + day_us) != expected


@server_test
def test_the_server_knows_every_flag(redis_server: RedisServer) -> None:
    """Redis 7.0 and later read the first line of a script."""
    with redis_server.client() as client:
        for script in read_scripts():
            assert client.script_load(script.source) in {script.sha, script.sha.decode()}
        with pytest.raises(redis.ResponseError, match="flag"):
            client.script_load("#!lua flags=none-such\nreturn 1")
