"""The routes of reports about usage, and what the OpenAPI page says of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import Response  # noqa: TC002 - the framework reads the routes' annotations

from audit.usage.answering import FORMS
from audit.usage.periods import PERIODS
from audit.usage.wanted import DIMENSIONS, MEASURES
from gateway.evidence.spending import LIMIT, MAX_LIMIT, ONLY
from gateway.http.delegated import Delegated
from gateway.http.openapi import SECURED, json_content, query, refusals

if TYPE_CHECKING:
    from fastapi import FastAPI

    from gateway.http.asgi import ASGIApp

PATH = "/v1/usage"


@dataclass(frozen=True, slots=True)
class UsageSurfaces:
    """The endpoints of reports.

    Args:
        everybodys: what was used by anybody.
        own: what the caller has used.
    """

    everybodys: ASGIApp
    own: ASGIApp


def add(app: FastAPI, surfaces: UsageSurfaces) -> None:
    """Add the routes."""

    @app.get(PATH, tags=["usage"], **_described(_PARAMETERS, _SUBJECT))
    async def report_usage() -> Response:
        """What was used and what it cost, a page of lines at a time; for who may know."""
        return Delegated(surfaces.everybodys)

    @app.get(f"{PATH}/own", tags=["usage"], **_described(_PARAMETERS))
    async def report_own_usage() -> Response:
        """What the caller used and what it cost."""
        return Delegated(surfaces.own)


def _described(parameters: list[dict[str, Any]], *more: dict[str, Any]) -> dict[str, Any]:
    return {
        "responses": {
            200: {
                "description": "A page of the report; the header `x-regent-cursor` names the next one",
                "content": {
                    **json_content(_REPORT),
                    "text/csv": {},
                    "application/vnd.apache.parquet": {},
                },
            },
            **refusals(400, 401, 403, 503),
        },
        "openapi_extra": {**SECURED, "parameters": [*parameters, *more]},
    }


_SUMS = {
    "type": "object",
    "required": list(MEASURES),
    "properties": {name: {"type": "integer"} for name in MEASURES},
}
_LINE = {
    "type": "object",
    "required": ["period", "period_start", "period_end", "line", *MEASURES],
    "properties": {
        "period": {"type": ["string", "null"], "description": "as the time zone calls it: 2026-11-20"},
        "line": {"type": "string", "enum": ["usage", "expired"]},
        **{name: {"type": ["string", "null"]} for name in DIMENSIONS},
        **{name: {"type": "integer"} for name in MEASURES},
    },
}
_REPORT = {
    "type": "object",
    "required": ["object", "by", "data", "expired", "next", "overlapping", "period", "time_zone", "total"],
    "properties": {
        "object": {"type": "string", "enum": ["usage.report"]},
        "data": {"type": "array", "items": _LINE},
        "total": _SUMS | {"description": "of every request once, whatever page this is"},
        "expired": _SUMS | {"description": "of reservations that nobody settled; not in the total"},
        "overlapping": {
            "type": "array",
            "items": {"type": "string"},
            "description": "dimensions of which a request may have several, and then stands under each",
        },
        "next": {"type": ["string", "null"], "description": "the next page's `cursor`; null after the last"},
    },
}
_SUBJECT = query("subject", "only who it is, by full id")
_PARAMETERS = [
    query("by", f"what to break it down by, with commas between: {', '.join(DIMENSIONS)}"),
    query("period", "and by which stretches of time", enum=list(PERIODS), default="month"),
    query("time_zone", "the zone in which days begin", default="UTC"),
    query("since", "requests decided from then on: RFC 3339 with its zone, or a span back, such as 30d"),
    query("until", "and before then; likewise"),
    query("format", "what the page shall be", enum=list(FORMS), default="json"),
    *(query(name, "only where it is so") for name in ONLY),
    query("limit", "lines on a page", type="integer", minimum=1, maximum=MAX_LIMIT, default=LIMIT),
    query("cursor", "where the page before ended"),
]
