"""The text of a checkpoint."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.tlog.checkpoint import Checkpoint, CheckpointRefused
from audit.tlog.tree import EMPTY_ROOT

LINES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1)


@given(LINES, st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32), st.lists(LINES))
def test_what_is_printed_is_read(origin: str, size: int, root: bytes, extensions: list[str]) -> None:
    """A checkpoint read from its text is the same checkpoint."""
    checkpoint = Checkpoint(origin, size, root, tuple(extensions))
    assert Checkpoint.parse(str(checkpoint)) == checkpoint


@given(st.text() | st.lists(st.text(alphabet="0123456789=A \n")).map("\n".join))
def test_any_other_text_is_refused(text: str) -> None:
    """A text is a checkpoint that prints alike, or refused."""
    try:
        checkpoint = Checkpoint.parse(text)
    except CheckpointRefused as refused:
        assert refused.code.startswith("checkpoint.")
    else:
        assert str(checkpoint) == text


@pytest.mark.parametrize(
    ("values", "code"),
    [
        (("", 1, EMPTY_ROOT), "checkpoint.origin"),
        (("a\nb", 1, EMPTY_ROOT), "checkpoint.origin"),
        (("a", -1, EMPTY_ROOT), "checkpoint.size"),
        (("a", 2**63, EMPTY_ROOT), "checkpoint.size"),
        (("a", 1, b"short"), "checkpoint.root"),
        (("a", 1, EMPTY_ROOT, ("",)), "checkpoint.extension"),
    ],
)
def test_impossible_values_make_no_checkpoint(values: tuple[str, int, bytes], code: str) -> None:
    """What could not be printed as a valid text cannot be built either."""
    with pytest.raises(CheckpointRefused) as refused:
        Checkpoint(*values)
    assert refused.value.code == code


def test_an_empty_tree_has_one_root() -> None:
    """A checkpoint of size 0 with another root is readable and says that it is impossible."""
    assert Checkpoint("a", 0, EMPTY_ROOT).is_possible
    assert not Checkpoint("a", 0, b"x" * 32).is_possible
