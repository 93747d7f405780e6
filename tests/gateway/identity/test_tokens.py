"""Taking a compact JWS apart: nothing but a refusal comes of bad input."""

from __future__ import annotations

from json import dumps  # orjson refuses to write NaN

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.util import urlsafe_b64encode

from gateway.errors import Refused
from gateway.identity.tokens import UnverifiedJWS, parse

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def test_the_parts_of_a_token() -> None:
    """A well-formed token is taken apart as RFC 7515 says; unknown header parameters are ignored."""
    header = {"alg": "ES256", "kid": "k", "typ": "AT+JWT", "x5t": "thumbprint", "vendor": 1}
    head, payload = (urlsafe_b64encode(orjson.dumps(part)) for part in (header, {"iss": "i"}))
    expected = UnverifiedJWS(
        algorithm="ES256",
        kid="k",
        type="at+jwt",
        claims={"iss": "i"},
        signed=head + b"." + payload,
        signature=b"\0\0\0",
    )
    assert expected == parse(b".".join([head, payload, b"AAAA"]))


@settings(deadline=None)  # machines of CI stall
@given(token=st.binary(max_size=300))
def test_random_bytes_are_refused(token: bytes) -> None:
    """No bytes raise anything but a refusal."""
    with pytest.raises(Refused):
        parse(token)


@settings(deadline=None)  # machines of CI stall
@given(header=JSON_VALUES, payload=JSON_VALUES)
def test_random_json_in_a_tokens_form_is_refused_or_parsed(header: object, payload: object) -> None:
    """Neither does JSON of any shape where header and claims belong."""
    parts = [urlsafe_b64encode(dumps(part).encode()) for part in (header, payload)]
    with pytest.raises(Refused):
        parse(b".".join([*parts, b"AAAA"]))
