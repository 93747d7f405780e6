"""A report as one HTML page: no script, nothing from elsewhere, and nothing of a record as markup."""

from html import escape

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

_STYLE = """
:root { color: #1c1c1c; background: #fff;
  font: 10.5pt/1.5 "Source Serif 4", Charter, Georgia, "Times New Roman", serif; }
body { max-width: 60rem; margin: 3rem auto; padding: 0 2rem; }
header { border-bottom: 2px solid #1c1c1c; margin-bottom: 1.5rem; padding-bottom: .8rem; }
h1 { font-size: 1.9rem; font-weight: 600; line-height: 1.2; margin: 0 0 .3rem; letter-spacing: -.01em; }
header p { margin: 0; color: #555; }
h2 { font-size: 1.15rem; font-weight: 600; margin: 2.2rem 0 .6rem; break-after: avoid; }
p, li { max-width: 46rem; }
li { margin-bottom: .35rem; }
table { border-collapse: collapse; width: 100%; margin: .8rem 0 1.2rem; font-size: .9em; }
th, td { text-align: left; vertical-align: top; padding: .28rem .9rem .28rem 0; overflow-wrap: break-word; }
.long { overflow-wrap: anywhere; }
thead th { border-bottom: 1px solid #1c1c1c; font-weight: 600; }
tbody td, tbody th { border-bottom: 1px solid #e3e3e0; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
.n { text-align: right; font-variant-numeric: tabular-nums; width: 7rem; }
.bar { width: 32%; padding-right: 0; }
.bar i { display: block; height: .55rem; margin-top: .42rem; background: #b9c4cf; }
.facts th { width: 11rem; font-weight: 400; color: #555; }
.wide { font-size: .78em; }
.wide td { padding-right: .6rem; }
pre { background: #f6f6f3; border-left: 3px solid #b9c4cf; padding: .7rem 1rem; overflow-x: auto;
  font: .86em/1.5 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; white-space: pre-wrap; }
footer { margin-top: 3rem; border-top: 1px solid #e3e3e0; padding-top: .6rem; color: #555; font-size: .85em;
  overflow-wrap: anywhere; }
.none { color: #555; }
@media screen and (max-width: 46rem) { body { margin: 1.5rem auto; padding: 0 1rem; }
  table:not(.facts, :has(.bar)) { display: block; overflow-x: auto; } .facts th { width: 7rem; } }
@page { size: A4; margin: 18mm 16mm; }
@media print { :root { font-size: 9pt; } body { max-width: none; margin: 0; padding: 0; } }
"""
_WIDE = 6
_LONG = 24
"""Characters of a word."""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def html(report: Report) -> bytes:
    """Return the page."""
    body = "\n".join(map(_block, report.blocks))
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_text(report.title)}: {_text(report.subject)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<header>\n<h1>{_text(report.title)}</h1>\n<p>{_text(report.subject)}</p>\n</header>\n"
        f"<main>\n{body}\n</main>\n<footer>{_text(report.foot)}</footer>\n</body>\n</html>\n"
    ).encode()


def _block(block: Block) -> str:
    match block:
        case Heading(text):
            return f"<h2>{_text(text)}</h2>"
        case Paragraph(text):
            return f"<p>{_text(text)}</p>"
        case Command(text):
            return f"<pre>{escape(text)}</pre>"
        case Points(items, numbered):
            name = "ol" if numbered else "ul"
            return f"<{name}>" + "".join(f"<li>{_text(item)}</li>" for item in items) + f"</{name}>"
        case Facts(rows):
            cells = "".join(
                f"<tr><th>{_text(name)}</th><td{_classes(value)}>{_text(value)}</td></tr>"
                for name, value in rows
            )
            return f'<table class="facts"><tbody>{cells}</tbody></table>'
        case Table():
            return _table(block)


def _table(table: Table) -> str:
    wide = ' class="wide"' if len(table.heads) > _WIDE else ""
    numbers = table.numbers
    heads = "".join(
        f"<th{_classes(head, at in numbers)}>{_text(head)}</th>" for at, head in enumerate(table.heads)
    )
    heads += '<th class="bar"></th>' if table.shares else ""
    if not table.rows:
        return f'<p class="none">{_text(table.empty)}</p>'
    rows = []
    for place, row in enumerate(table.rows):
        cells = "".join(
            f"<td{_classes(cell, at in numbers)}>{_text(cell)}</td>" for at, cell in enumerate(row)
        )
        if table.shares:
            tenths = table.shares[place]
            cells += f'<td class="bar"><i style="width:{tenths // 10}.{tenths % 10}%"></i></td>'
        rows.append(f"<tr>{cells}</tr>")
    return f"<table{wide}><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _classes(text: str, number: bool = False) -> str:  # noqa: FBT001, FBT002 - a column is one of numbers
    """Only what no column holds whole may be broken anywhere: else short words are, to make room for it."""
    found = ["n"] if number else []
    found += ["long"] if any(len(word) > _LONG for word in text.split()) else []
    return f' class="{" ".join(found)}"' if found else ""


def _text(text: str) -> str:
    return escape(shown(text))
