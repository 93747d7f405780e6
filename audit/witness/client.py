"""Asks one witness for its cosignature (tlog-witness), and believes nothing that its key did not sign.

Answers and time are bounded; redirects and proxies of the environment are not followed. Knows no storage:
a callable makes the consistency proofs.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus

import httpx

from audit.errors import AuditError, TlogRefused
from audit.tlog.checkpoint import Checkpoint
from audit.tlog.cosignature import timestamp_of
from audit.tlog.forms import number
from audit.tlog.note import MAX_LINES, Note, NoteRefused, Signature, signed_by
from audit.tlog.trust import TrustedWitness
from audit.witness.request import AddCheckpoint
from audit.witness.witness import SIZE

Prove = Callable[[int, int], Awaitable[Sequence[bytes]]]
"""(old size, new size) -> consistency proof; asked for 1 <= old < new only."""

MAX_ANSWER = 64 * 1024
MAX_AHEAD_S = 300
_IDLE_S = 60.0  # the caller's time for all of a question is shorter
_TRIES = 3  # the size from memory, the one that the witness says, and once more if somebody else was faster


class WitnessFailed(TlogRefused):
    """A witness gave no cosignature that counts.

    Codes: `witness.url` (none, or not http), `witness.unreachable`, `witness.slow`, `witness.answer` (too
    long, or not of the form), `witness.status` (it refused), `witness.ahead` (it knows a larger tree of this
    log), `witness.conflict` (its sizes contradict each other, or it knows another tree of this size),
    `witness.proof` (there is no proof from the size it says), `witness.cosignature` (no line of its key, or
    one that does not verify), `witness.timestamp` (none, or in the future).

    Attributes:
        size: the size of this log that the witness says it has, if it said so.
        status: of HTTP, if the witness refused.
    """

    def __init__(
        self, code: str, message: str, *, size: int | None = None, status: int | None = None
    ) -> None:
        super().__init__(code, message)
        self.size = size
        self.status = status


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A verified cosignature: the line for the note and the time it states."""

    line: Signature
    timestamp: int


class WitnessClient:
    """Speaks to one witness, and remembers how far it is.

    Args:
        witness: its key and its submission prefix.
        http: made by `http_client`.
        timeout_s: for all of one question, retries included.
        now_s: the clock, in seconds since the epoch.

    Attributes:
        size: the size that the witness cosigned last, as far as is known here.
    """

    def __init__(
        self,
        witness: TrustedWitness,
        http: httpx.AsyncClient,
        timeout_s: float = 5.0,
        now_s: Callable[[], int] = lambda: int(time.time()),
    ) -> None:
        self.witness = witness
        self.size = 0
        self._http = http
        self._timeout_s = timeout_s
        self._now_s = now_s

    async def cosign(self, note: bytes, prove: Prove) -> Cosignature:
        """Return the witness's verified cosignature on a checkpoint.

        Args:
            note: the checkpoint, signed by the log.
            prove: makes consistency proofs.

        Raises:
            WitnessFailed: any of its codes.
            NoteRefused, CheckpointRefused: when `note` is no signed checkpoint.
        """
        checkpoint = Checkpoint.parse(Note.parse(note).text)
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._cosign(checkpoint, note, prove)
        except TimeoutError as error:
            raise WitnessFailed("witness.slow", f"no answer in {self._timeout_s} s") from error
        except httpx.HTTPError as error:
            raise WitnessFailed("witness.unreachable", f"{type(error).__name__}: {error}") from error

    async def _cosign(self, checkpoint: Checkpoint, note: bytes, prove: Prove) -> Cosignature:
        old = min(self.size, checkpoint.size)
        for _ in range(_TRIES):
            proof = await self._proof(prove, old, checkpoint.size)
            status, content_type, body = await self._post(bytes(AddCheckpoint(old, proof, note)))
            if status == HTTPStatus.OK:
                cosignature = self._verified(checkpoint, body)
                self.size = checkpoint.size
                return cosignature
            if status != HTTPStatus.CONFLICT:
                raise WitnessFailed("witness.status", f"the witness answered {status}", status=status)
            self.size = self._size_of(content_type, body)
            if self.size > checkpoint.size:
                told = f"the witness cosigned {self.size} leaves already, not {checkpoint.size}"
                raise WitnessFailed("witness.ahead", told, size=self.size)
            if self.size == old:
                break
            old = self.size
        raise WitnessFailed("witness.conflict", "it knows another tree of this log", size=self.size)

    async def _proof(self, prove: Prove, old: int, new: int) -> tuple[bytes, ...]:
        if not 0 < old < new:
            return ()
        try:
            return tuple(await prove(old, new))
        except (AuditError, OSError, ValueError) as error:
            # the witness chose the size, so this is about the witness and must not stop the others
            raise WitnessFailed(
                "witness.proof", f"no proof from {old} to {new}: {error}", size=old
            ) from error

    async def _post(self, body: bytes) -> tuple[int, str, bytes]:
        async with self._http.stream("POST", self._url(), content=body) as response:
            if response.headers.get("content-encoding", "identity") != "identity":
                raise WitnessFailed("witness.answer", "the answer is compressed, unasked")
            answer = bytearray()
            async for chunk in response.aiter_raw():
                answer += chunk
                if len(answer) > MAX_ANSWER:
                    raise WitnessFailed("witness.answer", f"the answer has more than {MAX_ANSWER} bytes")
            return response.status_code, response.headers.get("content-type", ""), bytes(answer)

    def _url(self) -> httpx.URL:
        try:
            url = httpx.URL(f"{(self.witness.url or '').rstrip('/')}/add-checkpoint")
        except (httpx.InvalidURL, UnicodeError) as error:
            raise WitnessFailed("witness.url", "the witness has no usable URL") from error
        if url.scheme not in {"http", "https"} or not url.host or url.query or url.fragment:
            raise WitnessFailed("witness.url", "the witness has no http or https URL")
        return url

    def _size_of(self, content_type: str, body: bytes) -> int:
        text = body.decode("ascii", "replace")
        size = number(text.removesuffix("\n")) if text.endswith("\n") else None
        if content_type != SIZE or size is None:
            raise WitnessFailed("witness.answer", "a conflict that names no size")
        return size

    def _verified(self, checkpoint: Checkpoint, body: bytes) -> Cosignature:
        key = self.witness.key
        try:
            lines = body.decode().removesuffix("\n").split("\n")
            signatures = [Signature.parse(line) for line in lines[: MAX_LINES + 1]]
        except (UnicodeDecodeError, NoteRefused) as error:
            raise WitnessFailed("witness.answer", "the answer is not made of signature lines") from error
        line = next((each for each in signatures if (each.name, each.id) == (key.name, key.id)), None)
        if len(signatures) > MAX_LINES or not body.endswith(b"\n"):
            raise WitnessFailed("witness.answer", "the answer is not made of signature lines")
        if line is None or not signed_by(key, str(checkpoint), line.value):
            raise WitnessFailed("witness.cosignature", f"no line of {key.label} verifies")
        timestamp = timestamp_of(line.value)
        if not 0 < timestamp <= self._now_s() + MAX_AHEAD_S:
            raise WitnessFailed("witness.timestamp", f"the cosignature states the time {timestamp}")
        return Cosignature(line, timestamp)


def http_client() -> httpx.AsyncClient:
    """Return a client that follows no redirect, takes no proxy from the environment, wants plain answers."""
    headers = {"accept-encoding": "identity", "content-type": "text/plain; charset=utf-8"}
    return httpx.AsyncClient(follow_redirects=False, trust_env=False, headers=headers, timeout=_IDLE_S)
