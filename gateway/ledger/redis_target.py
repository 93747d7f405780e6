"""Where a ledger's Redis is: one server, a primary that Sentinels know, or a Cluster's node with our slot.

The one module that knows redis-py, and only to find the server and to be let in: TLS, password, database.
What it hands over is the open connection's transport, on which `gateway.ledger.redis_line` speaks: for one
command redis-py takes more CPU than a reservation may cost as a whole (`bench/ledger_redis.py`).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from urllib.parse import parse_qs, urlsplit

from redis.asyncio import RedisCluster, Sentinel
from redis.asyncio.connection import AbstractConnection, Connection, SSLConnection, parse_url
from redis.exceptions import RedisError

from gateway.errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Iterable

DIAL_S = 2.0
"""How long finding the server and being let in may take."""

_QUERY = frozenset({"db", "ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile"})


@dataclass(frozen=True, slots=True)
class Target:
    """The address.

    Args:
        url: `redis://`, `rediss://` (TLS) or `unix://`, with user, password and database. With `sentinels`
            their answer takes the place of its host; with `cluster` it is any node.
        sentinels: URLs of Sentinels; user, password and TLS of the first are those of all.
        service: what the Sentinels call the primary.
        cluster: whether it is a Cluster.

    Raises:
        ValueError: it isn't such an address, or asks for less than TLS means.
    """

    url: str = field(repr=False)
    sentinels: tuple[str, ...] = field(default=(), repr=False)
    service: str = ""
    cluster: bool = False

    def __post_init__(self) -> None:
        for url in (self.url, *self.sentinels):
            parse_url(url)
            # A query could switch the check of the server's certificate off.
            if odd := set(parse_qs(urlsplit(url).query)) - _QUERY:
                raise ValueError(f"an address of Redis doesn't take {', '.join(sorted(odd))}")
        if self.cluster and (self.sentinels or self.url.startswith("unix:")):
            raise ValueError("a Cluster is reached by TCP and has no Sentinels")
        if bool(self.sentinels) != bool(self.service):
            raise ValueError("Sentinels need the name of the service, and a service needs Sentinels")


class Opened(NamedTuple):
    """A connection that is let in and idle.

    Args:
        transport: its transport; nobody else reads or writes it.
        keep: what must live as long as it does.
    """

    transport: asyncio.Transport
    keep: object


async def dial(target: Target, key: str, scripts: Iterable[str]) -> Opened:
    """Find the server that has `key`, be let in, and leave the scripts with it.

    Raises:
        LedgerError: `ledger.unavailable`.
    """
    try:
        async with asyncio.timeout(DIAL_S):
            connection = await _found(target, key)
            return await _let_in(connection, scripts)
    except TimeoutError as error:
        raise LedgerError("ledger.unavailable", f"no connection within {DIAL_S} s") from error
    except (RedisError, OSError) as error:
        raise LedgerError("ledger.unavailable", f"{type(error).__name__}: {error}"[:300]) from error


async def _found(target: Target, key: str) -> AbstractConnection:
    if target.sentinels:
        return _connection(target.url, await _primary(target))
    if target.cluster:
        return _connection(target.url, await _node(target.url, key))
    return _connection(target.url)


async def _primary(target: Target) -> tuple[str, int]:
    places = [parse_url(each) for each in target.sentinels]
    options: dict[str, Any] = {
        key: value
        for key, value in places[0].items()
        if key not in {"host", "port", "db", "connection_class"}
    }
    options["ssl"] = places[0].get("connection_class") is SSLConnection
    hosts = [(each["host"], each.get("port", 26379)) for each in places]
    known = Sentinel(hosts, sentinel_kwargs=options)  # type: ignore[no-untyped-call]
    try:
        host, port = await known.discover_master(target.service)
    finally:
        for each in known.sentinels:
            await each.aclose()
    return str(host), int(port)


async def _node(url: str, key: str) -> tuple[str, int]:
    async with RedisCluster.from_url(url) as cluster:
        node = cluster.get_node_from_key(key)
        if node is None:
            raise LedgerError("ledger.unavailable", "no node of the Cluster has the ledger's slot")
        return node.host, int(node.port)


def _connection(url: str, place: tuple[str, int] | None = None) -> AbstractConnection:
    options: dict[str, Any] = dict(parse_url(url))
    if place is not None:
        options["host"], options["port"] = place
    kind: type[AbstractConnection] = options.pop("connection_class", Connection)
    return kind(**options, protocol=2, socket_timeout=DIAL_S, driver_info=None)


async def _let_in(connection: AbstractConnection, scripts: Iterable[str]) -> Opened:
    try:
        await connection.connect()  # type: ignore[no-untyped-call]
        await _refuse_eviction(connection)
        for script in scripts:
            await connection.send_command("SCRIPT", "LOAD", script)
            await connection.read_response()
    except BaseException:
        await connection.disconnect(nowait=True)
        raise
    reader, writer = connection._reader, connection._writer  # noqa: SLF001 - redis-py has no other way to give them away
    if reader is None or writer is None:
        raise LedgerError("ledger.unavailable", "the connection ended at once")
    connection._reader = connection._writer = None  # noqa: SLF001 - or it would close what it has given away
    return Opened(cast("asyncio.Transport", writer.transport), (reader, writer))


async def _refuse_eviction(connection: AbstractConnection) -> None:
    """A server that evicts keys when its memory is full would let limits forget what was used."""
    await connection.send_command("INFO", "memory")
    text = await connection.read_response()
    facts = dict(line.split(":", 1) for line in bytes(text).decode().splitlines() if ":" in line)
    policy = facts.get("maxmemory_policy", "noeviction")
    if facts.get("maxmemory", "0") != "0" and policy != "noeviction":
        raise LedgerError("ledger.unavailable", f"the server evicts keys (maxmemory-policy {policy})")
