"""A witness: cosigns a log's checkpoint when it extends the last one it cosigned, and nothing else.

The rules of tlog-witness over a state that decides and remembers in one step. Knows no HTTP but its statuses.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from audit.tlog.checkpoint import Checkpoint, CheckpointRefused
from audit.tlog.keys import SigningKey, VerifierKey
from audit.tlog.note import NoteRefused, open_note, sign_line, text_of
from audit.tlog.tree import EMPTY_ROOT, verify_consistency
from audit.witness.request import MAX_BODY, AddCheckpoint, RequestRefused
from audit.witness.state import Seen, WitnessState

TEXT = "text/plain; charset=utf-8"
SIZE = "text/x.tlog.size"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the witness says: a status of HTTP, a body and its type."""

    status: HTTPStatus
    body: str
    content_type: str = TEXT


class Witness:
    """The rules over a state.

    Args:
        keys: what it cosigns with, of type 0x04 or 0x06; each answer has a line of each.
        logs: keys of the logs it knows; a key's name is its log's origin, and a log may have several.
        state: what it cosigned so far.
        now_s: the clock, in seconds since the epoch.
    """

    def __init__(
        self,
        keys: Sequence[SigningKey],
        logs: Iterable[VerifierKey],
        state: WitnessState,
        now_s: Callable[[], int] = lambda: int(time.time()),
    ) -> None:
        self._keys = tuple(keys)
        self._logs: dict[str, list[VerifierKey]] = {}
        for key in dict.fromkeys(logs):
            self._logs.setdefault(key.name, []).append(key)
        self._state = state
        self._now_s = now_s

    @property
    def vkeys(self) -> tuple[VerifierKey, ...]:
        """The public halves of its keys."""
        return tuple(key.verifier for key in self._keys)

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer one request; a cosignature is given after the checkpoint is durable in the state.

        Raises:
            StateUnavailable: when the state cannot be read or kept; nothing is cosigned then.
        """
        if len(body) > MAX_BODY:
            return Answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the request is too long\n")
        try:
            request = AddCheckpoint.parse(body)
            checkpoint = Checkpoint.parse(text_of(request.note))
        except (RequestRefused, NoteRefused, CheckpointRefused) as refused:
            return Answer(HTTPStatus.BAD_REQUEST, f"{refused}\n")
        known = self._logs.get(checkpoint.origin)
        if known is None:
            return Answer(HTTPStatus.NOT_FOUND, "unknown log\n")
        try:
            open_note(request.note, known)
        except NoteRefused as refused:
            return Answer(HTTPStatus.FORBIDDEN, f"{refused}\n")
        if request.old_size > checkpoint.size:
            return Answer(HTTPStatus.BAD_REQUEST, "the old size is larger than the checkpoint\n")
        return self._decide(request, checkpoint)

    def _decide(self, request: AddCheckpoint, checkpoint: Checkpoint) -> Answer:
        with self._state.advancing(checkpoint.origin) as advance:
            seen = advance.seen
            if request.old_size != seen.size:
                return Answer(HTTPStatus.CONFLICT, f"{seen.size}\n", SIZE)
            if not _extends(seen, checkpoint, request.proof):
                if seen.note and checkpoint.size == seen.size and checkpoint.root != seen.root:
                    advance.keep_fork(request.note)
                return Answer(HTTPStatus.UNPROCESSABLE_ENTITY, "the consistency proof does not verify\n")
            # Taken while nobody else can advance: at this time it is the largest tree seen.
            now_s = self._now_s()
            advance.keep(checkpoint.size, checkpoint.root, request.note)
        lines = [sign_line(str(checkpoint), key, now_s) for key in self._keys]
        return Answer(HTTPStatus.OK, "".join(map(str, lines)))


def _extends(seen: Seen, checkpoint: Checkpoint, proof: Sequence[bytes]) -> bool:
    if seen.size == 0:
        return not proof and (checkpoint.size > 0 or checkpoint.root == EMPTY_ROOT)
    return verify_consistency(seen.size, checkpoint.size, seen.root, checkpoint.root, proof)
