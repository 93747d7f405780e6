"""Merging by hand: what a sequencer would do next, done now, where none runs."""

from contextlib import ExitStack
from pathlib import Path

from audit.keys import LogKeys
from audit.merging.folder import Folder
from audit.merging.notary import LogNotary
from audit.merging.sequencer import Sequencer
from audit.ports import Ports
from audit.rotation import retired


def merge(folder: Path, origin: str) -> tuple[int, int]:
    """Merge everything that is durable; return how many records that were, and the log's size.

    Args:
        folder: the log.
        origin: its name.

    Raises:
        LogUnavailable: `log.merging`: a gateway merges this log; `log.no_key`.
        LogDamaged: what is published, or what writers have, isn't what it was.
        OSError: the folder can't be read or written.
    """
    ports = Ports()
    with ExitStack() as opened:
        writers, shelf = Folder(folder).open(opened)
        notary = LogNotary(LogKeys.read(folder, origin), ports, retired(folder))
        sequencer = Sequencer(writers, shelf, notary, ports)
        merged = 0
        while found := sequencer.turn():
            merged += found
        return merged, sequencer.size
