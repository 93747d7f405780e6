"""What stands behind the `?` of `/v1/usage`, as a question for a report: every word known, or refused."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, cast

from audit.usage import focus
from audit.usage.answering import FOCUS, FORMS, Asked, Form
from audit.usage.parts import CURSOR_CHARS, Place
from audit.usage.periods import FOREVER, PERIODS, Period, zone
from audit.usage.sheet import name_of
from audit.usage.wanted import DIMENSIONS, Wanted, dimensions, only_where
from gateway.evidence.asking import fields, instant, invalid, page_limit

if TYPE_CHECKING:
    from collections.abc import Mapping

LIMIT: Final = 1_000
MAX_LIMIT: Final = 10_000
ONLY: Final = ("team", "organization", "model", "deployment", "cost_center", "operation")
"""Dimensions that a report can be narrowed to, each a parameter of that name."""
_KNOWN: Final = ("by", "period", "time_zone", "since", "until", "format", "limit", "cursor", *ONLY)
_MOST: Final = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Question:
    """A question for a page of a report.

    Args:
        wanted: the report, of everybody so far.
        form: what the page shall be.
        limit: lines on it.
        after: where the page before ended; None for the first.
        subject: whom it shall be about, by name; None for everybody.
    """

    wanted: Wanted
    form: Form
    limit: int
    after: Place | None
    subject: str | None = None

    def about(self, subject: str) -> Question:
        """The same question about one subject."""
        return replace(self, subject=subject)

    def asked(self, sref: str) -> Asked:
        """The question as the log understands it.

        Args:
            sref: pseudonym of the subject, if it is about one.
        """
        wanted = self.wanted
        if self.subject is not None:
            wanted = replace(wanted, only=(*wanted.only, (DIMENSIONS["user"], sref)))
        return Asked(wanted, self.form, self.limit, self.after)

    def noted(self, sref: str | None, *, found: bool) -> Mapping[str, Any]:
        """What was asked for, as its record may say it: no word that a reader made up.

        Args:
            sref: pseudonym of the subject, if it has one.
            found: whether there are lines, so that the words that were looked for are in the log already.
        """
        wanted = self.wanted
        said: dict[str, Any] = {
            "by": [name_of(each) for each in wanted.by if each in DIMENSIONS.values()],
            "period": wanted.period,
            "format": self.form,
            "limit": self.limit,
        }
        said |= {name_of(each): text if found else None for each, text in wanted.only}
        if self.subject is not None:
            said["subject"] = sref
        for name, at_us, otherwise in (
            ("since_us", wanted.since_us, FOREVER.start_us),
            ("until_us", wanted.until_us, FOREVER.end_us),
        ):
            if at_us != otherwise:
                said[name] = max(-_MOST, min(at_us, _MOST))
        return said


def question(parameters: bytes, *, own: bool = False) -> Question:
    """Read the parameters.

    Args:
        own: whether it is about the caller, who names nobody.

    Raises:
        Refused: `input.invalid` or `input.out_of_bounds`, with the parameter's name where there is one.
    """
    known = _KNOWN if own else (*_KNOWN, "subject")
    found = fields(parameters, known, bounds={"cursor": CURSOR_CHARS})
    given = {name: values[0] for name, values in found.items()}
    form = _one_of("format", given.get("format", "json"), FORMS)
    wanted = Wanted(
        by=_by(given.get("by", "")),
        period=cast("Period", _one_of("period", given.get("period", "month"), PERIODS)),
        where=_zone(given.get("time_zone", "UTC")),
        since_us=instant("since", given["since"]) if "since" in given else FOREVER.start_us,
        until_us=instant("until", given["until"]) if "until" in given else FOREVER.end_us,
        only=tuple(only_where(name, given[name]) for name in ONLY if name in given),
    )
    if form in FOCUS:
        wanted = focus.charges(wanted)
    after = _place(given.get("cursor"), len(wanted.by))
    return Question(
        wanted,
        cast("Form", form),
        page_limit(given.get("limit"), LIMIT, MAX_LIMIT),
        after,
        given.get("subject"),
    )


def _one_of(name: str, text: str, known: tuple[str, ...]) -> str:
    if text not in known:
        raise invalid(name, f"`{name}` is one of: {', '.join(known)}.")
    return text


def _by(text: str) -> Any:
    try:
        return dimensions(text)
    except ValueError:
        raise invalid(
            "by", f"`by` names dimensions, each once and with commas between, of: {', '.join(DIMENSIONS)}."
        ) from None


def _zone(name: str) -> Any:
    try:
        return zone(name)
    except ValueError:
        raise invalid("time_zone", "`time_zone` is a name of the IANA data, such as Europe/Berlin.") from None


def _place(text: str | None, width: int) -> Place | None:
    try:
        return None if text is None else Place.parse(text, width)
    except ValueError:
        raise invalid("cursor", "`cursor` is what the page before gave, for the same breakdown.") from None
