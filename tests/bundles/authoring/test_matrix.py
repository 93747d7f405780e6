"""`regent policy matrix`: every control with rules, tests and last decisions; texts stay texts."""

from __future__ import annotations

import csv
import io
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from bundles.authoring import described, markup, matrix
from bundles.authoring import sources as reading
from bundles.authoring.described import Rule, Text
from bundles.authoring.ports import Decided
from bundles.authoring.sources import Place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from typing_extensions import override
else:

    def override(function):  # noqa: ANN001, ANN201, D103 - at run time it says nothing
        return function


def rule(name: str = "known_model", kind: str = "denies", title: str = "A title", *controls: str) -> Rule:
    """A rule with one reason and one test."""
    return Rule(
        Place("request", kind, name),
        title,
        "",
        "high",
        "shadow",
        "enforce",
        controls or ("GDPR-32",),
        (Text(f"{name}.refused", "No.", "No.", ()),),
        (described.Test("test_denies", ("a", "b")),),
        (),
    )


def decided(number: int, action: str, reason: str, *rules: str) -> Decided:
    """A decision of the log."""
    return Decided(f"d-{number}", number * 1_000_000, action, reason, rules)


def test_controls_rules_and_tests(small: Path, opa: Path) -> None:
    """Each control has a row for each rule that serves it, with the tests that lie beside the rule."""
    rows = matrix.rows(described.rules(reading.read(small, opa)), None)

    assert [(row.control, row.name) for row in rows] == [
        ("GDPR-32", "request/denies/known_model"),
        ("GDPR-32", "request/grants/anybody"),
        ("ISO-27001-A.5.15", "request/grants/anybody"),
    ]
    assert [test.name for test in rows[0].rule.tests] == ["test_permits_what_is_listed", "test_denies"]
    assert rows[0].rule.tests[1].cases == ("a list", "nothing")


def test_last_decisions_are_those_of_the_rule() -> None:
    """A refusal is the rule's whose reason it is; an allow each rule's that is named; the newest three."""
    rules = [rule("known_model"), rule("clamp", "obligations"), rule("quiet")]
    log = [
        *(
            decided(n, "deny", "known_model.refused", "rules/request/obligations/clamp/clamp.rego:3")
            for n in (9, 8, 7, 6)
        ),
        decided(5, "allow", "policy.allowed", "rules/request/obligations/clamp/clamp.rego:3,4"),
        decided(4, "allow", "policy.allowed", "facts/caller/caller.rego:3"),
    ]

    found = {row.rule.place.name: row.decisions for row in matrix.rows(rules, log)}

    assert {name: [each.id for each in made or ()] for name, made in found.items()} == {
        "known_model": ["d-9", "d-8", "d-7"],
        "clamp": ["d-5"],
        "quiet": [],
    }


def test_no_more_of_the_log_is_read_than_needed() -> None:
    """A log of years is not read through once every rule has its newest decisions."""
    read = []

    def log() -> Iterator[Decided]:
        for number in range(1000):
            read.append(number)
            yield decided(number, "deny", "known_model.refused")

    matrix.rows([rule()], log())

    assert len(read) <= matrix.NEWEST + 1


class Outline(HTMLParser):
    """The elements of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)

    @override
    def handle_data(self, data: str) -> None:
        self.text += data


@given(title=st.text(), control=st.text(min_size=1), reason=st.text())
def test_texts_stay_texts_in_html(title: str, control: str, reason: str) -> None:
    """Whatever a title, a control or a reason code holds, the page has the same elements."""
    log = [decided(1, "deny", "known_model.refused", reason), decided(2, "allow", reason, "known_model")]
    plain = matrix.as_html(matrix.rows([rule("known_model", "denies", "x", "y")], log))
    page = matrix.as_html(matrix.rows([rule("known_model", "denies", title, control)], log))

    assert Outline(page).elements == Outline(plain).elements
    assert "script" not in Outline(page).elements


def test_the_page_fetches_nothing() -> None:
    """It can be sent to an auditor as one file."""
    page = matrix.as_html(matrix.rows([rule()], None))

    assert "default-src 'none'" in page or "default-src &#x27;none&#x27;" in page
    assert not set(Outline(page).elements) & {"script", "link", "img", "iframe"}
    assert "http" not in page.replace("http-equiv", "")


@given(title=st.text(), control=st.text(min_size=1))
def test_texts_stay_texts_in_csv(title: str, control: str) -> None:
    """Every row has every cell, and no cell begins as a formula does."""
    found = matrix.as_csv(matrix.rows([rule("known_model", "denies", title, control)], None))
    rows = list(csv.reader(io.StringIO(found, newline="")))

    assert {len(row) for row in rows} == {7}
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows for cell in row)


@given(title=st.text(), control=st.text(min_size=1))
def test_texts_stay_texts_in_markdown(title: str, control: str) -> None:
    """A row is one line with its cells, and holds no HTML of a title's."""
    head, line, row = matrix.as_markdown(matrix.rows([rule("a", "denies", title, control)], None)).split(
        "\n"
    )[:3]

    assert head.count("|") == line.count("|") == row.replace("\\\\", "").replace("\\|", "").count("|")
    assert "<" not in row


@given(st.text())
def test_code_is_one_span(text: str) -> None:
    """A name with a back-quote ends no code."""
    assert markup.code(text).count("`") == 2
