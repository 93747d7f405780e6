"""How an answer looks on the wire: OpenAI's error object and the headers that name the decision."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import orjson

from gateway.types import Answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gateway.errors import Refused
    from gateway.types import Advice

Headers = tuple[tuple[bytes, bytes], ...]

JSON: Headers = ((b"content-type", b"application/json"),)
EVENTS: Headers = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    # Proxies that buffer would hold a stream's chunks back.
    (b"x-accel-buffering", b"no"),
)


def naming(
    request_id: str, decision_id: str, revision: str | None = None, receipt: str | None = None
) -> Headers:
    """The headers by which a caller finds the decision in the audit log, and proves that it must be there."""
    headers: Headers = (
        (b"x-request-id", request_id.encode("ascii")),
        (b"x-regent-decision-id", decision_id.encode("ascii")),
    )
    if receipt is not None:
        headers += ((b"x-regent-receipt", receipt.encode("ascii")),)
    if not revision or not revision.isascii() or not revision.isprintable():
        # An engine's word for it may hold anything; a line end would begin another header.
        return headers
    return (*headers, (b"x-regent-policy-revision", revision.encode("ascii")))


def warning(advice: Iterable[Advice], low: Iterable[str] = ()) -> Headers:
    """The header that tells a caller what is wrong with a call that is allowed, by ids.

    What is only in the shadow stays with the record, and so does an obligation, which has no id.

    Args:
        advice: what rules say that only warn.
        low: ids of what is said about budgets that run low.
    """
    ids = {said.reason.id for said in advice if said.enforcement == "warn" and said.reason is not None}
    ids.update(low)
    return ((b"x-regent-warning", ", ".join(sorted(ids)).encode("ascii")),) if ids else ()


def error_body(error: Mapping[str, object], decision_id: str) -> bytes:
    """OpenAI's error shape, with the decision's id beside it."""
    return orjson.dumps({"error": error, "decision_id": decision_id})


def error_of(refusal: Refused) -> Mapping[str, object]:
    """The `error` object: `message`, `type`, `param`, `code`."""
    if refusal.shown is not None:
        return refusal.shown
    return {
        "message": refusal.message,
        "type": refusal.error_type,
        "param": refusal.param,
        "code": refusal.code,
    }


def refused(refusal: Refused, names: Headers, decision_id: str) -> Answer:
    """The answer to a call that ended with a reason.

    Args:
        names: as `naming` gives them.
    """
    headers = (*JSON, *names, *refusal.headers)
    if refusal.status == 401:  # noqa: PLR2004 - RFC 9110 section 15.5.2 asks for a challenge with it
        headers += ((b"www-authenticate", b"Bearer"),)
    if refusal.retry_after is not None:
        headers += ((b"retry-after", refusal.retry_after.encode("ascii", "ignore")),)
    return Answer(refusal.status, headers, error_body(error_of(refusal), decision_id))


def unrecorded(refusal: Refused) -> Answer:
    """The answer to what never became a request, under ids of its own."""
    unique = secrets.token_hex(32)
    return refused(refusal, naming(f"req_{unique[:32]}", unique[32:]), unique[32:])
