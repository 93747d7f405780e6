"""What a report is asked for: by what it is broken down, of which stretch of time, about whom."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import NamedTuple
from zoneinfo import ZoneInfo

from audit.usage.periods import FOREVER, Period, Span


class Dimension(NamedTuple):
    """What requests can be told apart by.

    Args:
        field: of an index row.
        many: whether a request may have several, and then counts under each.
        ended: whether it is the end of a request that says it, so that a loose end does, too.
    """

    field: str
    many: bool = False
    ended: bool = False


DIMENSIONS: Mapping[str, Dimension] = {
    "request": Dimension("request_id"),
    "user": Dimension("sref"),
    "team": Dimension("team"),
    "organization": Dimension("tenant"),
    "key": Dimension("keys", many=True),
    "model": Dimension("model"),
    "served_model": Dimension("resp_model", ended=True),
    "deployment": Dimension("deployment", ended=True),
    "provider": Dimension("provider", ended=True),
    "region": Dimension("region", ended=True),
    "cost_center": Dimension("cost_center"),
    "tag": Dimension("tags", many=True),
    "operation": Dimension("op"),
    "prices": Dimension("prices", ended=True),
}
"""By name, as `--by` and the API call them."""
TAG_SET = Dimension("tags")
"""All tags of a request together, as a JSON list: a request counts once."""
UNPRICED = Dimension("cost_micro", ended=True)
"""`1` where a deployment had a part in it and no price was known, else `0`."""


MOST_DIMENSIONS = 8


def dimensions(text: str) -> tuple[Dimension, ...]:
    """Return the dimensions that a text names, with commas between; none of an empty one.

    Raises:
        ValueError: one is none, or named twice, or there are too many.
    """
    names = text.split(",") if text else []
    if len(names) > MOST_DIMENSIONS or len(set(names)) < len(names):
        raise ValueError(f"name at most {MOST_DIMENSIONS} dimensions, each once")
    return tuple(map(_dimension, names))


def only_where(name: str, value: str) -> tuple[Dimension, str]:
    """Return what a dimension must be, to narrow a report.

    Raises:
        ValueError: it is no dimension, or one of which a request may have several.
    """
    found = _dimension(name)
    if found.many:
        raise ValueError(f"a request may have several of {name}: break down by it instead")
    return found, value


def _dimension(name: str) -> Dimension:
    if name not in DIMENSIONS:
        raise ValueError(f"there is no dimension {name[:80]!r}; known: {', '.join(DIMENSIONS)}")
    return DIMENSIONS[name]


@dataclass(slots=True)
class Sums:
    """What was used. Exact: integers of any size.

    Attributes:
        requests: allowed requests that ended.
        aborted: of those, the ones that were not answered to their end.
        tokens_in, tokens_out: as accounted for.
        cached: of the tokens in, those that the provider had in its cache, where it says so.
        reasoning: of the tokens out, those for reasoning, where it says so.
        cost_micro: what it cost where a price was known, in millionths of a dollar.
        unpriced: requests that a deployment without a price had a part in: their cost is not known, which
            isn't nothing.
        estimated: requests whose tokens are the gateway's own count.
    """

    requests: int = 0
    aborted: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cached: int = 0
    reasoning: int = 0
    cost_micro: int = 0
    unpriced: int = 0
    estimated: int = 0

    def add(self, values: tuple[int, ...]) -> None:
        """Add one of each, in their order."""
        for name, value in zip(MEASURES, values, strict=True):
            setattr(self, name, getattr(self, name) + value)


MEASURES = tuple(each.name for each in fields(Sums))


@dataclass(frozen=True, slots=True)
class Wanted:
    """A report.

    Args:
        by: dimensions to break it down by, in the order of the columns.
        period: and by which stretches of time.
        where: the time zone in which days begin.
        since_us, until_us: requests decided from then on, and before then; microseconds UTC.
        only: what a dimension must be; none that has many. A user is named by pseudonym.
    """

    by: tuple[Dimension, ...] = ()
    period: Period = "all"
    where: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    since_us: int = FOREVER.start_us
    until_us: int = FOREVER.end_us
    only: tuple[tuple[Dimension, str], ...] = ()

    def clip(self, span: Span) -> Span:
        """Return the part of a stretch that is asked for."""
        return Span(max(span.start_us, self.since_us), min(span.end_us, self.until_us))
