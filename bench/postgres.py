"""How many records a second the log in PostgreSQL takes, and what a chain of all of them would cost.

Run as `python -m bench.postgres`. In each round every way is visited in turn, so each has the same weather:
the log's own writer with its group commit; one record for each commit over many connections, each a writer
of its own, as a plain INSERT and through the log's `append`; and the same where every commit locks one head.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import secrets
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

import asyncpg
import uvloop
from rich.console import Console
from rich.table import Table

from audit import record as records
from audit.postgres import schema
from audit.postgres.log import Place, open_log
from audit.postgres.target import Target
from audit.vault.commitment import commit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    Once = Callable[[int], Awaitable[object]]

ORIGIN = "bench.invalid/audit"
CONNECTIONS = 32
BODY_BYTES = 1_368
_WRITER_CALLERS = (1, 32, 256)

_TABLES = """
CREATE TABLE plain (writer text, at bigint, body bytea, PRIMARY KEY (writer, at));
CREATE TABLE chain (at bigint PRIMARY KEY, body bytea);
CREATE TABLE chain_head (at bigint, hash bytea);
INSERT INTO chain_head VALUES (0, '');
"""


@dataclass(frozen=True, slots=True)
class Rate:
    """One way to write, median of its rounds.

    Args:
        way: what was done.
        per_s: records durable a second.
        p50_ms: of one record, as its caller sees it.
        p99_ms: likewise.
    """

    way: str
    per_s: float
    p50_ms: float
    p99_ms: float


def bench_postgres(target: Target, place: Place, seconds: float = 3.0, rounds: int = 3) -> list[Rate]:
    """Measure every way in turn, `rounds` times, and return the medians.

    Args:
        target: an empty place for a log, as somebody who may make tables there.
        place: the same as a member of the log's writers, and a folder for its key.
        seconds: how long one visit lasts.
        rounds: visits to each way.
    """
    found: dict[str, list[Rate]] = {}
    for number in range(rounds):
        for rate in uvloop.run(_round(target, place, seconds, number)):
            found.setdefault(rate.way, []).append(rate)
    return [
        Rate(
            way,
            median(each.per_s for each in rates),
            median(each.p50_ms for each in rates),
            median(each.p99_ms for each in rates),
        )
        for way, rates in found.items()
    ]


async def _round(target: Target, place: Place, seconds: float, number: int) -> list[Rate]:
    found = [await _through_the_writer(place, callers, seconds) for callers in _WRITER_CALLERS]
    ways: list[tuple[str, Callable[[Any, int], Callable[[int], Awaitable[object]]]]] = [
        ("INSERT, own key", _plain),
        ("append(), own writer", _append),
        ("INSERT, one shared head", _chained),
    ]
    for way, made in ways:
        async with contextlib.AsyncExitStack() as opened:
            onces = []
            for each in range(CONNECTIONS):
                connection = await asyncpg.connect(target.dsn, server_settings={"search_path": target.schema})
                opened.push_async_callback(connection.close)
                onces.append(made(connection, number * CONNECTIONS + each))
            if way.startswith("append"):
                await _enlist(target, number)
            found.append(await _measure(f"{way}, {CONNECTIONS} connections", onces, seconds))
    return found


async def _through_the_writer(place: Place, callers: int, seconds: float) -> Rate:
    log = await asyncio.to_thread(open_log, place, ORIGIN)

    async def once(_: int) -> None:
        await log.append(_record())

    try:
        return await _measure(f"the log's writer, {callers} callers", [once] * callers, seconds)
    finally:
        await log.aclose()


async def _measure(way: str, onces: list[Once], seconds: float) -> Rate:
    took_ms: list[float] = []
    began_ns = perf_counter_ns()
    end_ns = began_ns + round(seconds * 1e9)

    async def call(once: Once) -> None:
        number = 0
        while (before_ns := perf_counter_ns()) < end_ns:
            await once(number)
            number += 1
            took_ms.append((perf_counter_ns() - before_ns) / 1e6)

    await asyncio.gather(*map(call, onces))
    wall_s = (perf_counter_ns() - began_ns) / 1e9
    return Rate(way, len(took_ms) / wall_s, median(took_ms), quantiles(took_ms, n=100)[98])


def _plain(connection: Any, writer: int) -> Once:
    name, body = f"w{writer}", os.urandom(BODY_BYTES // 2).hex().encode()
    return lambda at: connection.execute("INSERT INTO plain VALUES ($1, $2, $3)", name, at, body)


def _append(connection: Any, writer: int) -> Once:
    name, body, day = f"w{writer}", os.urandom(BODY_BYTES // 2).hex().encode(), datetime.now(UTC).date()

    def once(at: int) -> Awaitable[object]:
        boot = min(at, 1) - 1
        done: Awaitable[object] = connection.execute(
            "SELECT append($1, $2, 0, $3, $4, $5, $6, $7, $7, $7)",
            *(name, boot, at, body[:320], day, [body], []),
        )
        return done

    return once


async def _enlist(target: Target, number: int) -> None:
    connection = await asyncpg.connect(target.dsn, server_settings={"search_path": target.schema})
    for each in range(CONNECTIONS):
        await connection.execute("SELECT enlist($1)", f"w{number * CONNECTIONS + each}")
    await connection.close()


def _chained(connection: Any, _: int) -> Once:
    body = os.urandom(BODY_BYTES // 2).hex().encode()

    async def once(_: int) -> None:
        async with connection.transaction():
            at = await connection.fetchval("SELECT at FROM chain_head FOR UPDATE")
            await connection.execute("INSERT INTO chain VALUES ($1, $2)", at, body)
            await connection.execute("UPDATE chain_head SET at = $1, hash = $2", at + 1, body[:32])

    return once


def _record() -> records.Record:
    return records.decision(
        request_id=f"req_{secrets.token_hex(16)}",
        action="allow",
        reason_code="allowed",
        tenant="acme",
        team="eng",
        sref="0" * 32,
        actor_kind="user",
        auth="oidc",
        op="chat.completions",
        req_model="gpt-4o",
        stream=False,
        engine="embedded",
        bundle="sha256:" + "0" * 64,
        revision="r1",
        path="gateway/request",
        rules=[{"id": "rules/request/grants/model_access/model_access.rego:21", "effect": "allow"}] * 4,
        payload=[commit("req", b"x" * 200)],
    )


async def _prepare(target: Target) -> None:
    connection = await asyncpg.connect(target.dsn, server_settings={"search_path": target.schema})
    await connection.execute(
        f"CREATE ROLE {target.schema}_gateway LOGIN IN ROLE {target.schema}_writer;" + _TABLES
    )
    await connection.close()


@contextlib.contextmanager
def _server() -> Iterator[tuple[Target, Target]]:
    """A PostgreSQL of our own, configured as it comes, but for its number of connections."""
    from tests.servers.postgres_server import running  # noqa: PLC0415 - not needed with --dsn

    with running({"max_connections": "100", "shared_buffers": "256MB"}) as server:
        target = Target(server.socket_dsn, "bench")
        schema.init(target)
        uvloop.run(_prepare(target))
        yield target, Target(server.dsn_of("bench_gateway"), "bench")


def main(arguments: list[str] | None = None) -> None:
    """Measure on a server of our own and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.postgres", description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="how long one visit to one way lasts")
    parser.add_argument("--rounds", type=int, default=3, help="visits to each way")
    chosen = parser.parse_args(arguments)
    table = Table("way", "records/s", "p50 ms", "p99 ms")
    with _server() as (target, gateway), tempfile.TemporaryDirectory(prefix="regent-bench-") as keys:
        place = Place(gateway, Path(keys), "bench")
        for rate in bench_postgres(target, place, chosen.seconds, chosen.rounds):
            table.add_row(rate.way, f"{rate.per_s:,.0f}", f"{rate.p50_ms:.2f}", f"{rate.p99_ms:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
