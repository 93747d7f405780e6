"""What one ended request counts, and under which lines it stands."""

from itertools import product
from typing import Any

import orjson

from audit.index.row import End, Row
from audit.usage.wanted import TAG_SET, UNPRICED, Dimension, Wanted


def set_of(labels: list[str]) -> str:
    """Return tags as one text: a JSON list in an order of its own."""
    return orjson.dumps(sorted(labels)).decode()


def sums_of(end: End | Row) -> tuple[int, ...]:
    """Return what an end counts, in the order of the measures."""
    return (
        1,
        int(end.end == "aborted"),
        end.tokens_in or 0,
        end.tokens_out or 0,
        end.cached or 0,
        end.reasoning or 0,
        end.cost_micro or 0,
        int(_is_unpriced(end)),
        int(bool(end.estimated)),
    )


def lines_of(wanted: Wanted, row: Row | None, end: End | Row) -> list[tuple[str | None, ...]]:
    """Return the values of each line that a request stands under; none where it isn't asked for.

    Args:
        row: its decision; None where no decision claims the end.
        end: how it ended.
    """
    if any(_values(dimension, row, end) != [text] for dimension, text in wanted.only):
        return []
    return list(product(*(_values(dimension, row, end) for dimension in wanted.by)))


def _values(dimension: Dimension, row: Row | None, end: End | Row) -> list[str | None]:
    if dimension is UNPRICED:
        return [str(int(_is_unpriced(end)))]
    found: Any = getattr(end if dimension.ended else row, dimension.field, None)
    if dimension is TAG_SET:
        return [set_of(found or [])] if row is not None else [set_of([])]
    if dimension.many:
        return [*found] if found else [None]
    return [found]


def _is_unpriced(end: End | Row) -> bool:
    return end.cost_micro is None and end.deployment is not None
