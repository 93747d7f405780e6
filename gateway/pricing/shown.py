"""The prices of all deployments, for people and for programs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import orjson
from rich import box
from rich.table import Table

from gateway.pricing.rates import per_million
from gateway.pricing.terms import Terms

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gateway.pricing.book import Book
    from gateway.pricing.rates import Price, Rates
    from gateway.settings import DeploymentSettings

_MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Row:
    """What calls of one deployment cost, in USD as decimal text; tokens by the million.

    Args:
        above: the tokens of a prompt beyond which these prices hold; 0 for any prompt.
        origin: where the price comes from; None for a deployment without one, whose prices are None, too.
    """

    deployment: str
    provider: str
    model: str
    above: int
    input: str | None = None
    cached_input: str | None = None
    cache_write: str | None = None
    output: str | None = None
    reasoning: str | None = None
    per_request: str | None = None
    per_hour: str | None = None
    shared_by: int | None = None
    origin: str | None = None


def rows(deployments: Iterable[DeploymentSettings], book: Book, at_us: int) -> list[Row]:
    """What text costs now: a row for each deployment, and one for each size of prompt with its own price."""
    return [row for each in deployments for row in _rows(each, book, at_us)]


def _rows(deployment: DeploymentSettings, book: Book, at_us: int) -> list[Row]:
    model = deployment.model or deployment.serves
    source = book.source(deployment.id)
    if source is None:
        return [Row(deployment.id, deployment.provider, model, 0)]
    price = source.at(Terms(at_us))
    return [
        _priced(
            Row(deployment.id, deployment.provider, model, max(0, above), origin=source.origin), price, rates
        )
        for above, rates in price.tiers
    ]


def _priced(row: Row, price: Price, rates: Rates) -> Row:
    return Row(
        deployment=row.deployment,
        provider=row.provider,
        model=row.model,
        above=row.above,
        input=_usd(rates.input),
        cached_input=_usd(rates.cached),
        cache_write=_usd(rates.cache_write),
        output=_usd(rates.output),
        reasoning=_usd(rates.reasoning),
        per_request=_usd(rates.request, 1),
        per_hour=_usd(price.hour, 1),
        shared_by=price.shared_by,
        origin=row.origin,
    )


def _usd(femto: int, many: int = _MILLION) -> str:
    return f"{(per_million(femto) * many / _MILLION).normalize():f}"


def as_json(found: Sequence[Row]) -> str:
    """The rows as a JSON array of objects."""
    return orjson.dumps([asdict(row) for row in found], option=orjson.OPT_INDENT_2).decode()


def table(found: Sequence[Row]) -> Table:
    """The rows as a table; a price that is the same as a neighbour's everywhere has no column."""
    shown = Table(box=box.SIMPLE_HEAD, title="USD for a million tokens", title_justify="left")
    shown.add_column("deployment", no_wrap=True)
    names = ["above", "input", "cached_input", "output"]
    names[3:3] = ["cache_write"] if any(row.cache_write != row.input for row in found) else []
    names += ["reasoning"] if any(row.reasoning != row.output for row in found) else []
    names += [
        name for name in ("per_request", "per_hour") if any(_counts(getattr(row, name)) for row in found)
    ]
    for name in names:
        shown.add_column(_HEADS.get(name, name), justify="right")
    shown.add_column("from", overflow="fold")
    for row in found:
        cells = [_cell(getattr(row, name)) for name in names]
        shown.add_row(row.deployment, *cells, row.origin or "[bold red]no price is known[/]")
    return shown


_HEADS: Final = {
    "above": "prompt over",
    "cached_input": "cached",
    "cache_write": "cache write",
    "per_request": "a request",
    "per_hour": "an hour",
}


def _cell(value: str | int | None) -> str:
    if isinstance(value, int):
        return f"{value:,}" if value else ""
    return "?" if value is None else value


def _counts(usd: str | None) -> bool:
    return usd is not None and Decimal(usd) != 0
