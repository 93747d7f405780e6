"""`regent bundle shadow report`: what a candidate beside the active bundle would have decided otherwise."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import orjson
import typer

from bundles.backtest.effect import Change
from bundles.commands.backtest import SHOWN, TITLES, plain_console, printable, table
from bundles.shadow import Total, totals

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import Console


NOTHING = (
    "No comparison is in the log. Gateways write one a minute while requests come and a candidate is tried"
    " out; after its first minute there is something to show."
)


class House(Protocol):
    """**Protocol:** the program around these commands."""

    def shadow_periods(self, *, since: str | None) -> Iterator[Mapping[str, Any]]:
        """The records of `policy.shadow`; the time as people write it.

        Raises:
            ValueError: the time is none.
            OSError: the log can't be read; also while it is read.
        """
        ...


def report(
    context: typer.Context,
    *,
    since: Annotated[
        str | None, typer.Option(help="RFC 3339 time, or a span back from now; all if left out.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The totals as one JSON array.")] = False,
) -> None:
    """Add up what gateways wrote into the log. Exit code 1: nothing was compared, or it can't be read."""
    house: House | None = context.obj
    try:
        found = totals(house.shadow_periods(since=since)) if house is not None else []
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    except OSError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    if as_json:
        sys.stdout.write(orjson.dumps([total.document() for total in found]).decode() + "\n")
    elif found:
        console = plain_console()
        for total in found:
            _show(total, console)
    else:
        typer.echo(NOTHING)
    raise typer.Exit(0 if found else 1)


def _show(total: Total, console: Console) -> None:
    counts = total.counts
    console.print(printable(f"candidate  {total.candidate}"), markup=False)
    console.print(printable(f"beside     {total.active}"), markup=False)
    console.print(f"from       {_moment(total.since_us)} to {_moment(total.until_us)}")
    console.print(f"compared   {counts['considered']:,} requests")
    for name, meaning in (
        ("dropped", "not compared: the queue was full"),
        ("costly", "on which the candidate took more steps than a shadow may"),
        ("failed", "that could not be compared"),
    ):
        if counts[name]:
            console.print(f"           {counts[name]:,} {meaning}")
    changes = table("", "requests", "examples")
    for change, title in TITLES.items():
        ids = " ".join(total.examples.get(change.value, ()))
        changes.add_row(title, f"{counts[change.value]:,}", printable(ids))
    console.print(changes)
    if total.rules:
        rules = table("rule", "change", "requests")
        for (change_name, rule), n in total.rules.most_common(SHOWN):
            rules.add_row(printable(rule), TITLES[Change(change_name)], f"{n:,}")
        console.print(rules)


def _moment(t_us: int) -> str:
    return datetime.fromtimestamp(t_us / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S")
