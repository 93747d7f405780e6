"""What the report of a pack says: what it is, what is in it, how to check it, and what it doesn't prove."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from audit.evidence import prose
from audit.evidence.census import MOST_ROWS, Census
from audit.evidence.pack import Contents
from audit.evidence.report import Block, Command, Facts, Heading, Paragraph, Points, Report, Table
from audit.evidence.signers import signers
from audit.index.row import Row
from audit.reading.formats import instant

_CUT = 120


def report(contents: Contents) -> Report:
    """Return the report of a pack."""
    published = contents.published
    origin, size = published.checkpoint.origin, published.size
    blocks = (
        *_what(contents),
        *_signed(contents),
        *_counted(contents),
        *_events(contents),
        *_check(contents),
        *_unproven(contents),
        *_decisions(contents.census),
    )
    foot = f"{origin} · {size} entries · root {published.checkpoint.root.hex()[:16]}…"
    return Report("Evidence from an audit log", origin, foot, blocks)


def _what(contents: Contents) -> Iterator[Block]:
    selection, stated, census = contents.order.selection, contents.published.checkpoint, contents.census
    yield Paragraph(prose.WHAT)
    yield Heading("What this pack is")
    span = selection.span
    rows = [
        ("Log", stated.origin),
        ("Kind", prose.KINDS[selection.kind]),
        ("Records", f"{_n(selection.count)} in the pack, of {_n(stated.size)} under the checkpoint"),
        ("Range", f"entries {span[0]} to {span[1] - 1}" if span else "none: single entries"),
        ("Asked for", _asked(selection.wanted)),
        ("First record", _time(census.first_us)),
        ("Last record", _time(census.last_us)),
        ("Made by", contents.order.tool),
    ]
    if contents.published.minimum:
        rows.append(("Pruned", f"entries below {contents.published.minimum} were removed by retention"))
    yield Facts(tuple(rows))


def _signed(contents: Contents) -> Iterator[Block]:
    stated = contents.published.checkpoint
    yield Heading("Checkpoint, and who signed it")
    yield Facts((("Size", _n(stated.size)), ("Root (SHA-256)", stated.root.hex())))
    rows = tuple(
        (each.name, each.id, each.what, _time(each.time_us) if each.time_us else "", each.known)
        for each in signers(contents.published, contents.order.trust)
    )
    yield Table(("Signer", "Key", "What", "Time it states", "Verified here"), rows)
    yield Paragraph(prose.SIGNED)


def _counted(contents: Contents) -> Iterator[Block]:
    census = contents.census
    yield Heading("What was decided")
    if contents.order.selection.kind != "whole":
        yield Paragraph(prose.PART)
    yield _counts("Decision", census.decisions)
    for title, counts in (
        ("Reason", census.reasons),
        ("Rule that fired", census.rules),
        ("Control served", census.controls),
        ("Model asked for", census.models),
        ("Deployment that answered", census.deployments),
        ("Region", census.regions),
    ):
        yield _counts(title, counts)
    yield Heading("Policies that decided")
    rows = tuple(
        (
            policy.revision,
            policy.digest,
            policy.engine,
            _n(n),
            contents.bundles.get(policy) or "not in the pack",
        )
        for policy, n in sorted(census.policies.items(), key=lambda each: -each[1])
    )
    heads = ("Revision", "Digest", "Engine", "Decisions", "In the pack as")
    yield Table(heads, rows, frozenset({3}), empty="No policy decided anything in these records.")
    yield Heading("Kinds of records")
    yield _counts("Kind", census.kinds)
    yield _counts("Writer", census.writers)
    if contents.order.labels:
        yield Heading("Disclosed")
        yield Paragraph(prose.DISCLOSED)
        released = sorted(contents.released.items())
        yield Table(
            ("Field", "What became of it", "Records"),
            tuple((label, result, _n(n)) for (label, result), n in released),
            frozenset({2}),
        )


def _events(contents: Contents) -> Iterator[Block]:
    census = contents.census
    yield Heading("Gaps and other things to look at")
    if census.gaps:
        yield Paragraph(f"The log itself says in {_n(len(census.gaps))} records that something is missing:")
    gaps = tuple((str(index), _time(each["t_us"]), *_gap(each["gap"])) for index, each in census.gaps)
    yield Table(("Entry", "Time", "Reason", "Counts"), gaps, empty="No record in this pack admits a gap.")
    if census.opened and contents.order.selection.kind == "whole":
        yield Paragraph(
            f"{_n(len(census.opened))} allowed requests have no end in this pack: they ended later, or a "
            "process was killed while it served them."
        )
    if census.unread:
        yield Paragraph(f"{_n(census.unread)} entries are no records of a form that is known here.")
    if census.events:
        rows = tuple(
            (str(index), _time(each["t_us"]), each["typ"], _facts(each)) for index, each in census.events
        )
        yield Table(("Entry", "Time", "Kind", "What it says"), rows)


def _check(contents: Contents) -> Iterator[Block]:
    selection = contents.order.selection
    yield Heading("How to check it yourself")
    yield Paragraph(prose.CHECK)
    yield Points(prose.STEPS, numbered=True)
    deep = " --deep" if contents.order.labels else ""
    yield Command(
        f"python -m audit.verify PACK.tar --policy trust.policy{deep}\n"
        "python -m audit.verify PACK.tar --policy trust.policy --since kept.note\n"
        "python -m audit.verify PACK.tar --policy trust.policy --receipts receipts.txt"
    )
    if contents.released.get(("input", "released")) and any(contents.bundles.values()):
        yield Paragraph(prose.REPLAY)
        yield Command("regent audit replay --pack PACK.tar")
    if selection.kind == "single":
        yield Paragraph(prose.SINGLE)


def _unproven(contents: Contents) -> Iterator[Block]:
    yield Heading("What is not proven")
    yield Points((prose.UNPROVEN_OF[contents.order.selection.kind], *prose.UNPROVEN))


def _decisions(census: Census) -> Iterator[Block]:
    yield Heading("Decisions")
    if census.decided > len(census.rows):
        yield Paragraph(
            f"The first {MOST_ROWS} of {_n(census.decided)}, in the order of the log; all of them are in "
            "entries.jsonl."
        )
    heads = ("Entry", "Time (UTC)", "Decision", "Reason", "Team", "Model", "Answered by", "Rules", "Record")
    rows = tuple(_row(row) for row in census.rows.values())
    yield Table(heads, rows, empty="There are no decisions in this pack.")


def _row(row: Row) -> tuple[str, ...]:
    return (
        str(row.log_index),
        _time(row.t_us).removesuffix(" UTC"),
        row.action,
        row.end_reason or row.reason_code,
        row.team or "",
        _cut(row.model or ""),
        row.deployment or "",
        _cut(" ".join(row.rules)),
        row.id,
    )


def _counts(title: str, counts: Mapping[str, int]) -> Table:
    rows = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    most = max(1, *counts.values()) if counts else 1
    return Table(
        (title, "Records"),
        tuple((_cut(name), _n(n)) for name, n in rows),
        frozenset({1}),
        tuple(1000 * n // most for _, n in rows),
        f"{title}: none.",
    )


def _gap(facts: dict[str, Any]) -> tuple[str, str]:
    said = {name: value for name, value in facts.items() if name != "reason"}
    return str(facts.get("reason")), ", ".join(f"{name} {value}" for name, value in sorted(said.items()))


def _facts(record: dict[str, Any]) -> str:
    """Return what a record says, without what every record has."""
    common = {"id", "mono_us", "t_us", "typ", "v", "writer", "wseq", "note"}
    said = {name: value for name, value in record.items() if name not in common and value is not None}
    return _cut(orjson.dumps(said, option=orjson.OPT_SORT_KEYS).decode(), 4 * _CUT)


def _asked(wanted: dict[str, Any] | None) -> str:
    if not wanted:
        return "everything"
    parts = []
    for name, value in sorted(wanted.items()):
        said = _time(value) if name.endswith("_us") else value
        parts.append(f"{name.removesuffix('_us')}: {', '.join(said) if isinstance(said, list) else said}")
    return "; ".join(parts)


def _time(t_us: int) -> str:
    return instant(t_us).strftime("%Y-%m-%d %H:%M:%S UTC") if t_us else "none"


def _n(count: int) -> str:
    return f"{count:,}"


def _cut(text: str, most: int = _CUT) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
