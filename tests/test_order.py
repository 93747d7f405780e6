"""The order in which files of tests begin."""

from pathlib import Path

import pytest

from tests import order


@pytest.mark.parametrize("path", order.RANK, ids=lambda path: path.stem)
def test_each_file_that_is_put_first_is_there(path: Path) -> None:
    """A file that was moved or split takes its place in the list with it."""
    assert path.is_file()
