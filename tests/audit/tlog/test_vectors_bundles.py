"""Published entry bundles."""

import pytest

from audit.tlog.entries import BundleRefused, pack, unpack
from tests.audit.tlog.vectors import Row, rows


@pytest.mark.parametrize("row", rows("bundles.jsonl"))
def test_verdict(row: Row) -> None:
    """A bundle is read into its entries and packed into the same bytes, or refused."""
    data = bytes.fromhex(row["bundle"])
    if row["expect"] == "accept":
        entries = [bytes.fromhex(each) for each in row["entries"]]
        assert unpack(data) == unpack(data, len(entries)) == entries
        assert pack(entries) == data
        with pytest.raises(BundleRefused):
            unpack(data, len(entries) + 1)
    else:
        with pytest.raises(BundleRefused):
            unpack(data)
