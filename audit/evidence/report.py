"""A report as blocks that know no page: what is said once is laid out as HTML and as PDF alike."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Heading:
    """Begins a section."""

    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Plain words."""

    text: str


@dataclass(frozen=True, slots=True)
class Points:
    """A list; with numbers where the order matters."""

    items: tuple[str, ...]
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """What somebody types into a shell, line by line."""

    text: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and values; values of which every character counts are set in a fixed width."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows below headings.

    Attributes:
        heads: one for each column.
        rows: cells as text.
        numbers: columns whose cells stand to the right.
        shares: of counts: each row's part of the greatest one, 0 to 1000; none where that says nothing.
        empty: what is said in place of no rows.
    """

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[int] = frozenset()
    shares: tuple[int, ...] = ()
    empty: str = "None."


Block = Heading | Paragraph | Points | Command | Facts | Table


@dataclass(frozen=True, slots=True)
class Report:
    """A report.

    Attributes:
        title: what it is.
        subject: what it is about, in one line.
        foot: stands below each page.
        blocks: in order.
    """

    title: str
    subject: str
    foot: str
    blocks: tuple[Block, ...]


def shown(text: str) -> str:
    """Return `text` with all else replaced: what a record names must not steer who reads it."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
