"""What stands behind the `?` of a URL, as a question to the audit log: every word known, or refused.

A filter that was misspelt and passed over would widen the answer without anybody noticing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, cast
from urllib.parse import parse_qsl

from audit.instants import instant_us
from audit.reading.paging import Place
from audit.reading.query import DECISIONS, KINDS, Filter
from gateway.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

LIMIT: Final = 50
MAX_LIMIT: Final = 1_000
MAX_FIELDS: Final = 64
MAX_CHARS: Final = 512

WORDS: Final = {
    "subject": "subject",
    "tenant": "tenant",
    "team": "team",
    "model": "model",
    "reason": "reason_code",
    "rule": "rule",
    "control": "control",
    "deployment": "deployment",
    "request": "request_id",
}
"""Parameters whose value is looked for as it is, and the filter's name for each."""
TIMES: Final = ("since", "until")
_EVERY: Final = (*WORDS, *TIMES, "decision", "kind", "limit", "cursor")
_EVERY_KIND: Final = "all"
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,14}", re.ASCII)
_MOST: Final = 2**53 - 1
"""What a number in a record may be at most."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question for rows.

    Args:
        wanted: what to look for.
        limit: rows on a page.
        after: where the page before ended; None for the first.
    """

    wanted: Filter
    limit: int
    after: Place | None


def rows(parameters: bytes) -> Asked:
    """Read the parameters of `/v1/audit/decisions`.

    Raises:
        Refused: `input.invalid` or `input.out_of_bounds`, with the parameter's name where there is one.
    """
    given = fields(parameters, _EVERY, repeated=("kind",))
    single = {name: values[0] for name, values in given.items()}
    found: dict[str, Any] = {WORDS[name]: text for name, text in single.items() if name in WORDS}
    found |= {f"{name}_us": instant(name, single[name]) for name in TIMES if name in single}
    wanted = Filter(action=_decision(single.get("decision")), kinds=_kinds(given.get("kind")), **found)
    return Asked(wanted, page_limit(single.get("limit"), LIMIT, MAX_LIMIT), _place(single.get("cursor")))


def sizes(parameters: bytes) -> tuple[int, int | None]:
    """Read `from` and `to`, sizes of trees; None for the published one.

    Raises:
        Refused: as `rows`.
    """
    given = fields(parameters, ("from", "to"))
    if "from" not in given:
        raise invalid("from", "Say `from`: how many entries the older checkpoint has.")
    old = number(given["from"][0])
    new = number(given["to"][0]) if "to" in given else None
    if old is None or ("to" in given and new is None):
        raise invalid("from" if old is None else "to", "A size is a plain decimal number.")
    return old, new


def nothing(parameters: bytes) -> None:
    """Refuse any parameter, where there is none to give.

    Raises:
        Refused: as `rows`.
    """
    fields(parameters, ())


def number(text: str) -> int | None:
    """Return the plain decimal below 10^15 that a text is, or None."""
    return int(text) if _NUMBER.fullmatch(text) else None


def fields(
    parameters: bytes,
    known: Collection[str],
    *,
    repeated: Collection[str] = (),
    bounds: Mapping[str, int] = MappingProxyType({}),
) -> dict[str, list[str]]:
    """Return what is given, by name: every parameter known, none empty, none twice unless it may be.

    Args:
        bounds: the most characters of those that may have more than `MAX_CHARS`.

    Raises:
        Refused: `input.invalid` or `input.out_of_bounds`.
    """
    found: dict[str, list[str]] = {}
    for name, text in _pairs(parameters):
        if name not in known:
            raise invalid(None, f"There is no such parameter here; known: {', '.join(known) or 'none'}.")
        if name in found and name not in repeated:
            raise invalid(name, f"`{name}` is given twice.")
        if not text:
            raise invalid(name, f"`{name}` is empty; leave it out to ask for nothing in particular.")
        if len(text) > bounds.get(name, MAX_CHARS):
            raise Refused("input.out_of_bounds", param=name)
        found.setdefault(name, []).append(text)
    return found


def _pairs(parameters: bytes) -> list[tuple[str, str]]:
    if not parameters:
        return []
    try:
        return parse_qsl(
            parameters.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=MAX_FIELDS,
        )
    except ValueError:
        raise invalid(None, "What stands behind the `?` can't be read.") from None


def _decision(text: str | None) -> Literal["allow", "deny"] | None:
    if text not in {None, "allow", "deny"}:
        raise invalid("decision", "`decision` is `allow` or `deny`.")
    return cast("Literal['allow', 'deny'] | None", text)


def _kinds(texts: list[str] | None) -> frozenset[str] | None:
    if texts is None:
        return DECISIONS
    if not KINDS.union({_EVERY_KIND}).issuperset(texts):
        raise invalid("kind", f"A kind is one of {', '.join([*sorted(KINDS), _EVERY_KIND])}.")
    return None if _EVERY_KIND in texts else frozenset(texts)


def instant(name: str, text: str) -> int:
    """Return a point in time, microseconds UTC.

    Raises:
        Refused: `input.invalid`.
    """
    try:
        return instant_us(text)
    except (ValueError, OverflowError):
        raise invalid(
            name,
            f"`{name}` is an RFC 3339 time with its zone (`+` sent as `%2B`), or a span such as 7d or 24h.",
        ) from None


def page_limit(text: str | None, usual: int, most: int) -> int:
    """Return how much a page shall have; `usual` where nothing is said.

    Raises:
        Refused: `input.invalid`, or `input.out_of_bounds` if it is more than `most`.
    """
    if text is None:
        return usual
    limit = number(text)
    if not limit:
        raise invalid("limit", "`limit` is a number of at least 1.")
    if limit > most:
        raise Refused("input.out_of_bounds", f"`limit` is at most {most}.", param="limit")
    return limit


def _place(text: str | None) -> Place | None:
    try:
        return None if text is None else Place.parse(text)
    except ValueError:
        raise invalid("cursor", "`cursor` is what the page before this one gave.") from None


def invalid(param: str | None, message: str) -> Refused:
    """Return what to raise for a parameter that can't be understood."""
    return Refused("input.invalid", message, param=param)


def noted(asked: Asked, sref: str | None, kinds: Collection[str]) -> Mapping[str, Any]:
    """What was asked for, as its record may say it.

    A record holds no word that a reader made up, which could be anybody's name, for ever: a subject stands
    there by pseudonym, and other words only if rows have them, so that they are in the log already.

    Args:
        asked: the question.
        sref: pseudonym of the subject, if it has one.
        kinds: of the rows that were found.
    """
    wanted = asked.wanted
    found: dict[str, Any] = {}
    for name, field in WORDS.items():
        text = getattr(wanted, field)
        if text is not None:
            found[name] = text if kinds else None
    if wanted.subject is not None:
        found["subject"] = sref
    if wanted.action is not None:
        found["decision"] = wanted.action
    for name, at_us in (("since_us", wanted.since_us), ("until_us", wanted.until_us)):
        if at_us is not None:
            found[name] = max(-_MOST, min(at_us, _MOST))
    if wanted.kinds != DECISIONS:
        found["kinds"] = "all" if wanted.kinds is None else sorted(wanted.kinds)
    found["limit"] = asked.limit
    return found
