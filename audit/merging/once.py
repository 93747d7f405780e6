"""Merging by hand: what a sequencer would do next, done now, where none runs."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from audit.index import merged as published
from audit.keys import LogKeys
from audit.merging.folder import Folder
from audit.merging.history import History
from audit.merging.notary import LogNotary
from audit.merging.sequencer import Sequencer
from audit.ports import Ports
from audit.receipts import MERGE_DELAY_S
from audit.rotation import retired
from audit.tlog.trust import TrustPolicy

_INTERVAL_S = 1.0
_PAUSE_S = 0.05
_LATE_S = 5.0


def _nobody(words: str) -> None:
    """Tell nobody."""


def merge(
    folder: Path, origin: str, witnesses: Path | None = None, report: Callable[[str], None] = _nobody
) -> tuple[int, int]:
    """Merge everything that is durable; return how many records that were, and the log's size.

    Args:
        folder: the log.
        origin: its name.
        witnesses: the tlog-policy that names the log's witnesses, who sign before anything is published, as
            beside a gateway; None for a log without.
        report: told in words what went wrong besides.

    Raises:
        LogUnavailable: `log.merging`: a gateway merges this log; `log.no_key`.
        LogDamaged: what is published, or what writers have, isn't what it was.
        TlogRefused: the policy is none.
        OSError: the folder or the policy can't be read, or the folder not be written.
    """
    ports = Ports()
    policy = TrustPolicy.parse(witnesses.read_bytes()) if witnesses else None
    with ExitStack() as opened:
        writers, shelf = Folder(folder).open(opened, apart=policy is not None)
        notary = LogNotary(LogKeys.read(folder, origin), ports, retired(folder))
        sequencer = Sequencer(writers, shelf, notary, ports)
        merged = 0
        while found := sequencer.turn():
            merged += found
        if policy is not None:
            _publish(folder, policy, sequencer, report)
        History(folder, report)()
        return merged, sequencer.size


def _publish(folder: Path, policy: TrustPolicy, sequencer: Sequencer, report: Callable[[str], None]) -> None:
    """Have the head cosigned and published; without the quorum once receipts promised that it stands."""
    # Only a log with witnesses pays for an HTTP client.
    from audit.merging.cosigning import Cosigning, FolderPublisher  # noqa: PLC0415

    end_s = time.monotonic() + MERGE_DELAY_S + _LATE_S
    with Cosigning(FolderPublisher(folder), policy, lambda: sequencer.note, report, _INTERVAL_S):
        while _size(folder) < sequencer.size and time.monotonic() < end_s:
            time.sleep(_PAUSE_S)


def _size(folder: Path) -> int:
    log = published.checkpoint(folder)
    return log.size if log else 0
