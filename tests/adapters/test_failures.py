"""Every shape in which providers fail becomes one error with the right code, and leaks nothing."""

from typing import Any

import orjson
import pytest

from adapters import failures
from adapters.contract import Secret, UpstreamCode
from adapters.transport import Broken, Garbled, TimedOut, TooLarge, Unreachable

C = UpstreamCode


def _body(value: object) -> bytes:
    return value if isinstance(value, bytes) else orjson.dumps(value)


@pytest.mark.parametrize(
    ("status", "body", "code", "answered", "retryable"),
    [
        (301, b"", C.MALFORMED, 502, False),
        (204, b"", C.MALFORMED, 502, False),
        (400, {"error": {"message": "m"}}, C.REJECTED, 400, False),
        (401, {"error": {"code": "401", "message": "m"}}, C.UNAUTHORIZED, 502, False),
        (402, {"error": {"message": "m"}}, C.QUOTA_EXHAUSTED, 429, False),
        (403, b"", C.UNAUTHORIZED, 502, False),
        (404, {"error": {"code": "model_not_found", "message": "m"}}, C.REJECTED, 404, False),
        (408, b"", C.TIMEOUT, 504, True),
        (409, b"", C.REJECTED, 409, False),
        (413, b"", C.REJECTED, 413, False),
        (422, b"Failed to deserialize", C.REJECTED, 422, False),
        (424, {"error": "m", "error_type": "generation"}, C.UNAVAILABLE, 502, True),
        (429, {"error": {"code": "rate_limit_exceeded"}}, C.RATE_LIMITED, 429, True),
        (429, {"error": {"type": "insufficient_quota", "code": None}}, C.QUOTA_EXHAUSTED, 429, False),
        (429, {"error": {"code": "insufficient_quota"}}, C.QUOTA_EXHAUSTED, 429, False),
        (500, b"<html>", C.UNAVAILABLE, 502, True),
        (503, b"", C.UNAVAILABLE, 503, True),
        (504, b"", C.UNAVAILABLE, 504, True),
        (529, {"type": "error", "error": {"type": "overloaded_error"}}, C.UNAVAILABLE, 503, True),
    ],
)
def test_status_decides(
    status: int,
    body: object,
    code: UpstreamCode,
    answered: int,
    retryable: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Status and type decide the code, what the client sees and whether a retry makes sense."""
    error = failures.from_answer(status, None, _body(body), None)
    assert (code, answered, retryable) == (error.code, error.status, error.retryable)


_INNER = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {"hate": {"filtered": True}}}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {"error": {"message": "m", "type": "t", "param": "p", "code": "c"}},
            {"message": "m", "type": "t", "param": "p", "code": "c"},
        ),
        (
            {
                "error": {
                    "message": "m",
                    "type": None,
                    "param": "prompt",
                    "code": "content_filter",
                    "status": 400,
                    "innererror": _INNER,
                }
            },
            {
                "message": "m",
                "type": "400",
                "param": "prompt",
                "code": "content_filter",
                "innererror": _INNER,
            },
        ),
        (
            {"error": {"code": "404", "message": "m"}},
            {"message": "m", "type": None, "param": None, "code": "404"},
        ),
        (
            [{"error": {"code": 400, "message": "m", "status": "INVALID_ARGUMENT"}}],
            {"message": "m", "type": "INVALID_ARGUMENT", "param": None, "code": "400"},
        ),
        (
            {"error": "m", "error_type": "validation"},
            {"message": "m", "type": "validation", "param": None, "code": None},
        ),
        (
            {"error": "model 'x' not found"},
            {"message": "model 'x' not found", "type": None, "param": None, "code": None},
        ),
        (
            {
                "object": "error",
                "message": "m",
                "type": "invalid_request_message_order",
                "param": None,
                "code": "3230",
            },
            {"message": "m", "type": "invalid_request_message_order", "param": None, "code": "3230"},
        ),
        (
            {"object": "error", "message": "m", "type": "BadRequestError", "param": None, "code": 400},
            {"message": "m", "type": "BadRequestError", "param": None, "code": "400"},
        ),
        (
            {"detail": [{"loc": ["body", "x"], "msg": "extra_forbidden"}]},
            {
                "message": '[{"loc":["body","x"],"msg":"extra_forbidden"}]',
                "type": None,
                "param": None,
                "code": None,
            },
        ),
        ({"detail": "Bad"}, {"message": "Bad", "type": None, "param": None, "code": None}),
        ({"message": "too long"}, {"message": "too long", "type": None, "param": None, "code": None}),
        (b"plain text", {"message": "plain text", "type": None, "param": None, "code": None}),
    ],
)
def test_shapes_are_normalised(body: object, expected: dict[str, Any]) -> None:
    """Message, type, param and code are found in each shape; Azure's `innererror` stays."""
    error = failures.from_answer(400, None, _body(body), None)
    told = {
        "message": error.message,
        "type": error.provider_type,
        "param": error.param,
        "code": error.provider_code,
    }
    assert expected == {**told, **error.detail}


@pytest.mark.parametrize(
    "body", [b"", b"<html>proxy</html>", b"[]", b"7", b"null", b'{"error":null}', b'{"error":{}}']
)
def test_empty_errors_have_our_words(body: bytes) -> None:
    """Whatever says nothing still gives a client a sentence."""
    assert failures.from_answer(400, None, body, None).message == "The model's provider rejected the request."


@pytest.mark.parametrize(
    ("status", "given", "kept"),
    [
        (429, "20", "20"),
        (503, "Wed, 21 Oct 2026 07:28:00 GMT", "Wed, 21 Oct 2026 07:28:00 GMT"),
        (529, "1.5", "1.5"),
        (400, "20", None),
        (500, "20", None),
        (429, "x" * 65, None),
        (429, "1\r\nx: y", None),
        (429, None, None),
    ],
)
def test_retry_after(status: int, given: str | None, kept: str | None) -> None:
    """It is passed on where it means a throttle, and only if it is a harmless value."""
    assert kept == failures.from_answer(status, given, b"", None).retry_after


def test_our_key_never_comes_back() -> None:
    """Providers quote keys: on 401 nothing of theirs is kept, elsewhere the key is cut out."""
    secret = Secret("sk-our-key")
    body = orjson.dumps(
        {"error": {"message": "Incorrect API key provided: sk-our-key", "type": "sk-our-key", "code": "x"}}
    )
    refused = failures.from_answer(401, None, body, secret)
    rejected = failures.from_answer(400, None, body, secret)
    in_stream = failures.from_event(body, secret)
    assert (refused.provider_type, refused.provider_code) == (None, None)
    assert "Incorrect" not in refused.message
    for error in (refused, rejected, in_stream):
        assert "sk-our-key" not in orjson.dumps(error.as_openai()).decode()


_SPELT = b"\\u0053ECRETKEY\\u0031\\u0032\\u0033456"


@pytest.mark.parametrize(
    "error",
    [
        b'{"message":"you sent KEY!"}',
        b'{"message":"m","type":"KEY","code":"KEY","param":"a.KEY"}',
        b'{"message":{"KEY":["KEY"]}}',
        b'{"message":"m","innererror":{"code":"KEY","headers":[{"KEY":"Bearer KEY"}]}}',
        b'{"message":"m","failed_generation":"KEY"}',
        b'"KEY"',
        b'{"message":"KEY \\ud800"}',
        b'{"message":"KEY"',
    ],
)
def test_escapes_do_not_hide_our_key(error: bytes) -> None:
    """JSON has many spellings of one key: none comes back, plain or in broken JSON, whole or in a stream."""
    secret = Secret("SECRETKEY123456")
    for spelling in (_SPELT, b"SECRETKEY123456"):
        body = b'{"error":%s}' % error.replace(b"KEY", spelling)
        whole = failures.from_answer(400, None, body, secret)
        for told in (whole, failures.from_event(body, secret)):
            shown = orjson.dumps(told.as_openai())
            assert b"SECRETKEY" not in shown
            assert b"ECRETKEY" not in shown


def test_only_our_key_is_cut() -> None:
    """The words around the key stay, and so does whatever only looks like it."""
    body = b'{"error":{"message":"got \\u0053ECRET, not secret","innererror":{"SECRET":["SECRET",1]}}}'
    error = failures.from_answer(400, None, body, Secret("SECRET"))
    assert error.message == "got [redacted], not secret"
    assert error.detail == {"innererror": {"[redacted]": ["[redacted]", 1]}}


def test_retry_after_is_no_way_out_for_our_key() -> None:
    """A header's value is a provider's word, too; a number as a code likewise."""
    error = failures.from_answer(429, "sk-our-key", b'{"error":{"code":1234567}}', Secret("sk-our-key"))
    assert (error.retry_after, error.provider_code) == (None, "1234567")
    error = failures.from_answer(429, "1", b'{"error":{"code":1234567}}', Secret("1234567"))
    assert (error.retry_after, error.provider_code) == ("1", None)


def test_huge_errors_say_nothing() -> None:
    """An error inside a stream may be as large as an event; words of that size are for nobody."""
    body = b'{"error":{"message":"m","innererror":"%s"}}' % (b"x" * failures.ERROR_BODY_LIMIT_BYTES)
    assert (failures.from_event(body, None).message, failures.from_event(body, None).detail) == (
        "The model's provider failed while it answered.",
        {},
    )


def test_provider_text_is_sanitised() -> None:
    """Control characters would forge log lines; a type is a word, no place for text; length is bounded."""
    body = {"error": {"message": "a\r\nb\x1b[31m" + "x" * 9_000, "type": "two words", "code": ["x"]}}
    error = failures.from_answer(400, None, orjson.dumps(body), None)
    assert error.message.startswith("a \nb [31mxx")
    assert (len(error.message), error.provider_type, error.provider_code) == (4_096, None, None)


def test_other_failures_have_no_provider_text() -> None:
    """A rate limit or an outage is told in our words: theirs name accounts and other tenants' numbers."""
    body = orjson.dumps(
        {"error": {"message": "Limit for org-123 is 5", "type": "tokens", "code": "rate_limit_exceeded"}}
    )
    error = failures.from_answer(429, None, body, None)
    assert "org-123" not in error.message
    assert (error.provider_type, error.provider_code) == ("tokens", "rate_limit_exceeded")


@pytest.mark.parametrize(
    ("answer", "code", "status"),
    [
        ({"error": {"message": "m", "code": 429}}, C.RATE_LIMITED, 429),
        ({"error": {"message": "m", "code": 400}}, C.REJECTED, 400),
        ({"error": {"message": "m", "code": 99}}, C.UNAVAILABLE, 502),
        ({"error": "m"}, C.UNAVAILABLE, 502),
        ({"finish_reason": "error"}, C.UNAVAILABLE, 502),
    ],
)
def test_errors_with_status_200(answer: object, code: UpstreamCode, status: int) -> None:
    """OpenRouter puts the real status into `error.code`; without one it is an outage."""
    error = failures.from_object(answer, None)
    assert (code, status) == (error.code, error.status)


def test_transport_failures() -> None:
    """Each way an exchange fails has its code; a cut stream has its own."""
    kinds = (Unreachable, TimedOut, Broken, Garbled, TooLarge)
    assert [failures.from_transport(kind()).code for kind in kinds] == [
        C.UNREACHABLE,
        C.TIMEOUT,
        C.BROKEN,
        C.MALFORMED,
        C.TOO_LARGE,
    ]
    assert [
        failures.from_broken_stream(error).code for error in (None, Broken(), TimedOut(), TooLarge())
    ] == [C.STREAM_BROKEN, C.STREAM_BROKEN, C.STREAM_BROKEN, C.TOO_LARGE]


def test_deep_nesting_is_no_crash() -> None:
    """JSON nested deeper than it can be written again is an error without words, not a crash."""
    deep = orjson.loads(b'{"error":{"message":"m","innererror":' + b"[" * 500 + b"]" * 500 + b"}}")
    body = b'{"error":{"message":"m","innererror":' + b"[" * 500 + b"]" * 500 + b"}}"
    error = failures.from_answer(400, None, body, None)
    assert error.detail == {}
    assert failures.from_object(deep, None).code == C.MALFORMED
