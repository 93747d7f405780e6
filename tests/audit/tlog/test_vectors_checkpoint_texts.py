"""Published bodies of checkpoints."""

import pytest

from audit.tlog.checkpoint import Checkpoint, CheckpointRefused
from tests.audit.tlog.vectors import Row, rows


@pytest.mark.parametrize("row", rows("checkpoint_texts.jsonl"))
def test_verdict(row: Row) -> None:
    """What the text of tlog-checkpoint allows is read and printed alike; all else is refused."""
    if row["expect"] == "accept":
        assert str(Checkpoint.parse(row["text"])) == row["text"]
    else:
        with pytest.raises(CheckpointRefused):
            Checkpoint.parse(row["text"])
