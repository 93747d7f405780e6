"""Pins the report of a pack: all in it is text, nothing comes from elsewhere, both forms say the same."""

from __future__ import annotations

import io
import sys
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pypdf
import pytest
from typing_extensions import override

from audit.evidence import prose, selection
from audit.evidence.census import MOST_NAMES, OTHERS, Table
from audit.evidence.refused import EvidenceRefused
from audit.evidence.reports import html_alone, html_and_pdf
from audit.log import AuditLog
from audit.record import gap
from tests.audit.evidence.conftest import ORIGIN

if TYPE_CHECKING:
    from tests.audit.evidence.conftest import House


class Page(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.said: list[str] = []
        self.feed(text)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    @override
    def handle_data(self, data: str) -> None:
        self.said.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.said)


def reports(house: House, **more: Any) -> dict[str, bytes]:
    """The reports of a pack of everything."""
    folder = house.unpacked(selection.whole(house.published()), reports=html_and_pdf, **more)
    return {name: (folder / name).read_bytes() for name in ("report.html", "report.pdf")}


def pages(data: bytes) -> str:
    """A document's words."""
    return " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages)


def test_what_a_record_names_is_text(house: House) -> None:
    """No markup, no script, nothing to fetch, nothing that turns the line around."""
    page = Page(reports(house)["report.html"].decode())
    assert "script" not in page.tags
    assert not page.tags & {"img", "link", "iframe", "object", "embed", "a", "form"}
    assert page.attributes <= {"lang", "charset", "http-equiv", "content", "name", "class", "style"}
    assert '<script>alert("x")</script>\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}=1+1' in page.text


def test_only_long_words_are_broken_anywhere(house: House) -> None:
    """A hash may be; where everything may, short words are, to make room for it."""
    page = reports(house)["report.html"].decode()
    root = house.published().checkpoint.root.hex()
    assert f'<td class="long">{root}</td>' in page
    assert "<td>allow</td>" in page


def test_both_forms_say_the_same(house: House) -> None:
    """Counts, the root, how to check, what isn't proven."""
    made = reports(house, labels=("input",))
    page, document = Page(made["report.html"].decode()).text, pages(made["report.pdf"])
    root = house.published().checkpoint.root.hex()
    for said in (ORIGIN, root, "limits.team", "residency", "GDPR-44", "onprem-llama", "fra1", "--deep"):
        assert said in page
        assert said in document
    for words in (prose.CHECK, *prose.STEPS, *prose.UNPROVEN, prose.UNPROVEN_OF["whole"]):
        assert words in page
        assert words.split()[0] in document


async def test_gaps_are_shown_with_their_counts(house: House) -> None:
    """Nobody who reads the report can miss them."""
    async with AuditLog.open(house.folder, ORIGIN) as log:
        await log.append(gap("backlogged", {"lost": 0, "refused": 7, "dropped": 2}))
    house.merge()
    page = Page(reports(house)["report.html"].decode()).text
    assert "dropped 2, lost 0, refused 7" in page


def test_without_reportlab_there_is_a_clear_word(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the page alone is still to be had."""
    monkeypatch.setitem(sys.modules, "reportlab.lib.pagesizes", None)
    with pytest.raises(EvidenceRefused, match=r"regent\[pdf\]") as raised:
        house.pack(selection.whole(house.published()), reports=html_and_pdf)
    assert raised.value.code == "evidence.pdf"
    house.pack(selection.whole(house.published()), reports=html_alone)


def test_names_that_callers_choose_fill_no_memory() -> None:
    """Beyond so many, what is new is counted together."""
    table = Table()
    for number in range(MOST_NAMES + 9):
        table.count(f"model-{number}")
    table.count("model-1")
    assert (len(table), table[OTHERS], table["model-1"]) == (MOST_NAMES + 1, 9, 2)
