"""A report in plain words: what was proven, what was found, and what no log can prove."""

from audit.verify.verdict import Report, Verdict

_PROVEN = {
    Verdict.VERIFIED: "VERIFIED: the log agrees with itself and extends every kept head.",
    Verdict.OPERATOR_ASSERTED: "WHOLE, BY THE OPERATOR'S WORD: the log agrees with itself.",
    Verdict.TAMPERED: "TAMPERED OR DAMAGED: the files contradict themselves.",
    Verdict.FORKED: "FORKED OR ROLLED BACK: this is not a continuation of what was kept.",
    Verdict.INCOMPLETE: "INCOMPLETE: what is there agrees with itself, but records are missing or doubtful.",
    Verdict.CANNOT_CHECK: "CANNOT CHECK: this could not be read as a log; nothing is proven.",
}
_NOT_PROVEN = (
    "that a record was ever written for every request (only receipts held by others show that)",
    "that times are right, beyond their order",
)
_NOT_PROVEN_ALONE = (
    "that nobody who can write the folder replaced the log whole (keep a head, and give it next time)"
)


def describe(report: Report) -> list[str]:
    """Return the report in lines of plain words: the verdict, what was found, what was not proven."""
    lines = [_PROVEN[report.verdict]]
    lines += [f"  {each.where}: {each.what}" for each in report.findings]
    lines.append(f"Read {report.records} records of {report.origin or 'no origin'}.")
    lines += [f"  head of {each.writer}: {each.size} records, root {each.root}" for each in report.heads]
    lines += [f"  note: {note}" for note in report.notes]
    if report.kept is not None:
        lines.append(f"Compared with {report.kept} kept heads.")
    lines.append("Not proven:")
    lines += [f"  {each}" for each in _NOT_PROVEN]
    if not report.kept:
        lines.append(f"  {_NOT_PROVEN_ALONE}")
    return [printable(line) for line in lines]


def printable(text: str) -> str:
    """Return `text` with all else replaced: a name in a record must not steer the reader's terminal."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
