"""Signs the log's checkpoints and knows its own signature again."""

from collections.abc import Sequence

from audit.errors import LogDamaged, TlogRefused
from audit.keys import LogKeys
from audit.ports import Ports
from audit.tlog.checkpoint import Checkpoint
from audit.tlog.keys import VerifierKey
from audit.tlog.note import open_note, sign_note


class LogNotary:
    """**Adapter** of the log's keys to `sequencer.Notary`.

    Args:
        keys: of the log.
        ports: clocks; an ML-DSA-44 line states the time.
        retired: keys that signed for the log before.
    """

    def __init__(self, keys: LogKeys, ports: Ports, retired: Sequence[VerifierKey] = ()) -> None:
        self._keys = keys
        self._ports = ports
        self._known = [keys.ed25519.verifier, *retired]

    def sign(self, size: int, root: bytes) -> bytes:
        """See `sequencer.Notary.sign`."""
        text = str(Checkpoint(self._keys.ed25519.name, size, root))
        return sign_note(text, self._keys.signing, self._ports.wall_us() // 1_000_000)

    def open(self, note: bytes) -> tuple[int, bytes]:
        """See `sequencer.Notary.open`."""
        try:
            opened = open_note(note, self._known)
            checkpoint = Checkpoint.parse(opened.text)
        except TlogRefused as error:
            raise LogDamaged("log.checkpoint", f"the checkpoint is not this log's: {error}") from error
        if checkpoint.origin != self._keys.ed25519.name:
            raise LogDamaged("log.checkpoint", f"the published checkpoint is of {checkpoint.origin!r}")
        return checkpoint.size, checkpoint.root
