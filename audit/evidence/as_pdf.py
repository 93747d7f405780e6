"""A report as PDF, on A4; the same report makes the same bytes. Needs reportlab: `regent[pdf]`.

Set in the fonts that every reader has, so what Latin-1 hasn't is written by its code point.
"""

import io
from functools import partial
from typing import Any
from xml.sax.saxutils import escape

from audit.evidence.refused import EvidenceRefused
from audit.evidence.report import (
    Block,
    Command,
    Facts,
    Heading,
    Paragraph,
    Points,
    Report,
    Table,
    shown,
)

_MARGIN_MM = 18
_WIDE = 6
_CODING = "cp1252"
_MOST_CELL = 400


def pdf(report: Report) -> bytes:
    """Return the document.

    Raises:
        EvidenceRefused: `evidence.pdf`: reportlab isn't installed.
    """
    try:
        from reportlab.lib.pagesizes import A4  # noqa: PLC0415 - only who wants a PDF needs it
        from reportlab.lib.units import mm  # noqa: PLC0415 - the same
        from reportlab.platypus import SimpleDocTemplate  # noqa: PLC0415 - the same
    except ImportError:
        raise EvidenceRefused(
            "evidence.pdf", "a PDF report needs reportlab: pip install 'regent[pdf]'"
        ) from None
    out = io.BytesIO()
    margin = _MARGIN_MM * mm
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=margin,
        rightMargin=margin,
        topMargin=margin,
        bottomMargin=margin,
        title=f"{report.title}: {report.subject}",
        author=report.subject,
        invariant=1,
    )
    page = partial(_foot, report.foot, margin)
    laid = _Layout(document.width)
    parts = [*laid.title(report), *(part for block in report.blocks for part in laid.block(block))]
    document.build(parts, onFirstPage=page, onLaterPages=page)
    return out.getvalue()


def _foot(text: str, margin: float, canvas: Any, document: Any) -> None:
    canvas.saveState()
    canvas.setFont("Helvetica", 7)
    canvas.setFillGray(0.35)
    canvas.drawString(margin, margin * 0.55, _latin(text))
    canvas.drawRightString(document.pagesize[0] - margin, margin * 0.55, str(canvas.getPageNumber()))
    canvas.restoreState()


class _Layout:
    """Turns blocks into what reportlab lays out.

    Args:
        width: of the text, in points.
    """

    def __init__(self, width: float) -> None:
        from reportlab.lib.styles import ParagraphStyle  # noqa: PLC0415 - as above
        from reportlab.platypus import Paragraph as Flowing  # noqa: PLC0415 - as above

        self._width = width
        self._flowing: Any = Flowing
        body = ParagraphStyle("body", fontName="Times-Roman", fontSize=9.5, leading=13, spaceAfter=6)
        bold = ParagraphStyle("bold", body, fontName="Times-Bold")
        cell = ParagraphStyle("cell", body, fontSize=8.5, leading=11, spaceAfter=0, splitLongWords=1)
        self._styles = {
            "title": ParagraphStyle("title", bold, fontSize=20, leading=24, spaceAfter=2),
            "subject": ParagraphStyle("subject", body, textColor="#555555", spaceAfter=14),
            "heading": ParagraphStyle(
                "heading", bold, fontSize=12, leading=15, spaceBefore=12, keepWithNext=1
            ),
            "body": body,
            "point": ParagraphStyle("point", body, leftIndent=14, bulletIndent=2, spaceAfter=3),
            "code": ParagraphStyle(
                "code", body, fontName="Courier", fontSize=8, leading=11, backColor="#f6f6f3",
                borderPadding=5, spaceBefore=6, spaceAfter=10,
            ),
            "cell": cell,
            "head": ParagraphStyle("head", cell, fontName="Times-Bold"),
            "number": ParagraphStyle("number", cell, alignment=2),
            "numberhead": ParagraphStyle("numberhead", cell, fontName="Times-Bold", alignment=2),
            "name": ParagraphStyle("name", cell, textColor="#555555"),
            "small": ParagraphStyle("small", cell, fontSize=6, leading=7.5),
            "smallhead": ParagraphStyle("smallhead", cell, fontName="Times-Bold", fontSize=6.5, leading=8),
        }  # fmt: skip

    def title(self, report: Report) -> list[Any]:
        return [self._set("title", report.title), self._set("subject", report.subject)]

    def block(self, block: Block) -> list[Any]:
        match block:
            case Heading(text):
                return [self._set("heading", text)]
            case Paragraph(text):
                return [self._set("body", text)]
            case Command(text):
                lines = "<br/>".join(_marked(line) for line in text.split("\n"))
                return [self._flowing(lines, self._styles["code"])]
            case Points(items, numbered):
                bullets = [f"{number}." if numbered else "\u2022" for number in range(1, len(items) + 1)]
                return [
                    self._flowing(_marked(item), self._styles["point"], bulletText=bullet)
                    for item, bullet in zip(items, bullets, strict=True)
                ]
            case Facts(rows):
                cells = [[self._set("name", name), self._set("cell", value)] for name, value in rows]
                return [self._grid(cells, [0.2, 0.8], heads=0)]
            case Table():
                return self._table(block)

    def _table(self, table: Table) -> list[Any]:
        if not table.rows:
            return [self._set("body", table.empty)]
        wide = len(table.heads) > _WIDE
        plain, head = ("small", "smallhead") if wide else ("cell", "head")
        heads = [
            self._set("numberhead" if at in table.numbers else head, text)
            for at, text in enumerate(table.heads)
        ]
        cells = [
            [self._set("number" if at in table.numbers else plain, text) for at, text in enumerate(row)]
            for row in table.rows
        ]
        parts = [self._grid([heads, *cells], _shares(table), heads=1)]
        return parts if table.rows else [*parts, self._set("body", table.empty)]

    def _grid(self, cells: list[list[Any]], shares: list[float], *, heads: int) -> Any:
        from reportlab.platypus import Table as Grid  # noqa: PLC0415 - as above

        rules = [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), 6),
            ("TOPPADDING", (0, 0), (-1, -1), 2),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
            ("LINEBELOW", (0, heads), (-1, -1), 0.25, "#d8d8d4"),
        ]
        if heads:
            rules.append(("LINEBELOW", (0, 0), (-1, 0), 0.6, "#1c1c1c"))
        widths = [self._width * share for share in shares]
        return Grid(cells, widths, repeatRows=heads, style=rules, spaceAfter=10, hAlign="LEFT")

    def _set(self, style: str, text: str) -> Any:
        return self._flowing(
            _marked(text[:_MOST_CELL] if style in {"cell", "small"} else text), self._styles[style]
        )


def _shares(table: Table) -> list[float]:
    """Return the columns' parts of the width: by the longest cell, within bounds, numbers narrow."""
    longest = [
        max(len(head), *(min(len(row[at]), 40) for row in table.rows)) if table.rows else len(head)
        for at, head in enumerate(table.heads)
    ]
    wanted = [8 if at in table.numbers else max(6, each) for at, each in enumerate(longest)]
    return [each / sum(wanted) for each in wanted]


def _marked(text: str) -> str:
    return escape(_latin(shown(text)))


def _latin(text: str) -> str:
    return "".join(char if _fits(char) else f"\\u{{{ord(char):x}}}" for char in text)


def _fits(char: str) -> bool:
    try:
        char.encode(_CODING)
    except UnicodeEncodeError:
        return False
    return True
