"""What a check can find, and what it adds up to: one verdict, which is also the exit code."""

from dataclasses import dataclass, field
from enum import IntEnum


class Verdict(IntEnum):
    """The exit codes, and what they mean."""

    VERIFIED = 0  # whole, and an extension of every kept head
    OPERATOR_ASSERTED = 10  # whole, but by the operator's word alone: no kept head was given
    TAMPERED = 20  # the files contradict themselves
    FORKED = 21  # whole perhaps, but not an extension of the kept head
    INCOMPLETE = 30  # records are missing, by the log's own account or by its own rules
    CANNOT_CHECK = 40  # not a log that this program can read


# When several hold, the first of these is the answer.
_GRAVITY = (Verdict.TAMPERED, Verdict.FORKED, Verdict.CANNOT_CHECK, Verdict.INCOMPLETE)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: what it means for the verdict, where it is, and what it is."""

    verdict: Verdict
    where: str
    what: str


@dataclass(frozen=True, slots=True)
class Head:
    """State of one writer's log: number of records and root of the RFC 6962 tree over them."""

    writer: str
    size: int
    root: str


@dataclass(slots=True)
class Report:
    """What was checked and found.

    Attributes:
        origin: name of the log.
        records: number of records read.
        heads: head of each writer, to be kept for the next time.
        findings: all that is wrong.
        notes: what is worth knowing and not wrong.
        kept: number of kept heads that were compared; None when none was given.
    """

    origin: str = ""
    records: int = 0
    heads: list[Head] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    kept: int | None = None

    @property
    def verdict(self) -> Verdict:
        """The gravest finding, or how far a log without one is proven."""
        found = {finding.verdict for finding in self.findings}
        # A kept head without a single writer proves as much as none.
        clean = Verdict.VERIFIED if self.kept else Verdict.OPERATOR_ASSERTED
        return next((verdict for verdict in _GRAVITY if verdict in found), clean)

    def add(self, verdict: Verdict, where: str, what: str) -> None:
        """Add a finding."""
        self.findings.append(Finding(verdict, where, what))
