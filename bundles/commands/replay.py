"""`regent audit replay`: decisions made again with the bundles that made them; words and exit codes only."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path  # noqa: TC003 - typer reads the annotations when it runs
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, Protocol

import orjson
import typer

from bundles.commands.backtest import plain_console, printable, table
from bundles.errors import BundleError
from bundles.repetition.repeat import MEANINGS, NEUTRAL, Repeater, Result

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bundles.bundle import Bundle
    from bundles.repetition.ports import Decided, Library, Scribe
    from bundles.repetition.repeat import Repeated

OTHERWISE, UNREADABLE = 50, 40
SHOWN = 20
MOST = 10**12
"""More decisions than a log can have."""


class Case(Protocol):
    """**Protocol:** the decisions in question, and the bundles that may have made them."""

    @property
    def decisions(self) -> Iterable[Decided]:
        """Each decision, once.

        Raises:
            OSError: they can't be read; also while they are.
        """
        ...

    @property
    def library(self) -> Library:
        """Finds bundles."""
        ...

    def close(self) -> None:
        """Let go of what is open."""
        ...


class House(Protocol):
    """**Protocol:** the program around this command."""

    def case(
        self, folder: Path, *, pack: Path | None, ids: tuple[str, ...], since: str | None, until: str | None
    ) -> Case:
        """The decisions of a log, or of an evidence pack of one; times as people write them.

        Raises:
            ValueError: a time is none.
            OSError: there is no such log or pack.
        """
        ...

    def bundle(self, name: str) -> Bundle:
        """The bundle that a person means: a path, or a revision of the store by its beginning.

        Raises:
            BundleError: it can't be used.
        """
        ...

    def gateway(self) -> Scribe:
        """How bundles are obeyed, and decisions recorded."""
        ...


def replay(  # noqa: PLR0913 - one parameter per option
    context: typer.Context,
    *,
    record_id: Annotated[
        list[str] | None, typer.Option("--id", help="Id of a decision; repeatable. All if left out.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="RFC 3339 time, or a span back from now: 30d, 24h.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="The same; exclusive.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, max=MOST, help="Decisions at most.")] = None,
    bundle: Annotated[
        str | None, typer.Option(help="What if this one had decided: a folder, a .tar.gz, a revision.")
    ] = None,
    pack: Annotated[
        Path | None, typer.Option(help="An evidence pack in place of the log: what it discloses and holds.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The report as one JSON object.")] = False,
    examples: Annotated[int, typer.Option(min=0, max=10_000, help="Decisions that are named.")] = SHOWN,
) -> None:
    """Make recorded decisions again, each with the bundle that made it, and compare.

    It proves nothing about the records themselves: verify the log or the pack first.
    Exit codes: 0 all match, 50 some don't or can't be told, 40 there is nothing to read.
    """
    house: House | None = context.find_root().obj
    if house is None or not hasattr(house, "case"):
        _fail("there is no policy to decide with: run it as `regent audit replay`")
    counts: Counter[Result] = Counter()
    told: list[Repeated] = []
    try:
        instead = house.bundle(bundle) if bundle else None
        with _opened(
            house.case(context.obj, pack=pack, ids=tuple(record_id or ()), since=since, until=until)
        ) as case:
            repeater = Repeater(case.library, house.gateway(), instead)
            for decided in islice(case.decisions, limit):
                found = repeater.repeat(decided)
                counts[found.result] += 1
                if found.result not in NEUTRAL and len(told) < examples:
                    told.append(found)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    except (BundleError, OSError) as error:
        _fail(str(error))
    if record_id and counts.total() < len(set(record_id)):
        _fail(f"found {counts.total()} of the {len(set(record_id))} decisions that were named")
    if as_json:
        sys.stdout.write(orjson.dumps(_document(counts, told), option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        _show(counts, told)
    raise typer.Exit(0 if _agrees(counts) else OTHERWISE)


def _agrees(counts: Counter[Result]) -> bool:
    """Whether every decision came out as recorded; of none at all nothing is known."""
    return counts[Result.MATCH] > 0 and not counts.keys() - NEUTRAL


def _document(counts: Counter[Result], told: list[Repeated]) -> dict[str, Any]:
    return {
        "replayed": counts.total(),
        "agrees": _agrees(counts),
        "counts": {result.value: counts[result] for result in Result},
        "decisions": [_facts(each) for each in told],
    }


def _facts(each: Repeated) -> dict[str, Any]:
    decided, again = each.decided, each.again
    return {
        "id": decided.id,
        "t_us": decided.t_us,
        "result": each.result.value,
        "differs": list(each.differs),
        "revision": decided.revision,
        "engine": decided.engine,
        "recorded": {
            "action": decided.action,
            "reason_code": decided.reason_code,
            "reasons": decided.reasons,
            "obligations": decided.obligations,
        },
        "again": again
        and {
            "action": again.action,
            "reason_code": again.reason_code,
            "reasons": again.reasons,
            "obligations": again.obligations,
        },
    }


def _show(counts: Counter[Result], told: list[Repeated]) -> None:
    console = plain_console()
    console.print(f"replayed   {counts.total():,} recorded decisions")
    for result in Result:
        if counts[result]:
            console.print(f"{result.name:<18}{counts[result]:>9,}  {MEANINGS[result]}")
    if not told:
        return
    rows = table("decision", "time", "result", "differs", "recorded", "again")
    for each in told:
        decided, again = each.decided, each.again
        cells = (
            decided.id,
            datetime.fromtimestamp(decided.t_us / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S"),
            each.result.name,
            ", ".join(each.differs),
            f"{decided.action} {decided.reason_code}",
            f"{again.action} {again.reason_code}" if again else "",
        )
        rows.add_row(*map(printable, cells))
    console.print(rows)
    others = sum(n for result, n in counts.items() if result not in NEUTRAL) - len(told)
    if others:
        console.print(f"and {others:,} more; --examples shows more of them")


@contextmanager
def _opened(case: Case) -> Iterator[Case]:
    try:
        yield case
    finally:
        case.close()


def _fail(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(UNREADABLE)
