"""What the OpenAPI page says of the hot surfaces, which the framework itself never sees; and the page."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_ERROR = {
    "type": "object",
    "required": ["error", "decision_id"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "code", "param"],
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "code": {"type": ["string", "null"], "description": "a stable reason code"},
                "param": {"type": ["string", "null"]},
            },
        },
        "decision_id": {"type": "string", "description": "the record's id in the audit log"},
    },
}
_CHAT_BODY = {
    "type": "object",
    "required": ["model", "messages"],
    "additionalProperties": True,
    "properties": {
        "model": {"type": "string", "maxLength": 256},
        "messages": {"type": "array", "minItems": 1, "items": {"type": "object", "required": ["role"]}},
        "stream": {"type": "boolean"},
        "stream_options": {"type": "object", "properties": {"include_usage": {"type": "boolean"}}},
        "max_tokens": {"type": "integer", "minimum": 1},
        "max_completion_tokens": {"type": "integer", "minimum": 1},
        "metadata": {
            "type": "object",
            "description": "`labels` holds data labels, separated by commas; they can only tighten",
        },
    },
}


def json_content(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A body in JSON."""
    return {"application/json": {"schema": schema}}


def query(name: str, description: str, **schema: Any) -> dict[str, Any]:
    """A parameter behind the `?`; a text unless its schema says otherwise."""
    return {
        "name": name,
        "in": "query",
        "required": schema.pop("required", False),
        "description": description,
        "schema": {"type": "string", **schema},
    }


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Refusals by their statuses."""
    return {
        status: {"description": "Refused, with a reason code", "content": json_content(_ERROR)}
        for status in statuses
    }


SECURED: dict[str, Any] = {"security": [{"bearer": []}]}

CHAT: dict[str, Any] = {
    "responses": {
        200: {
            "description": "The completion, or its events if `stream` is true",
            "content": {**json_content({"type": "object"}), "text/event-stream": {}},
        },
        **refusals(400, 401, 403, 404, 408, 413, 415, 429, 502, 503, 504),
    },
    "openapi_extra": {**SECURED, "requestBody": {"required": True, "content": json_content(_CHAT_BODY)}},
}
MODELS: dict[str, Any] = {"responses": refusals(401, 403, 503), "openapi_extra": SECURED}
MODEL: dict[str, Any] = {"responses": refusals(401, 403, 404, 503), "openapi_extra": SECURED}
BUNDLE: dict[str, Any] = {
    "responses": {
        200: {
            "description": "The bundle; its ETag is the revision",
            "content": {"application/vnd.openpolicyagent.bundles": {}},
        },
        304: {
            "description": "The caller has it (`If-None-Match`); after `Prefer: wait=N` seconds at the latest"
        },
        **refusals(401, 403, 404, 503),
    },
    "openapi_extra": SECURED,
}


def page(document: Mapping[str, Any]) -> str:
    """The API as a plain page: method, path, what it does."""
    rows = "".join(
        f"<tr><td><code>{escape(method.upper())}</code></td><td><code>{escape(path)}</code></td>"
        f"<td>{escape(operation.get('description') or operation.get('summary', ''))}</td></tr>"
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    )
    return (
        "<!doctype html><meta charset=utf-8><title>Regent</title>"
        "<style>body{font:16px system-ui;max-width:60rem;margin:2rem auto}"
        "td{padding:.3rem 1rem .3rem 0}</style>"
        '<h1>Regent</h1><p>The whole description: <a href="/openapi.json">openapi.json</a></p>'
        f"<table>{rows}</table>"
    )
