"""What a check can find, and what it adds up to: one verdict, which is also the exit code."""

from dataclasses import dataclass, field
from enum import IntEnum

from audit.verify.checkpoints import Checkpoint

MOST_FINDINGS = 200


class Verdict(IntEnum):
    """The exit codes, and what they mean."""

    VERIFIED = 0  # whole, and by more than the operator's word: a kept checkpoint, or a quorum of witnesses
    OPERATOR_ASSERTED = 10  # whole, but by the operator's word alone
    TAMPERED = 20  # the files contradict themselves or the signature over them
    FORKED = 21  # whole perhaps, but no continuation of what was kept
    RECEIPT_MISSING = 22  # the log promised somebody a record that it does not have
    INCOMPLETE = 30  # something is missing, by the log's own account or by its own rules
    STALE = 31  # whole, but older than was asked for
    UNWITNESSED = 32  # whole, but not cosigned by those who were asked for
    CANNOT_CHECK = 40  # not a log, or not one that could be read


# When several hold, the first of these is the answer.
_GRAVITY = (
    Verdict.TAMPERED,
    Verdict.FORKED,
    Verdict.RECEIPT_MISSING,
    Verdict.CANNOT_CHECK,
    Verdict.INCOMPLETE,
    Verdict.UNWITNESSED,
    Verdict.STALE,
)


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
        findings: what is wrong, as far as there is room for it.
        found: the verdicts of all findings.
        more: number of findings that there was no room for.
        notes: what is worth knowing and not wrong.
        checked: what was checked, in the order of checking.
        unproven: what this check does not show.
        kept: number of kept checkpoints and heads that were compared; None when none was given.
        pruned: number of entries of which only the hashes are there.
        merged: whether there was a merged log with a checkpoint, and not only the logs of its writers.
        witnessed: whether a quorum of witnesses that is not `none` was met.
        checkpoint: what the log's signed checkpoint states.
        signed: that checkpoint's exact bytes, to be kept.
        latest_us: the latest time that a record states, in microseconds since 1970; 0 for none.
        evidence: where the log contradicts what was kept: both signed statements, for others to see.
    """

    origin: str = ""
    records: int = 0
    heads: list[Head] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    found: set[Verdict] = field(default_factory=set)
    more: int = 0
    notes: list[str] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)
    unproven: list[str] = field(default_factory=list)
    kept: int | None = None
    pruned: int = 0
    merged: bool = False
    witnessed: bool = False
    checkpoint: Checkpoint | None = None
    signed: bytes = b""
    latest_us: int = 0
    evidence: str = ""

    @property
    def verdict(self) -> Verdict:
        """The gravest finding, or how far a log without one is proven."""
        # What was kept counts only where it was really compared, and only for a log that was signed.
        proven = self.merged and (bool(self.kept) or self.witnessed)
        clean = Verdict.VERIFIED if proven else Verdict.OPERATOR_ASSERTED
        return next((verdict for verdict in _GRAVITY if verdict in self.found), clean)

    def add(self, verdict: Verdict, where: str, what: str) -> None:
        """Add a finding; a log that is wrong throughout must not fill the memory."""
        self.found.add(verdict)
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(Finding(verdict, where, what))
        else:
            self.more += 1
