"""The routes of the audit log, and what the OpenAPI page says of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import Response  # noqa: TC002 - the framework reads the routes' annotations

from audit.index.row import COLUMNS
from gateway.evidence.asking import LIMIT, MAX_LIMIT
from gateway.http.delegated import Delegated
from gateway.http.openapi import SECURED, json_content, query, refusals

if TYPE_CHECKING:
    from fastapi import FastAPI

    from gateway.http.asgi import ASGIApp

PREFIX = "/v1/audit"


@dataclass(frozen=True, slots=True)
class AuditSurfaces:
    """The endpoints of the audit log.

    Args:
        decisions: rows that match a filter.
        record: one record.
        proof: that a record is in the log.
        consistency: that the log only grew.
        files: the log as tiles and a checkpoint.
    """

    decisions: ASGIApp
    record: ASGIApp
    proof: ASGIApp
    consistency: ASGIApp
    files: ASGIApp


def add(app: FastAPI, surfaces: AuditSurfaces) -> None:
    """Add the routes."""

    @app.get(f"{PREFIX}/decisions", tags=["audit"], **_DECISIONS)
    async def list_decisions() -> Response:
        """What was decided and done, newest first, a page at a time; for who may ask the audit log."""
        return Delegated(surfaces.decisions)

    @app.get(f"{PREFIX}/records/{{id}}", tags=["audit"], **_RECORD)
    async def show_record(id: str) -> Response:  # noqa: A002, ARG001 - as the path calls it; the surface reads it
        """One record with its exact bytes, by its id or its index in the log."""
        return Delegated(surfaces.record)

    @app.get(f"{PREFIX}/proofs/{{id}}", tags=["audit"], **_PROOF)
    async def prove_record(id: str) -> Response:  # noqa: A002, ARG001 - as above
        """The proof that a record is in the log: a C2SP tlog-proof under the published checkpoint."""
        return Delegated(surfaces.proof)

    @app.get(f"{PREFIX}/consistency", tags=["audit"], **_CONSISTENCY)
    async def prove_consistency() -> Response:
        """The proof that the log of one size is the beginning of the log of another (RFC 6962)."""
        return Delegated(surfaces.consistency)

    @app.head(f"{PREFIX}/log/{{path:path}}", include_in_schema=False)
    @app.get(f"{PREFIX}/log/{{path:path}}", tags=["audit"], **_FILES)
    async def read_log(path: str) -> Response:  # noqa: ARG001 - the surface reads it from the scope
        """The log as C2SP tlog-tiles: `checkpoint`, `tile/...`, and its public keys."""
        return Delegated(surfaces.files)


def _path(name: str, description: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": {"type": "string"},
    }


_ROWS = {
    "type": "object",
    "required": ["object", "data", "next"],
    "properties": {
        "object": {"type": "string", "enum": ["list"]},
        "data": {"type": "array", "items": {"type": "object", "required": list(COLUMNS)}},
        "next": {"type": ["string", "null"], "description": "the next page's `cursor`; null after the last"},
    },
}
_DECISIONS: dict[str, Any] = {
    "responses": {
        200: {
            "description": "A page of rows; the header `x-regent-cursor` names the next one",
            "content": {
                **json_content(_ROWS),
                "application/jsonl": {},
                "application/x-ndjson": {},
                "text/csv": {},
            },
        },
        **refusals(400, 401, 403, 503),
    },
    "openapi_extra": {
        **SECURED,
        "parameters": [
            query("subject", "who asked, by full id"),
            query("tenant", "organization"),
            query("team", "team"),
            query("model", "the model asked for, or the one that answered"),
            query("decision", "what was decided", enum=["allow", "deny"]),
            query("reason", "reason code"),
            query("rule", "a rule that fired, with its rows or without"),
            query("control", "a control that such a rule serves"),
            query("deployment", "the deployment that answered"),
            query("request", "id of the request"),
            query("since", "from when on: RFC 3339 with its zone, or a span back from now, such as 7d"),
            query("until", "until when, exclusive; likewise"),
            {
                **query("kind", "kind of record, or `all`; may be repeated"),
                "schema": {"type": "array", "items": {"type": "string"}},
            },
            query("limit", "rows on a page", type="integer", minimum=1, maximum=MAX_LIMIT, default=LIMIT),
            query("cursor", "where the page before ended"),
        ],
    },
}
_NAMED = _path("id", "32 hex digits, or the index in the merged log")
_RECORD: dict[str, Any] = {
    "responses": {
        200: {
            "description": "The record",
            "content": json_content(
                {
                    "type": "object",
                    "required": ["log_index", "leaf", "bytes", "record"],
                    "properties": {
                        "log_index": {
                            "type": ["integer", "null"],
                            "description": "in the merged log; null until a published checkpoint covers it",
                        },
                        "leaf": {"type": "string", "description": "RFC 6962 leaf hash, base64"},
                        "bytes": {"type": "string", "description": "the record as it is hashed, base64"},
                        "record": {"type": "object"},
                    },
                }
            ),
        },
        **refusals(400, 401, 403, 404, 503),
    },
    "openapi_extra": {**SECURED, "parameters": [_NAMED]},
}
_PROOF: dict[str, Any] = {
    "responses": {
        200: {"description": "A `.tlog-proof`", "content": {"text/plain": {}}},
        **refusals(400, 401, 403, 404, 503),
    },
    "openapi_extra": {**SECURED, "parameters": [_NAMED]},
}
_TREE = {
    "type": "object",
    "required": ["size", "root"],
    "properties": {"size": {"type": "integer"}, "root": {"type": "string", "description": "base64"}},
}
_CONSISTENCY: dict[str, Any] = {
    "responses": {
        200: {
            "description": "The proof",
            "content": json_content(
                {
                    "type": "object",
                    "required": ["from", "to", "hashes"],
                    "properties": {
                        "from": _TREE,
                        "to": _TREE,
                        "hashes": {"type": "array", "items": {"type": "string"}},
                    },
                }
            ),
        },
        **refusals(400, 401, 403, 503),
    },
    "openapi_extra": {
        **SECURED,
        "parameters": [
            query("from", "entries of the older log", type="integer", minimum=0, required=True),
            query("to", "entries of the newer one; the published checkpoint's if left out", type="integer"),
        ],
    },
}
_FILES: dict[str, Any] = {
    "responses": {
        200: {
            "description": "The file; a full tile may be kept for ever",
            "content": {"application/octet-stream": {}, "text/plain": {}},
        },
        **refusals(401, 403, 404, 503),
    },
    "openapi_extra": {
        **SECURED,
        "parameters": [_path("path", "`checkpoint`, `tile/0/000`, `log.vkey`, ...")],
    },
}
