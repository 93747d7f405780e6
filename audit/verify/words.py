"""A report in plain words: what was proven, what was found, and what was not proven."""

from audit.verify.verdict import Report, Verdict

_PROVEN = {
    Verdict.VERIFIED: "VERIFIED: the log agrees with itself, and more than the operator's word says so.",
    Verdict.OPERATOR_ASSERTED: "WHOLE, BY THE OPERATOR'S WORD (operator-asserted): it agrees with itself.",
    Verdict.TAMPERED: "TAMPERED OR DAMAGED: the files contradict themselves.",
    Verdict.FORKED: "FORKED OR ROLLED BACK: this is not a continuation of what was kept.",
    Verdict.RECEIPT_MISSING: "MISSING: the log gave a receipt for a record that it does not have.",
    Verdict.INCOMPLETE: "INCOMPLETE: what is there agrees with itself, but records are missing or doubtful.",
    Verdict.STALE: "STALE: the log agrees with itself, but it is older than was asked for.",
    Verdict.UNWITNESSED: "UNWITNESSED: the log agrees with itself, but its witnesses did not all sign.",
    Verdict.CANNOT_CHECK: "CANNOT CHECK: this could not be read as a log; nothing is proven.",
}


def describe(report: Report) -> list[str]:
    """Return the report in lines of plain words: the verdict, what was found, what was not proven."""
    lines = [_PROVEN[report.verdict]]
    lines += [f"  {each.where}: {each.what}" for each in report.findings]
    if report.more:
        lines.append(f"  and {report.more} findings more")
    lines.append(f"Read {report.records} records of {report.origin or 'no origin'}.")
    if report.checkpoint:
        root = report.checkpoint.root.hex()
        lines.append(f"  checkpoint: {report.checkpoint.size} records, root {root}")
    lines += [f"  head of {each.writer}: {each.size} records, root {each.root}" for each in report.heads]
    lines += [f"  note: {note}" for note in report.notes]
    if report.kept is not None:
        lines.append(f"Compared with {report.kept} kept checkpoints and heads.")
    if report.checked:
        lines.append("Checked:")
        lines += [f"  {each}" for each in report.checked]
    lines.append("Not proven:")
    lines += [f"  {each}" for each in report.unproven]
    return [printable(line) for line in lines]


def as_json(report: Report) -> dict[str, object]:
    """Return the report as one JSON object."""
    found = [
        {"verdict": each.verdict.name.lower(), "where": each.where, "what": each.what}
        for each in report.findings
    ]
    stated = report.checkpoint
    return {
        "verdict": report.verdict.name.lower(),
        "exit_code": int(report.verdict),
        "origin": report.origin,
        "records": report.records,
        "checkpoint": {"size": stated.size, "root": stated.root.hex()} if stated else None,
        "writers": [
            {"writer": each.writer, "size": each.size, "root": each.root}
            for each in report.heads
            if each.size
        ],
        "pruned": report.pruned,
        "kept": report.kept,
        "witnessed": report.witnessed,
        "findings": found,
        "more_findings": report.more,
        "notes": report.notes,
        "checked": report.checked,
        "unproven": report.unproven,
    }


def printable(text: str) -> str:
    """Return `text` with all else replaced: a name in a record must not steer the reader's terminal."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
