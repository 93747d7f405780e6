"""One page of a report in the form that somebody wants, in memory: for answers over the network."""

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Literal, get_args

import orjson

from audit.errors import LogDamaged
from audit.reading.source import Source
from audit.usage import focus, writing
from audit.usage.parts import Place
from audit.usage.report import Line, Report, report
from audit.usage.sheet import sheet
from audit.usage.wanted import Wanted

Form = Literal["json", "csv", "parquet", "focus", "focus-parquet"]
FORMS: tuple[Form, ...] = get_args(Form)
"""What a report can be; `focus` is CSV in the columns of FOCUS."""
FOCUS: frozenset[Form] = frozenset({"focus", "focus-parquet"})


@dataclass(frozen=True, slots=True)
class Asked:
    """A question for a page.

    Args:
        wanted: the report; for FOCUS, as `focus.charges` makes it.
        form: what the page shall be.
        most: lines on it.
        after: where the page before ended; None for the first.
    """

    wanted: Wanted
    form: Form
    most: int
    after: Place | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page.

    Attributes:
        body: the file.
        lines: how many lines were found.
        end: where the next page begins; None after the last one.
    """

    body: bytes
    lines: int
    end: Place | None


def page(folder: Path, asked: Asked, stopped: Callable[[], bool], *, source: Source | None = None) -> Page:
    """Sum up a log and return a page of it.

    Raises:
        LogUnavailable, LogDamaged, UsageTooLarge: as `report`.
        ParquetUnavailable: `parquet.unavailable`.
    """
    with report(folder, asked.wanted, stopped, source) as found:
        lines = list(islice(found.lines(asked.after, asked.most + 1), asked.most + 1))
        end = lines[asked.most - 1].place if len(lines) > asked.most else None
        lines = lines[: asked.most]
        out = io.BytesIO()
        write(found, lines, asked.form, out, house=house_of(folder), end=end)
    return Page(out.getvalue(), len(lines), end)


def write(
    found: Report,
    lines: Iterable[Line],
    form: Form,
    out: BinaryIO,
    *,
    house: str,
    end: Place | None = None,
) -> int:
    """Write lines of a report in one of the forms, one at a time; return how many rows there are.

    Args:
        lines: of the report.
        house: name of the log.
        end: where the next page begins; None after the last one.

    Raises:
        UsageTooLarge: `usage.too_large`.
        ParquetUnavailable: `parquet.unavailable`.
    """
    if form == "json":
        return writing.json(found, lines, out, end)
    chosen = focus.sheet(found, lines, house) if form in FOCUS else sheet(found, lines)
    writer = writing.parquet if form.endswith("parquet") else writing.comma_separated
    return writer(chosen, out)


def house_of(folder: Path) -> str:
    """Return the name of a log.

    Raises:
        LogDamaged: `log.origin`: it has none.
        OSError: it can't be read.
    """
    try:
        return str(orjson.loads((folder / "origin.json").read_bytes())["origin"])
    except (ValueError, KeyError, TypeError) as error:
        raise LogDamaged("log.origin", f"{folder} has no readable origin.json") from error
