"""The body of add-checkpoint."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.witness.request import AddCheckpoint, RequestRefused

HASHES = st.lists(st.binary(min_size=32, max_size=32), max_size=63)


@given(st.integers(0, 2**63 - 1), HASHES, st.binary())
def test_what_is_printed_is_read(old_size: int, proof: list[bytes], note: bytes) -> None:
    """A request read from its body is the same request."""
    request = AddCheckpoint(old_size, tuple(proof), note)
    assert AddCheckpoint.parse(bytes(request)) == request


@given(st.binary() | st.binary().map(lambda data: b"old 1\n" + data))
def test_any_other_body_is_refused(data: bytes) -> None:
    """A body is a request that prints alike, or refused."""
    try:
        request = AddCheckpoint.parse(data)
    except RequestRefused as refused:
        assert refused.code == "witness.request"
    else:
        assert bytes(request) == data


OTHER_FORMS = [
    b"",
    b"old 0\n",
    b"old 00\n\nx",
    b"old -1\n\nx",
    b"old 9223372036854775808\n\nx",
    b"Old 0\n\nx",
    b"old 0\r\n\r\nx",
    b"old 1\nAAAA\n\nx",
    b"old 1\n" + (b"A" * 43 + b"=\n") * 64 + b"\nx",
]


@pytest.mark.parametrize("body", OTHER_FORMS, ids=range(len(OTHER_FORMS)))
def test_other_forms_are_refused(body: bytes) -> None:
    """Leading zeros, other line ends, short hashes and a 64th hash are refused."""
    with pytest.raises(RequestRefused):
        AddCheckpoint.parse(body)
