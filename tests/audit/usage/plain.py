"""Sums by a plain reading of the records, which shares no line with the report."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import orjson

from audit.usage.wanted import Sums

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Record = dict[str, Any]
Names = tuple[str | None, ...]


def decisions(bodies: Iterable[bytes]) -> dict[str, Record]:
    """The decisions, by their ids."""
    return {each["id"]: each for each in map(orjson.loads, bodies) if each["typ"] == "decision"}


def ends(bodies: Iterable[bytes]) -> list[Record]:
    """The records that end requests."""
    return [each for each in map(orjson.loads, bodies) if each["typ"] in {"outcome", "aborted"}]


def total(records: Iterable[Record]) -> Sums:
    """What these ends used, one after the other."""
    found = Sums()
    for record in records:
        usage, priced = record["usage"], record["usage"].get("cost_micro") is not None
        found.requests += 1
        found.aborted += record["typ"] == "aborted"
        found.tokens_in += usage["in"]
        found.tokens_out += usage["out"]
        found.cached += usage.get("cached", 0)
        found.reasoning += usage.get("reasoning", 0)
        found.cost_micro += usage["cost_micro"] if priced else 0
        found.unpriced += not priced and record.get("deployment") is not None
        found.estimated += usage["estimated"]
    return found


def grouped(
    bodies: Iterable[bytes], names: Callable[[Record | None, Record], Names | None]
) -> dict[Names, Sums]:
    """Ends by what `names` says of a decision and its end; None leaves one out."""
    bodies = list(bodies)
    opened = decisions(bodies)
    groups = defaultdict[Names, list[Record]](list)
    for end in ends(bodies):
        key = names(opened.pop(end["ref"], None), end)
        if key is not None:
            groups[key].append(end)
    return {key: total(each) for key, each in groups.items()}
