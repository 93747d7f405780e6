"""Whether a backtest's outcome may pass: thresholds in numbers or per cent, and what can't be told."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction
from typing import TYPE_CHECKING

from bundles.backtest.effect import Change

if TYPE_CHECKING:
    from bundles.backtest.report import Report

_THRESHOLD = re.compile(r"(?P<number>[0-9]{1,12}(\.[0-9]{1,9})?)(?P<percent> ?%)?", re.ASCII)


MAX_LOST = Fraction(1, 10)
"""The part of the decisions whose questions may be lost where thresholds are to be held."""

_DOUBT = "part of the log doesn't hold; `regent audit verify` says more"
_DIVERGED = "the bundle that decided decides otherwise today, so what the candidate changes isn't known"


class Verdict(IntEnum):
    """The exit codes of a backtest; 1 and 2 are those of every command that fails or is misused."""

    OK = 0
    EXCEEDED = 3  # a threshold
    CANNOT_TELL = 4  # nothing was replayed, or part of the log doesn't hold


@dataclass(frozen=True, slots=True)
class Threshold:
    """The most that may be: so many decisions, or such a share of those that were replayed.

    Args:
        text: as it was given: `12` or `0.5%`.
        number: the number, or the share.
        share: which of the two.
    """

    text: str
    number: Fraction
    share: bool

    @classmethod
    def parse(cls, text: str) -> Threshold:
        """Read `12` or `0.5%`.

        Raises:
            ValueError: it is neither.
        """
        found = _THRESHOLD.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is neither a number of decisions nor a share like 0.5%")
        number, share = Fraction(found["number"]), found["percent"] is not None
        return cls(text, number / 100 if share else number, share)

    def holds(self, count: int, replayed: int) -> bool:
        """Whether `count` decisions of those that were replayed are no more than that."""
        return count <= (self.number * replayed if self.share else self.number)


@dataclass(frozen=True, slots=True)
class Gate:
    """What a candidate must keep to.

    Args:
        new_denials: the most decisions from allow to deny; None doesn't look.
        new_allows: the most decisions from deny to allow, or past admission.
    """

    new_denials: Threshold | None = None
    new_allows: Threshold | None = None

    def judge(self, report: Report) -> tuple[Verdict, list[str]]:
        """The verdict on a report, and why."""
        denied = report.changes[Change.DENIED]
        allowed = report.changes[Change.ALLOWED] + report.changes[Change.ADMITTED]
        why = [
            f"{count} {name} of {report.replayed} decisions exceed {threshold.text}"
            for name, count, threshold in (
                ("new denials", denied, self.new_denials),
                ("new allows", allowed, self.new_allows),
            )
            if threshold is not None and not threshold.holds(count, report.replayed)
        ]
        if why:
            return Verdict.EXCEEDED, why
        if report.doubtful or report.diverged:
            return Verdict.CANNOT_TELL, [_DOUBT if report.doubtful else _DIVERGED]
        if not report.replayed and (self.new_denials or self.new_allows):
            return Verdict.CANNOT_TELL, ["nothing was replayed, so nothing is known"]
        lost = report.missing["absent"]
        if (self.new_denials or self.new_allows) and lost > MAX_LOST * (lost + report.replayed):
            # Whoever loses the questions that speak against a candidate would else let it pass.
            return Verdict.CANNOT_TELL, [f"the questions of {lost} decisions aren't in the vault"]
        return Verdict.OK, []
