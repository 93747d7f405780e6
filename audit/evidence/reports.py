"""The reports in a pack: `report.html` always, `report.pdf` where it is wanted."""

from collections.abc import Iterator

from audit.evidence.as_html import html
from audit.evidence.as_pdf import pdf
from audit.evidence.pack import Contents
from audit.evidence.wording import report


def html_alone(contents: Contents) -> Iterator[tuple[str, bytes]]:
    """Yield the page."""
    yield "report.html", html(report(contents))


def html_and_pdf(contents: Contents) -> Iterator[tuple[str, bytes]]:
    """Yield the page and the document.

    Raises:
        EvidenceRefused: `evidence.pdf`: reportlab isn't installed.
    """
    said = report(contents)
    yield "report.html", html(said)
    yield "report.pdf", pdf(said)
