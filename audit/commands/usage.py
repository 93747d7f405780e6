"""`regent usage report`: what was used and what it cost, as a table or as a file."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from audit.commands.house import house_of as program_around
from audit.commands.house import source_of
from audit.commands.query import PIPED_WIDTH
from audit.commands.refusal import refusal
from audit.errors import AuditError
from audit.instants import instant_us
from audit.reading.source import Source
from audit.usage import focus, periods
from audit.usage.answering import FOCUS, Form, house_of, write
from audit.usage.report import Line, Report, report
from audit.usage.sheet import label, name_of
from audit.usage.wanted import DIMENSIONS, Dimension, Sums, Wanted, dimensions, only_where
from audit.vault import database
from audit.vault.pseudonyms import name_of as subject_of
from audit.verify.words import printable

_TABLE_ROWS = 500
_SHOWN = ("requests", "aborted", "tokens_in", "tokens_out", "cached", "unpriced", "estimated")


class Every(StrEnum):
    """Values of `--period`."""

    DAY = "day"
    MONTH = "month"
    ALL = "all"


class Format(StrEnum):
    """Values of `--format`."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"
    FOCUS = "focus"
    FOCUS_PARQUET = "focus-parquet"


_FORMS: dict[Format, Form] = {
    Format.JSON: "json",
    Format.CSV: "csv",
    Format.PARQUET: "parquet",
    Format.FOCUS: "focus",
    Format.FOCUS_PARQUET: "focus-parquet",
}


def register(app: typer.Typer) -> None:
    """Mount the command."""

    @app.command("report")
    def command(  # noqa: PLR0913 - one option per part of the question
        context: typer.Context,
        *,
        since: Annotated[
            str | None,
            typer.Option(help="Requests decided from then on: RFC 3339 time, or a span back: 30d."),
        ] = None,
        until: Annotated[str | None, typer.Option(help="The same; exclusive.")] = None,
        by: Annotated[
            str, typer.Option(help=f"What to break it down by, with commas between: {', '.join(DIMENSIONS)}.")
        ] = "",
        period: Annotated[Every, typer.Option(help="And by which stretches of time.")] = Every.MONTH,
        time_zone: Annotated[str, typer.Option(help="The zone in which days begin.")] = "UTC",
        only: Annotated[
            list[str] | None, typer.Option(help="Only where it is so: team=hr. May be repeated.")
        ] = None,
        subject: Annotated[
            str | None, typer.Option(help="Only who it is, by full id: alice@acme.example.")
        ] = None,
        names: Annotated[
            bool, typer.Option("--names", help="Users by name, where the vault knows them, not by pseudonym.")
        ] = False,
        form: Annotated[Format, typer.Option("--format", help="What to write.")] = Format.TABLE,
        output: Annotated[
            Path | None, typer.Option("--output", "-o", help="A new file, instead of the screen.")
        ] = None,
    ) -> None:
        """Sum up what was used, from the audit log. Exit code 1: nothing was."""
        if form in {Format.PARQUET, Format.FOCUS_PARQUET} and output is None and sys.stdout.isatty():
            raise typer.BadParameter("Parquet is no text: give --output, or a pipe")
        folder: Path = context.obj
        with _told():
            source = source_of(program_around(context), folder)
            wanted = Wanted(
                by=dimensions(by),
                period=period.value,
                where=periods.zone(time_zone),
                since_us=_instant_us(since, periods.FOREVER.start_us),
                until_us=_instant_us(until, periods.FOREVER.end_us),
                only=(*map(_only, only or ()), *_subject(source, subject)),
            )
            count = _show(folder, source, wanted, form, output, names=names)
        raise typer.Exit(0 if count else 1)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    except (AuditError, OSError) as error:
        raise refusal(str(error)) from error


def _only(text: str) -> tuple[Dimension, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"{text!r} is not like team=hr")
    return only_where(name, value)


def _subject(source: Source, subject: str | None) -> Iterator[tuple[Dimension, str]]:
    if subject is not None:
        # A pseudonym that nobody has, if nobody knows the subject: the answer is empty, and not everybody's.
        with source.reading() as beside:
            yield DIMENSIONS["user"], beside.look_up(subject) or "nobody"


def _instant_us(text: str | None, otherwise: int) -> int:
    return otherwise if text is None else instant_us(text)


def _show(
    folder: Path, source: Source, wanted: Wanted, form: Format, output: Path | None, *, names: bool
) -> int:
    """Sum up and write; return how many lines there were."""
    as_focus = _FORMS.get(form) in FOCUS
    with (
        report(folder, focus.charges(wanted) if as_focus else wanted, source=source) as found,
        _naming(folder, names) as name,
    ):
        lines = (_named(found, line, name) for line in found.lines())
        if output is None and form is Format.TABLE:
            return _print(found, lines)
        chosen = _FORMS.get(form, "csv")
        if output is None:
            count = write(found, lines, chosen, sys.stdout.buffer, house=house_of(folder))
            sys.stdout.buffer.flush()
            return count
        with output.open("xb") as file:  # never over what is there
            output.chmod(0o600)
            return write(found, lines, chosen, file, house=house_of(folder))


Name = Callable[[str], str | None]


@contextmanager
def _naming(folder: Path, wanted: bool) -> Iterator[Name | None]:  # noqa: FBT001 - one question, one answer
    """Whose pseudonym it is, for who may read the vault."""
    if not wanted:
        yield None
        return
    with database.reading(folder / "vault" / "subjects.db") as db:
        yield lambda sref: subject_of(db, sref)


def _named(found: Report, line: Line, name: Name | None) -> Line:
    if name is None:
        return line
    user = DIMENSIONS["user"]
    values = [
        (name(value) or value) if dimension is user and value is not None else value
        for dimension, value in zip(found.wanted.by, line.values, strict=True)
    ]
    return replace(line, values=tuple(values))


def _print(found: Report, lines: Iterable[Line]) -> int:
    console = Console(width=None if sys.stdout.isatty() else PIPED_WIDTH)
    coming, count = iter(lines), 0
    while some := list(islice(coming, _TABLE_ROWS)):
        count += len(some)
        console.print(_table(found, some, last=len(some) < _TABLE_ROWS))
    if not count:
        console.print("Nothing was used.")
    return count


def _table(found: Report, lines: list[Line], *, last: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("period", *map(name_of, found.wanted.by)):
        table.add_column(title, overflow="fold")
    for title in (*_SHOWN, "cost (USD)"):
        table.add_column(title, justify="right", no_wrap=True)
    for line in lines:
        period = label(found, line) or found.wanted.period
        said = f"{period} expired" if line.expired else period
        words = (Text(printable(value if value is not None else "-")) for value in line.values)
        table.add_row(said, *words, *_figures(line.sums))
    if last:
        blank = [""] * len(found.wanted.by)
        table.add_section()
        table.add_row("total", *blank, *_figures(found.total))
        if found.expired.requests:
            table.add_row("expired", *blank, *_figures(found.expired))
    return table


def _figures(sums: Sums) -> list[str]:
    dollars, micros = divmod(sums.cost_micro, 1_000_000)
    return [*(f"{getattr(sums, name):,}" for name in _SHOWN), f"{dollars:,}.{micros:06}"]
