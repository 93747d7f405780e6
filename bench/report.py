"""Figures as people read them: one table with the ratios in it, and the same as JSON."""

from __future__ import annotations

import platform
from dataclasses import asdict
from typing import TYPE_CHECKING

import orjson
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.rounds import Row

Ratios = dict[str, dict[str, float]]
"""By shape and column: Regent's figure over the bare pass-through's."""

_QUIET = 0.05
_COMPARED = ("requests_per_s", "p50_us", "p99_us", "first_p50_us", "cpu_us", "cpu_per_chunk_us", "rss_bytes")


def _ms(value_us: float) -> str:
    return f"{value_us / 1000:.2f}"


_COLUMNS: dict[str, tuple[str, Callable[[float], str]]] = {
    "requests/s": ("requests_per_s", "{:,.0f}".format),
    "p50 ms": ("p50_us", _ms),
    "p99 ms": ("p99_us", _ms),
    "+p50 ms": ("added_p50_us", _ms),
    "+p99 ms": ("added_p99_us", _ms),
    "first ms": ("first_p50_us", _ms),
    "first p99": ("first_p99_us", _ms),
    "+first ms": ("added_first_p50_us", _ms),
    "CPU us": ("cpu_us", "{:,.0f}".format),
    "us/chunk": ("cpu_per_chunk_us", "{:.1f}".format),
    "RSS MiB": ("rss_bytes", lambda value: f"{value / 2**20:.0f}"),
}


def ratios(rows: Sequence[Row]) -> Ratios:
    """Regent over bare, for every shape and every column in which both have a figure."""
    by_name = {(row.shape, row.target): asdict(row) for row in rows}
    return {
        shape: {
            field: round(regent[field] / by_name[shape, "bare"][field], 2)
            for field in _COMPARED
            if regent[field]
        }
        for (shape, target), regent in by_name.items()
        if target == "regent"
    }


def table(rows: Sequence[Row]) -> Table:
    """Every row, and under each shape the ratios."""
    shown = Table(
        "load", "target", title="CPU is the gateway's, kernel included; + is over the mock called directly"
    )
    for heading in _COLUMNS:
        shown.add_column(heading, justify="right", no_wrap=True)
    compared = ratios(rows)
    for row in rows:
        values = asdict(row)
        cells = ("" if values[field] is None else form(values[field]) for field, form in _COLUMNS.values())
        shown.add_row(row.shape, row.target, *cells)
        if row.target == "regent":
            quotients = compared[row.shape]
            cells = (
                f"x{quotients[field]:.2f}" if field in quotients else "" for field, _ in _COLUMNS.values()
            )
            shown.add_row("", "regent / bare", *cells, style="bold", end_section=True)
    return shown


def verdict(others: float) -> str:
    """What the figures are good for when other work took that share of the gateways' core."""
    if others < _QUIET:
        return "quiet; compare with other days by the rows of `bare`."
    return "compare nothing but the rows of this table with each other."


def document(rows: Sequence[Row], *, others: float, rounds: int, seconds: float) -> bytes:
    """The rows and ratios as JSON, with what is needed to compare them with another day's."""
    return orjson.dumps(
        {
            "machine": {"platform": platform.platform(), "python": platform.python_version()},
            "others_share": round(others, 3),
            "rounds": rounds,
            "seconds": seconds,
            "rows": [asdict(row) for row in rows],
            "regent_over_bare": ratios(rows),
        },
        option=orjson.OPT_INDENT_2,
    )
