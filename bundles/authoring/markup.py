"""Texts of authors and of the log put into Markdown, HTML and CSV so that they stay texts."""

from __future__ import annotations

import html
from typing import Final

# What a spreadsheet would compute (https://owasp.org/www-community/attacks/CSV_Injection).
_COMPUTED: Final = ("=", "+", "-", "@", "\t")
_MARKED: Final = str.maketrans(
    {mark: f"\\{mark}" for mark in "\\|*_[]"} | {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
)


def markdown(text: str) -> str:
    """One line of Markdown that shows the text: no mark-up, no cell's end, no link."""
    return " ".join(text.split()).translate(_MARKED)


def code(text: str) -> str:
    """The text in Markdown as code; for names, which have no back-quotes."""
    return f"`{' '.join(text.split()).replace('`', chr(39)).replace('|', '')}`"


def hypertext(text: str) -> str:
    """The text in HTML, in an element or in a quoted attribute."""
    return html.escape(text, quote=True)


def cell(text: str) -> str:
    """The text in a cell of a spreadsheet, which would take some beginnings for a formula."""
    text = text.replace("\r", " ")  # which some readers take for a line's end
    return f"'{text}" if text.startswith(_COMPUTED) else text
