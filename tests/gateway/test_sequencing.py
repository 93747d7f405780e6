"""The process beside the workers."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

from gateway.sequencing import Sequencing
from gateway.settings import Audit

if TYPE_CHECKING:
    from pathlib import Path


def test_a_stop_that_everybody_is_signalled_ends_it_in_order_even_as_it_starts(tmp_path: Path) -> None:
    """It has the last records to merge, and learns from the pipe when there are no more to come."""
    sequencing = Sequencing(Audit(folder=tmp_path))
    with sequencing:
        while (process := sequencing._process) is None:
            time.sleep(0)
        for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            process.send_signal(each)

    assert process.returncode == 0
