"""Requests signed with AWS Signature Version 4."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from rego.builtins.signing import TABLE
from rego.errors import BuiltinError, OperandError

SIGN = TABLE["providers.aws.sign_req"]
CONFIG = {
    "aws_access_key": "AKIDEXAMPLE",
    "aws_secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    "aws_service": "service",
    "aws_region": "us-east-1",
}
#: 30 August 2015, 12:36:00 UTC: the time of AWS's own examples.
TIME_NS = 1_440_938_160 * 10**9
REQUEST = {"method": "GET", "url": "https://example.amazonaws.com/"}


def test_the_signature_is_the_one_that_aws_publishes() -> None:
    """AWS's test suite for Signature Version 4, case get-vanilla."""
    signed = SIGN(REQUEST, CONFIG, TIME_NS)
    assert signed["headers"] == {
        "Authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request,"
        "SignedHeaders=host;x-amz-date,"
        "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        "host": "example.amazonaws.com",
        "x-amz-date": "20150830T123600Z",
    }
    assert {"method", "url", "headers"} == signed.keys()


def test_the_request_stays_as_it_was() -> None:
    """A signed request is another object."""
    given = {**REQUEST, "headers": {"X": "y"}}
    signed = SIGN(given, CONFIG, TIME_NS)
    assert given == {**REQUEST, "headers": {"X": "y"}}
    assert signed["headers"]["X"] == "y"


def test_s3_gets_the_hash_of_the_body_unless_it_is_not_signed() -> None:
    """S3 and Glacier want a header for the body's hash, which may say that there is none."""
    config = {**CONFIG, "aws_service": "s3", "aws_session_token": "t"}
    headers = SIGN({**REQUEST, "body": {"a": "<"}}, config, TIME_NS)["headers"]
    assert headers["x-amz-content-sha256"] == hashlib.sha256(b'{"a":"\\u003c"}').hexdigest()
    assert headers["x-amz-security-token"] == "t"
    unsigned = SIGN(REQUEST, {**config, "disable_payload_signing": True}, TIME_NS)["headers"]
    assert unsigned["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD"


@pytest.mark.parametrize(
    ("operands", "error"),
    [
        (("x", CONFIG, TIME_NS), OperandError),
        ((REQUEST, {}, TIME_NS), OperandError),
        ((REQUEST, {**CONFIG, "aws_region": 1}, TIME_NS), OperandError),
        ((REQUEST, CONFIG, "x"), OperandError),
        ((REQUEST, CONFIG, 2**63), OperandError),
        (({**REQUEST, "verb": "GET"}, CONFIG, TIME_NS), OperandError),
        (({"method": "GET"}, CONFIG, TIME_NS), OperandError),
        (({**REQUEST, "url": 1}, CONFIG, TIME_NS), OperandError),
        (({**REQUEST, "headers": []}, CONFIG, TIME_NS), OperandError),
        (({**REQUEST, "url": "http://a b"}, CONFIG, TIME_NS), BuiltinError),
    ],
)
def test_wrong_operands_have_opas_kind_of_error(operands: Any, error: type[Exception]) -> None:
    """All but a URL that is none are errors of types, and no error shows the secret."""
    with pytest.raises(error) as refusal:
        SIGN(*operands)
    assert error is refusal.type
    assert CONFIG["aws_secret_access_key"] not in str(refusal.value)
