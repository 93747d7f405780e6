"""`regent policy matrix`: which rules serve which control, what tests them, and when they last decided."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from bundles.authoring.markup import cell, code, hypertext, markdown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bundles.authoring.described import Rule
    from bundles.authoring.ports import Decided

NEWEST: Final = 3
_FETCHED: Final = "default-src 'none'; style-src 'unsafe-inline'"
MAX_DECISIONS: Final = 1_000_000
_HEADINGS: Final = ("control", "rule", "title", "severity", "enforcement", "tests", "last decisions")
_STYLE: Final = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:80rem;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.4rem .6rem;"
    "border-bottom:1px solid #d0d7de}th{background:#f6f8fa}code{font-size:.9em}"
    "ul{margin:0;padding-left:1.1rem}td:first-child{font-weight:600;white-space:nowrap}.critical{color:#a40e26}.high{color:#bc4c00}"
)


@dataclass(frozen=True, slots=True)
class Row:
    """One control and one rule that serves it.

    Args:
        control: the control's name, as METADATA has it.
        rule: what is written about the rule.
        decisions: the newest decisions in which it spoke; None where no log was asked.
    """

    control: str
    rule: Rule
    decisions: tuple[Decided, ...] | None

    @property
    def name(self) -> str:
        """The rule by its place: `request/denies/known_content`."""
        return f"{self.rule.place.phase}/{self.rule.place.kind}/{self.rule.place.name}"


def rows(rules: Sequence[Rule], decisions: Iterable[Decided] | None) -> list[Row]:
    """Every control with every rule that serves it.

    Args:
        rules: as `described.rules` gives them.
        decisions: the log's decisions, newest first; None leaves them out.
    """
    newest = None if decisions is None else _newest(rules, decisions)
    found = [
        Row(control, rule, None if newest is None else tuple(newest[rule.place.file]))
        for rule in rules
        for control in rule.controls
    ]
    return sorted(found, key=lambda row: (row.control, row.name))


def as_markdown(found: Sequence[Row]) -> str:
    """A table for a page."""
    lines = [f"| {' | '.join(_HEADINGS)} |", "|---" * len(_HEADINGS) + "|"]
    for row in found:
        parts = (
            markdown(row.control),
            code(row.name),
            markdown(row.rule.title),
            markdown(row.rule.severity),
            markdown(row.rule.counts),
            "<br>".join(code(test.name) for test in row.rule.tests),
            "<br>".join(map(markdown, _said(row))),
        )
        lines.append(f"| {' | '.join(parts)} |")
    return "\n".join(lines) + "\n"


def as_csv(found: Sequence[Row]) -> str:
    """A table for a spreadsheet; several entries of one cell stand on lines of their own."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_HEADINGS)
    for row in found:
        tests = "\n".join(test.name for test in row.rule.tests)
        parts = (row.control, row.name, row.rule.title, row.rule.severity, row.rule.counts, tests)
        writer.writerow([cell(part) for part in (*parts, "\n".join(_said(row)))])
    return text.getvalue()


def as_html(found: Sequence[Row], title: str = "Control matrix") -> str:
    """One page that needs nothing else: no script, no font, nothing fetched."""
    body = "\n".join(_html_row(row) for row in found)
    heads = "".join(f"<th>{hypertext(heading)}</th>" for heading in _HEADINGS)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_FETCHED}">\n'
        f"<title>{hypertext(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{hypertext(title)}</h1>\n<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}\n</tbody>\n"
        "</table>\n</body>\n</html>\n"
    )


def _html_row(row: Row) -> str:
    cells = (
        hypertext(row.control),
        f"<code>{hypertext(row.name)}</code>",
        hypertext(row.rule.title),
        f'<span class="{hypertext(row.rule.severity)}">{hypertext(row.rule.severity)}</span>',
        hypertext(row.rule.counts),
        _list(f"<code>{hypertext(test.name)}</code>" for test in row.rule.tests),
        _list(map(hypertext, _said(row))),
    )
    return "<tr>" + "".join(f"<td>{part}</td>" for part in cells) + "</tr>"


def _list(parts: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{part}</li>" for part in parts) + "</ul>"


def _said(row: Row) -> Iterator[str]:
    for each in row.decisions or ():
        moment = datetime.fromtimestamp(each.t_us / 1e6, UTC)
        yield f"{moment:%Y-%m-%d %H:%M:%SZ} {each.action} {each.reason} {each.id}"


def _newest(rules: Sequence[Rule], decisions: Iterable[Decided]) -> dict[str, list[Decided]]:
    """The newest decisions of each rule: its reason was given, or one of its lines fired.

    Every rule that is asked fires some line, if only to find nothing wrong, so that a refusal counts for
    the rule whose reason it is, and anything else for each rule that is named.
    """
    found: dict[str, list[Decided]] = {rule.place.file: [] for rule in rules}
    by_reason: dict[str, set[str]] = {}
    by_hit: dict[str, set[str]] = {}
    for rule in rules:
        for reason in (*(each.id for each in rule.reasons), *rule.from_data):
            by_reason.setdefault(reason, set()).add(rule.place.file)
        for name in (rule.place.file, rule.place.name):
            by_hit.setdefault(name, set()).add(rule.place.file)
    open_for = set(found)
    for number, each in enumerate(decisions):
        if not open_for or number >= MAX_DECISIONS:
            break
        hits = by_reason.get(each.reason) or set().union(
            *(by_hit.get(hit.partition(":")[0], set()) for hit in each.rules)
        )
        for file in hits & open_for:
            found[file].append(each)
        open_for -= {file for file in hits if len(found[file]) >= NEWEST}
    return found
