"""Turns whatever a provider says when it fails into an `UpstreamError`; knows error shapes, no others.

Providers answer errors in half a dozen shapes: OpenAI's `{"error": {...}}`, Azure's without `type`, the
same in a list (Gemini's compatible route), a bare string under `error` (TGI, Ollama), fields at the top
(Mistral, older vLLM), `{"detail": ...}` (FastAPI), plain text, an HTML page of a proxy in between.
Status and type decide what it is; message text never does.
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

import orjson

from adapters import redaction
from adapters.contract import Secret, UpstreamCode, UpstreamError
from adapters.transport import Garbled, TimedOut, TooLarge, TransportError, Unreachable

ERROR_BODY_LIMIT_BYTES = 65_536

_MESSAGE_LIMIT = 4_096
_SLUG = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]+")
_RETRY_AFTER = re.compile(r"[A-Za-z0-9 ,:+.-]{1,64}")
_ERROR_STATUSES = range(400, 600)
_KEPT_DETAIL = ("innererror", "content_filter_result", "content_filter_results", "failed_generation")
_NONE: Mapping[str, Any] = MappingProxyType({})
_SPENT = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
_OVERLOADED = 529  # Anthropic's, and what is modelled on it; not registered
_THROTTLES = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE, _OVERLOADED})

_BY_STATUS: Mapping[int, UpstreamCode] = MappingProxyType(
    {
        HTTPStatus.UNAUTHORIZED: UpstreamCode.UNAUTHORIZED,
        HTTPStatus.PAYMENT_REQUIRED: UpstreamCode.QUOTA_EXHAUSTED,
        HTTPStatus.FORBIDDEN: UpstreamCode.UNAUTHORIZED,
        HTTPStatus.REQUEST_TIMEOUT: UpstreamCode.TIMEOUT,
        HTTPStatus.FAILED_DEPENDENCY: UpstreamCode.UNAVAILABLE,  # TGI's failed generation
        HTTPStatus.TOO_MANY_REQUESTS: UpstreamCode.RATE_LIMITED,
    }
)
_OWN_TEXT: Mapping[UpstreamCode, str] = MappingProxyType(
    {
        UpstreamCode.UNREACHABLE: "The model's provider could not be reached.",
        UpstreamCode.BROKEN: "The model's answer broke off.",
        UpstreamCode.TIMEOUT: "The model's provider did not answer in time.",
        UpstreamCode.RATE_LIMITED: "The model's provider limits the rate of requests.",
        UpstreamCode.QUOTA_EXHAUSTED: "The quota at the model's provider is exhausted.",
        UpstreamCode.UNAUTHORIZED: "The model's provider does not accept the gateway's credentials.",
        UpstreamCode.UNAVAILABLE: "The model's provider failed to answer.",
        UpstreamCode.MALFORMED: "The model's provider gave an answer that is none.",
        UpstreamCode.STREAM_BROKEN: "The model's provider broke its answer off.",
        UpstreamCode.TOO_LARGE: "The answer of the model's provider is too large.",
        UpstreamCode.REJECTED: "The model's provider rejected the request.",
        UpstreamCode.STREAM_ERROR: "The model's provider failed while it answered.",
    }
)


def from_transport(error: TransportError) -> UpstreamError:
    """What a failed exchange of a whole answer, or of a stream's head, means to the client."""
    match error:
        case TimedOut():
            return _own(UpstreamCode.TIMEOUT, 504, retryable=True)
        case TooLarge():
            return _own(UpstreamCode.TOO_LARGE, 502)
        case Garbled():
            return malformed()
        case Unreachable():
            return _own(UpstreamCode.UNREACHABLE, 502, retryable=True)
        case _:  # the request was sent: the provider may have answered it, and charged for it
            return _own(UpstreamCode.BROKEN, 502, retryable=True)


def from_broken_stream(error: TransportError | None = None) -> UpstreamError:
    """What a stream that ends before its end means; `error` is None where it just stopped."""
    if isinstance(error, TooLarge):
        return from_transport(error)
    return _own(UpstreamCode.STREAM_BROKEN, 502, retryable=True)


def malformed() -> UpstreamError:
    """An answer with status 200 that is no answer."""
    return _own(UpstreamCode.MALFORMED, 502)


def from_answer(status: int, retry_after: str | None, body: bytes, secret: Secret | None) -> UpstreamError:
    """Read an answer whose status is not 200.

    Args:
        status: The provider's status.
        retry_after: Its `retry-after` header; kept only on 429, 503 and 529, since providers send it
            on others without meaning it.
        body: Its body, bounded by `ERROR_BODY_LIMIT_BYTES`.
        secret: Our key, which is cut out of what the provider says.
    """
    if status < HTTPStatus.BAD_REQUEST:
        return malformed()  # redirects too: following one would carry the key elsewhere (SSRF)
    fields = _fields(body)
    code = _code(status, fields)
    if code is UpstreamCode.REJECTED:
        return _told(code, status, fields, secret)
    waits = redaction.of_text(retry_after or "", secret) if status in _THROTTLES else ""
    return _own(
        code,
        _status(code, status),
        _NONE if code is UpstreamCode.UNAUTHORIZED else fields,
        secret,
        retry_after=waits if _RETRY_AFTER.fullmatch(waits) else None,
    )


def from_object(answer: object, secret: Secret | None) -> UpstreamError:
    """Read an error that came with status 200, as a whole body; a numeric `error.code` is its real status."""
    try:
        body = orjson.dumps(answer)
    except orjson.JSONEncodeError:
        return malformed()
    number = _fields(body).get("code")
    status = number if isinstance(number, int) and number in _ERROR_STATUSES else HTTPStatus.BAD_GATEWAY
    return from_answer(status, None, body, secret)


def from_event(data: bytes, secret: Secret | None) -> UpstreamError:
    """Read an error that a provider sent inside a stream."""
    return _told(UpstreamCode.STREAM_ERROR, 502, _fields(data), secret)


def _code(status: int, fields: Mapping[str, Any]) -> UpstreamCode:
    spent = not _SPENT.isdisjoint({_slug(fields.get("code")), _slug(fields.get("type"))})
    if spent and status not in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return UpstreamCode.QUOTA_EXHAUSTED
    otherwise = (
        UpstreamCode.REJECTED if status < HTTPStatus.INTERNAL_SERVER_ERROR else UpstreamCode.UNAVAILABLE
    )
    return _BY_STATUS.get(status, otherwise)


def _status(code: UpstreamCode, status: int) -> int:
    """The status to answer with: the provider's own where it means the same coming from us."""
    match code:
        case UpstreamCode.RATE_LIMITED | UpstreamCode.QUOTA_EXHAUSTED:
            return HTTPStatus.TOO_MANY_REQUESTS
        case UpstreamCode.TIMEOUT:
            return HTTPStatus.GATEWAY_TIMEOUT
        case UpstreamCode.UNAVAILABLE if status in {HTTPStatus.SERVICE_UNAVAILABLE, _OVERLOADED}:
            return HTTPStatus.SERVICE_UNAVAILABLE
        case UpstreamCode.UNAVAILABLE if status == HTTPStatus.GATEWAY_TIMEOUT:
            return HTTPStatus.GATEWAY_TIMEOUT
        case _:
            return HTTPStatus.BAD_GATEWAY


def _own(
    code: UpstreamCode,
    status: int,
    fields: Mapping[str, Any] = _NONE,
    secret: Secret | None = None,
    *,
    retry_after: str | None = None,
    retryable: bool | None = None,
) -> UpstreamError:
    """An error in our words: a provider's may hold its account, its key or another tenant's numbers."""
    transient = code in {UpstreamCode.TIMEOUT, UpstreamCode.RATE_LIMITED, UpstreamCode.UNAVAILABLE}
    return UpstreamError(
        code,
        status=int(status),
        message=_OWN_TEXT[code],
        provider_type=_slug(fields.get("type"), secret),
        provider_code=_slug(fields.get("code"), secret),
        retry_after=retry_after,
        retryable=transient if retryable is None else retryable,
    )


def _told(code: UpstreamCode, status: int, fields: Mapping[str, Any], secret: Secret | None) -> UpstreamError:
    """An error in the provider's words, as far as they are fit to pass on."""
    kept = {name: fields[name] for name in _KEPT_DETAIL if fields.get(name) is not None}
    return UpstreamError(
        code,
        status=int(status),
        message=_text(fields.get("message"), secret) or _OWN_TEXT[code],
        provider_type=_slug(fields.get("type"), secret),
        provider_code=_slug(fields.get("code"), secret),
        param=_text(fields.get("param"), secret) or None,
        detail={name: redaction.of_value(value, secret) for name, value in kept.items()},
    )


def _fields(body: bytes) -> Mapping[str, Any]:
    """Find `message`, `type`, `code`, `param` and the rest in any of the shapes above."""
    if len(body) > ERROR_BODY_LIMIT_BYTES:  # inside a stream, or with status 200
        return _NONE
    try:
        answer = orjson.loads(body)
        orjson.dumps(answer)  # what is nested too deep to be written again is of no use to anyone
    except orjson.JSONDecodeError:
        text = body.decode("utf-8", "replace").strip()
        # A page for people, or JSON that is broken: in the latter our key may stand in escapes.
        answer = None if text.startswith(("<", "{", "[")) else {"message": text}
    except orjson.JSONEncodeError:
        answer = None
    if isinstance(answer, list) and answer:
        answer = answer[0]
    return _error_of(answer) if isinstance(answer, dict) else _NONE


def _error_of(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    error = answer.get("error")
    if isinstance(error, dict):
        return {**error, "type": error.get("type") or error.get("status")}
    if isinstance(error, str):
        return {"message": error, "type": answer.get("error_type"), "code": answer.get("code")}
    if "detail" in answer:
        return {"message": answer["detail"]}
    return answer


def _text(value: object, secret: Secret | None) -> str:
    """A provider's words: one string, bounded, without control characters (they would forge log lines)."""
    if isinstance(value, list | dict):
        value = orjson.dumps(redaction.of_value(value, secret)).decode()
    if not isinstance(value, str):
        return ""
    return redaction.of_text(_CONTROL.sub(" ", value), secret).strip()[:_MESSAGE_LIMIT]


def _slug(value: object, secret: Secret | None = None) -> str | None:
    """A type or code, as far as it is one: a word, not a place to put text."""
    word = redaction.of_text(str(value), secret) if isinstance(value, int | str) else ""
    return word if _SLUG.fullmatch(word) else None
