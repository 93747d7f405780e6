"""A log as readers meet it: merged and signed by the sequencer, partly indexed, live at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.index.indexer import Index
from audit.keys import LogKeys
from audit.merging.folder import FolderWriters
from audit.merging.notary import LogNotary
from audit.merging.sequencer import Sequencer
from audit.merging.shelf import Shelf
from audit.ports import Ports

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Merge = Callable[..., int]

ORIGIN = "regent.example/audit"


@pytest.fixture
def sequence(folder: Path) -> Merge:
    """Merge what is durable, publish it, and index it unless told otherwise; returns the size."""

    def turn(*, indexed: bool = True) -> int:
        shelf, writers = Shelf(folder), FolderWriters(folder)
        notary = LogNotary(LogKeys.read(folder, ORIGIN), Ports())
        sequencer = Sequencer(writers, shelf, notary, Ports())
        sequencer.turn()
        writers.close()
        shelf.close()
        if indexed:
            with Index(folder) as index:
                index.catch_up()
        return sequencer.size

    return turn
