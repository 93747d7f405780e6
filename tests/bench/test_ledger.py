"""The bench of the ledger runs and measures every way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.allowances import CALLERS
from bench.ledger import bench_keys, bench_sqlite

if TYPE_CHECKING:
    from pathlib import Path


async def test_every_way_is_measured(tmp_path: Path) -> None:
    """Plain SQLite, one allowance and three levels, and many keys."""
    costs = await bench_sqlite(tmp_path, pairs=20, rounds=2)
    visit, left_bytes = await bench_keys(tmp_path, keys=200)

    assert len(costs) == 2 + 2 * len(CALLERS)
    assert all(each.cpu_us > 0 and each.wall_us > 0 for each in (*costs, visit))
    assert left_bytes > 40
