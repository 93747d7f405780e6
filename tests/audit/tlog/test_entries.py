"""Entry bundles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.tlog.entries import BundleRefused, pack, unpack


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_what_is_packed_is_unpacked(entries: list[bytes]) -> None:
    """Entries come out as they went in, and only in their right number."""
    data = pack(entries)
    assert unpack(data) == unpack(data, len(entries)) == entries
    for wrong in (len(entries) - 1, len(entries) + 1):
        with pytest.raises(BundleRefused):
            unpack(data, wrong)
    with pytest.raises(BundleRefused):
        unpack(data[:-1] if len(data) > 2 else b"\0")


@given(st.binary())
def test_arbitrary_bytes_are_a_bundle_or_refused(data: bytes) -> None:
    """Bytes are a bundle that packs alike, or refused."""
    try:
        entries = unpack(data)
    except BundleRefused as refused:
        assert refused.code.startswith("bundle.")
    else:
        assert pack(entries) == data


def test_limits() -> None:
    """The longest entry fits; one byte more, no entry at all and 257 entries do not."""
    longest = b"x" * 65_535
    assert unpack(pack([longest, b""])) == [longest, b""]
    for entries in ([longest + b"x"], [], [b""] * 257):
        with pytest.raises(BundleRefused):
            pack(entries)
    for data in (b"", bytes(2) * 257):
        with pytest.raises(BundleRefused):
            unpack(data)
