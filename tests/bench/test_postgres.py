"""The bench of the log in PostgreSQL: every way is measured, and what it writes is a log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.postgres import schema
from audit.postgres.log import Place
from audit.postgres.target import Target
from bench import postgres as bench

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.postgres_server import PostgresServer

pytestmark = pytest.mark.server


def test_every_way_is_measured(
    durable_postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two rounds of a moment each: one row for each way, none of them empty."""
    monkeypatch.setattr(bench, "CONNECTIONS", 4)
    monkeypatch.setattr(bench, "WRITER_CALLERS", (1, 8))
    target = Target(durable_postgres.socket_dsn, "log_bench")
    schema.init(target)
    bench.prepare(target)
    place = Place(Target(durable_postgres.dsn_of("log_bench_gateway"), "log_bench"), tmp_path, "bench")

    rates = bench.bench_postgres(target, place, seconds=0.2, rounds=2)

    assert len({rate.way for rate in rates}) == len(rates) == 5
    assert all(rate.per_s > 0 and 0 < rate.p50_ms <= rate.p99_ms for rate in rates)
