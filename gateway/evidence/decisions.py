"""`/v1/audit/decisions`: what was decided and done, newest first, a page at a time."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Final

import orjson

from audit.errors import AuditError
from audit.reading.formats import comma_separated, json_lines
from gateway.answers import JSON, naming
from gateway.conclusion import Conclusion
from gateway.evidence import asking
from gateway.evidence.accesses import evidence, refusal, shown
from gateway.permission import permit
from gateway.types import Answer, Trail

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.reading.desk import Page
    from gateway.answers import Headers
    from gateway.conclusion import Deliver
    from gateway.ports import Ports
    from gateway.types import RawRequest

KEPT_BY_NOBODY: Final = ((b"cache-control", b"no-store"),)
_QUALITY: Final = re.compile(r";\s*q=([01](?:\.[0-9]{0,3})?)\s*$", re.IGNORECASE)


async def serve(raw: RawRequest, house: Ports, deliver: Deliver) -> None:
    """Show the rows that the caller asks for."""
    trail = Trail(raw)
    async with Conclusion(trail, house, deliver):
        await permit(trail, house)
        asked = asking.rows(raw.parameters)
        try:
            page = await evidence(house).desk.page(asked.wanted, asked.limit, asked.after)
        except AuditError as error:
            raise refusal(error) from error
        kinds = {row.kind for row in page.rows}
        await shown(trail, house, asking.noted(asked, page.sref, kinds), len(page.rows))
        kind, body = _written(raw, page)
        names = naming(raw.request_id, raw.decision_id, _revision(trail), trail.delivery.receipt)
        more = ((b"x-regent-cursor", str(page.end).encode()),) if page.end else ()
        trail.delivery.status = 200
        await deliver(Answer(200, (*kind, *KEPT_BY_NOBODY, *names, *more), body))


def _revision(trail: Trail) -> str | None:
    return trail.decision.origin.revision if trail.decision else None


def _whole(page: Page) -> bytes:
    rows = [row.as_json() for row in page.rows]
    return orjson.dumps({"object": "list", "data": rows, "next": str(page.end) if page.end else None})


def _lines(page: Page) -> bytes:
    out = io.BytesIO()
    json_lines(page.rows, out)
    return out.getvalue()


def _table(page: Page) -> bytes:
    out = io.BytesIO()
    comma_separated(page.rows, out)
    return out.getvalue()


_FORMS: Final[dict[str, tuple[Headers, Callable[[Page], bytes]]]] = {
    "application/json": (JSON, _whole),
    "application/jsonl": (((b"content-type", b"application/jsonl"),), _lines),
    "application/x-ndjson": (((b"content-type", b"application/x-ndjson"),), _lines),
    "text/csv": (((b"content-type", b"text/csv; charset=utf-8"),), _table),
}


def _written(raw: RawRequest, page: Page) -> tuple[Headers, bytes]:
    """The rows in the form that the caller likes best; as JSON where none of them is known here."""
    ranges = [part.strip() for value in raw.values(b"accept") for part in value.decode("latin-1").split(",")]
    liked = sorted(ranges, key=_quality, reverse=True)
    names = [part.partition(";")[0].strip().lower() for part in liked if _quality(part) > 0]
    headers, write = next((_FORMS[name] for name in names if name in _FORMS), _FORMS["application/json"])
    return headers, write(page)


def _quality(part: str) -> float:
    found = _QUALITY.search(part)
    return float(found[1]) if found else 1.0
