"""`regent policy docs`: a page for each rule and an index, from METADATA, rules, tests and schemas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bundles.authoring import data_pages
from bundles.authoring.markup import code, markdown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bundles.authoring.described import Rule, Text

MADE_BY = "<!-- Written by `regent policy docs`: change the rule, then run it again. -->"
INDEX = "README.md"
_KINDS = {
    "grants": "grants: without one of these, nothing is allowed",
    "denies": "objects: a reason that it gives refuses the call",
    "routes": "permits deployments: only what every such rule permits may be used",
    "obligations": "demands: the gateway does what it says, or refuses the call",
}


def pages(rules: Sequence[Rule], frame: Sequence[Text], schema: Mapping[str, Any]) -> dict[str, str]:
    """Every page by its file's name.

    Args:
        rules: as `described.rules` gives them.
        frame: the frame's own reasons, as `described.of_the_frame` gives them.
        schema: the schema of `data.regent`.
    """
    found = {name_of(rule): page(rule, schema) for rule in rules}
    return {INDEX: _index(rules, frame), **found}


def name_of(rule: Rule) -> str:
    """The file that a rule's page is."""
    return f"{rule.place.phase}-{rule.place.kind}-{rule.place.name}.md"


def page(rule: Rule, schema: Mapping[str, Any]) -> str:
    """The page of one rule."""
    parts = [
        MADE_BY,
        "",
        f"# {markdown(rule.title)}",
        "",
        *map(markdown, rule.description.splitlines()),
        "",
        "| | |",
        "|---|---|",
        f"| rule | {code(rule.place.name)} |",
        f"| asked | at {code(rule.place.phase)} |",
        f"| does | {markdown(_KINDS.get(rule.place.kind, rule.place.kind))} |",
        f"| severity | {markdown(rule.severity)} |",
        f"| enforcement | {markdown(rule.enforcement)} |",
        f"| controls | {', '.join(map(code, rule.controls))} |",
        f"| source | {code(rule.place.file)} |",
        "",
        *_reasons(rule),
        *_tables(rule, schema),
        *_examples(rule),
    ]
    return "\n".join(parts).rstrip("\n") + "\n"


def _reasons(rule: Rule) -> list[str]:
    if not rule.reasons:
        return []
    elsewhere = "said by the frame" if rule.place.kind == "grants" else ""
    return ["## Reasons it gives", "", *_table(rule.reasons, elsewhere), ""]


def _table(reasons: Sequence[Text], elsewhere: str = "") -> list[str]:
    lines = ["| reason | the caller reads | the administrator reads |", "|---|---|---|"]
    for reason in reasons:
        user, admin = (markdown(text) or elsewhere for text in (reason.user, reason.admin))
        lines.append(f"| {code(reason.id)} | {user} | {admin} |")
    return lines


def _tables(rule: Rule, schema: Mapping[str, Any]) -> list[str]:
    lines: list[str] = []
    for name in rule.tables:
        part = schema.get("properties", {}).get(name)
        if part is not None:
            lines += [f"### {code(f'regent.{name}')}", "", *data_pages.described(name, part)]
    return ["## Data it reads", "", *lines] if lines else []


def _examples(rule: Rule) -> list[str]:
    lines = ["## Examples, from its tests", ""]
    for test in rule.tests:
        cases = f": {', '.join(f'“{markdown(case)}”' for case in test.cases)}" if test.cases else ""
        lines.append(f"- {markdown(test.sentence)}{cases}")
    return lines if rule.tests else []


def _index(rules: Sequence[Rule], frame: Sequence[Text]) -> str:
    lines = [MADE_BY, "", "# The rules", ""]
    for phase in dict.fromkeys(rule.place.phase for rule in rules):
        lines += [
            f"## Asked at {code(phase)}",
            "",
            "| rule | kind | severity | enforcement | reasons |",
            "|---|---|---|---|---|",
        ]
        for rule in rules:
            if rule.place.phase == phase:
                reasons = ", ".join(code(reason.id) for reason in rule.reasons)
                lines.append(
                    f"| [{markdown(rule.title)}]({name_of(rule)}) | {markdown(rule.place.kind)} "
                    f"| {markdown(rule.severity)} | {markdown(rule.enforcement)} | {reasons} |"
                )
        lines.append("")
    if frame:
        lines += ["## Reasons of the frame", "", *_table(frame)]
    return "\n".join(lines).rstrip("\n") + "\n"
