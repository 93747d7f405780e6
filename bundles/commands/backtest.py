"""`regent bundle backtest`: what a candidate would have decided otherwise; words and exit codes only."""

from __future__ import annotations

import csv
import sys
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path  # noqa: TC003 - typer reads the annotations when it runs
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, Protocol

import orjson
import typer
from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from bundles.backtest.comparison import Comparison
from bundles.backtest.effect import Change
from bundles.backtest.gate import Gate, Threshold
from bundles.backtest.report import Report
from bundles.backtest.run import run
from bundles.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bundles.backtest.effect import Difference, Gateway
    from bundles.backtest.recorded import Recorded, Recording
    from bundles.backtest.report import Row
    from bundles.bundle import Bundle

PIPED_WIDTH = 160
SHOWN = 20
TITLES = {
    Change.DENIED: "allow -> deny",
    Change.ALLOWED: "deny -> allow",
    Change.ADMITTED: "deny -> past admission",
    Change.TERMS: "obligations changed",
}
MISSING = {
    "unasked": "never came to a policy",
    "uncalled": "are no calls to a model, such as reading a bundle",
    "absent": "without a question in the vault",
    "erased": "erased",
    "altered": "whose question is NOT what was asked",
}
_COLUMNS = ("decision", "time", "change", "rules", "team", "model", "recorded", "before", "after")


class House(Protocol):
    """**Protocol:** the program around this command."""

    def recording(
        self, *, since: str | None, until: str | None, team: str | None, model: str | None
    ) -> Recording:
        """The recorded decisions in question; times as people write them.

        Raises:
            ValueError: a time is none.
            OSError: the log can't be read; also while it is read.
        """
        ...

    def bundle(self, name: str) -> Bundle:
        """The bundle that a person means: a folder, a .tar.gz.

        Raises:
            BundleError: it can't be used.
        """
        ...

    def active_bundle(self) -> Bundle:
        """The bundle that decides now.

        Raises:
            BundleError: it can't be used.
        """
        ...

    def gateway(self) -> Gateway:
        """How bundles are obeyed."""
        ...


def backtest(  # noqa: PLR0913 - one parameter per option
    context: typer.Context,
    candidate: Annotated[str, typer.Argument(help="Folder or .tar.gz of the bundle to try.")],
    *,
    since: Annotated[str, typer.Option(help="RFC 3339 time, or a span back from now: 30d, 24h.")] = "30d",
    until: Annotated[str | None, typer.Option(help="The same; exclusive.")] = None,
    team: Annotated[str | None, typer.Option(help="Only decisions about this team.")] = None,
    model: Annotated[str | None, typer.Option(help="Only decisions about this model.")] = None,
    against: Annotated[
        str | None, typer.Option(help="The bundle to compare with; the active one if left out.")
    ] = None,
    max_new_denials: Annotated[
        str | None, typer.Option(help="Fail beyond so many allow -> deny: 12, or 0.5%.")
    ] = None,
    max_new_allows: Annotated[
        str | None, typer.Option(help="Fail beyond so many deny -> allow or past admission.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The report as one JSON object.")] = False,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", help="Write every differing decision to this file.")
    ] = None,
    examples: Annotated[int, typer.Option(min=0, max=100, help="Decision ids per change and rule.")] = 5,
) -> None:
    """Replay recorded decisions against another bundle, and show what would differ.

    Exit codes: 0 within the thresholds, 1 it could not run, 3 a threshold exceeded, 4 nothing can be told.
    """
    gate = Gate(_threshold(max_new_denials), _threshold(max_new_allows))
    house: House | None = context.obj
    if house is None:
        _fail("there is no log to read: run it as `regent bundle backtest`")
    report = Report(examples)
    try:
        tried = house.bundle(candidate)
        active = house.bundle(against) if against else house.active_bundle()
        comparison = Comparison(active, tried, house.gateway())
        recording = house.recording(since=since, until=until, team=team, model=model)
        with ExitStack() as opened:
            told = opened.enter_context(_rows_to(csv_file)) if csv_file else None
            on_progress = opened.enter_context(_progress(recording.total_bytes))
            run(recording, comparison, report, on_difference=told, on_progress=on_progress)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    except (BundleError, OSError) as error:
        _fail(str(error))
    verdict, why = gate.judge(report)
    if as_json:
        document = {**report.document(comparison), "verdict": verdict.name.lower(), "why": why}
        sys.stdout.write(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        show(report, comparison, plain_console())
    for line in why:
        typer.echo(line, err=True)
    raise typer.Exit(verdict)


def plain_console() -> Console:
    """A console for what others have named: a model's name is no markup, no link and no emoji."""
    width = None if sys.stdout.isatty() else PIPED_WIDTH
    return Console(width=width, highlight=False, markup=False, emoji=False)


def show(report: Report, comparison: Comparison, console: Console) -> None:
    """Print a report for people."""
    console.print(f"candidate  {comparison.candidate.revision}")
    console.print(f"against    {comparison.active.revision}")
    console.print(f"replayed   {report.replayed:,} of {report.read:,} recorded decisions")
    for reason, n in sorted(report.missing.items()):
        console.print(f"           {n:,} {MISSING.get(reason, reason)}", markup=False)
    if report.diverged:
        console.print(f"           {report.diverged:,} that the same revision decides otherwise today")
    for place in report.damaged:
        console.print(printable(f"damaged    {place}"), markup=False)
    for place in report.torn:
        console.print(printable(f"torn       the end of {place}, or it is being written"), markup=False)
    totals = table("", "decisions", "share")
    for change, title in TITLES.items():
        n = report.changes[change]
        totals.add_row(title, f"{n:,}", f"{n / report.replayed:.3%}" if report.replayed else "")
    console.print(totals)
    for title, rows in (("rule", report.rules), ("team", report.teams), ("model", report.models)):
        _show_rows(title, rows, console, of=title != "rule")


def _show_rows(title: str, rows: dict[str, Row], console: Console, *, of: bool) -> None:
    found = [(row.changes[change], name, change, row) for name, row in rows.items() for change in row.changes]
    if not found:
        return
    rows_table = table(title, "change", "decisions", *(("of",) if of else ()), "examples")
    for n, name, change, row in sorted(found, key=lambda each: (-each[0], each[1], each[2]))[:SHOWN]:
        replayed = (f"{row.replayed:,}",) if of else ()
        ids = " ".join(row.examples.get(change, ()))
        rows_table.add_row(printable(name), TITLES[change], f"{n:,}", *replayed, printable(ids))
    console.print(rows_table)
    if len(found) > SHOWN:
        console.print(f"and {len(found) - SHOWN} more; --json has them all")


def table(*columns: str) -> Table:
    """An empty table; numbers stand to the right."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        right = column in {"decisions", "share", "of", "requests"}
        made.add_column(column, justify="right" if right else "left", overflow="fold")
    return made


def printable(text: str) -> str:
    """`text` with all else replaced: a name in a record must not steer the reader's terminal."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


@contextmanager
def _rows_to(path: Path) -> Iterator[Callable[[Recorded, Difference], None]]:
    """Write each difference as a row, as it is found."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)

        def write(recorded: Recorded, found: Difference) -> None:
            moment = datetime.fromtimestamp(recorded.t_us / 1e6, UTC).isoformat()
            cells: tuple[Any, ...] = (
                recorded.id,
                moment,
                found.change.value,
                " ".join(found.rules),
                recorded.team or "",
                recorded.model or "",
                f"{recorded.action} {recorded.reason_code}",
                str(found.before),
                str(found.after),
            )
            writer.writerow([_cell(cell) for cell in cells])

        yield write


def _cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula: callers choose the names of models."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


@contextmanager
def _progress(total_bytes: int) -> Iterator[Callable[[int], None] | None]:
    """A bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    columns = (TextColumn("replaying"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total_bytes)
        yield lambda read: bar.update(task, completed=read)


def _threshold(text: str | None) -> Threshold | None:
    try:
        return None if text is None else Threshold.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _fail(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(1)
