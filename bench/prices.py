"""What a price costs: CPU of an estimate and of a charge, beside the package's own arithmetic.

Run as `python -m bench.prices`.
"""

from __future__ import annotations

import time
from time import process_time_ns
from typing import TYPE_CHECKING

from genai_prices import Usage as TheirUsage
from genai_prices import calc_price
from rich.console import Console
from rich.table import Table

from adapters.contract import Usage
from gateway import pricing
from gateway.settings import DeploymentSettings, PriceSettings, Provider
from gateway.types import Deployment

if TYPE_CHECKING:
    from collections.abc import Callable

_PROVIDERS = {"openai": Provider(adapter="openai", base_url="https://api.openai.com/v1")}
_RUNS = 7


def _described(name: str, price: PriceSettings | None) -> DeploymentSettings:
    return DeploymentSettings(
        id=name, provider="openai", serves="gpt-4o", zone="cloud", region="us", price=price
    )


def _cpu_us(work: Callable[[], object]) -> float:
    """The least CPU time of some runs, each of 20 ms at least."""
    work()
    times = []
    for _ in range(_RUNS):
        started, rounds = process_time_ns(), 0
        while (spent := process_time_ns() - started) < 20_000_000:
            for _ in range(100):
                work()
            rounds += 100
        times.append(spent / rounds / 1000)
    return min(times)


def main() -> None:
    """Show the table."""
    started = process_time_ns()
    book = pricing.build(
        [_described("listed", None), _described("own", PriceSettings(input="2.5", output=10))],  # type: ignore[arg-type]
        _PROVIDERS,
    )
    ready_ms = (process_time_ns() - started) / 1e6
    terms = pricing.Terms(time.time_ns() // 1000)
    places = [Deployment(name, "openai", "gpt-4o", "gpt-4o", "cloud", "us") for name in ("listed", "own")]
    listed, own = places
    usage = Usage(1000, 200, 1200, 500, 0, 50)
    theirs = TheirUsage(input_tokens=1000, output_tokens=200, cache_read_tokens=500)
    table = Table("what", "us of CPU", title=f"Prices; the list took {ready_ms:.0f} ms at the start")
    for name, work in (
        ("estimate, two deployments", lambda: book.estimate(places, 1000, 1000, terms)),
        ("charge, a price of the list", lambda: book.charge(listed, usage, 1_000_000, terms)),
        ("charge, a price of the settings", lambda: book.charge(own, usage, 1_000_000, terms)),
        ("genai-prices itself", lambda: calc_price(theirs, "gpt-4o", provider_id="openai")),
    ):
        table.add_row(name, f"{_cpu_us(work):.1f}")
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
