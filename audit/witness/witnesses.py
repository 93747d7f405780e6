"""Asks all witnesses of a trust policy at once, and tells whether their quorum is met."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from audit.tlog.checkpoint import Checkpoint
from audit.tlog.note import Note, with_lines
from audit.tlog.trust import TrustPolicy
from audit.witness.client import Cosignature, Prove, WitnessClient, WitnessFailed, http_client


@dataclass(frozen=True, slots=True)
class Round:
    """What came of asking about one checkpoint.

    Attributes:
        note: the checkpoint with the cosignatures under it.
        is_satisfied: whether the policy's quorum is met by them.
        cosigned: by witness name, verified.
        failed: by witness name; those that were not waited for have `witness.slow`.
    """

    note: bytes
    is_satisfied: bool
    cosigned: Mapping[str, Cosignature] = field(default_factory=dict)
    failed: Mapping[str, WitnessFailed] = field(default_factory=dict)


class Witnesses:
    """The witnesses of a policy. Used from one event loop, one round at a time.

    Args:
        policy: names the witnesses, their URLs and the quorum.
        timeout_s: how long a round takes at most.
        grace_s: how long the slower ones are waited for once the quorum is met.
        now_s: the clock, in seconds since the epoch.
    """

    def __init__(
        self,
        policy: TrustPolicy,
        timeout_s: float = 5.0,
        grace_s: float = 1.0,
        now_s: Callable[[], int] = lambda: int(time.time()),
    ) -> None:
        self._policy = policy
        self._grace_s = grace_s
        self._http = http_client()
        self.clients = {
            name: WitnessClient(witness, self._http, timeout_s, now_s)
            for name, witness in policy.witnesses.items()
        }

    async def cosign(self, note: bytes, prove: Prove) -> Round:
        """Gather cosignatures on a checkpoint from all witnesses at once.

        A proof that several witnesses need is made once.

        Raises:
            NoteRefused, CheckpointRefused: when `note` is no signed checkpoint.
        """
        Checkpoint.parse(Note.parse(note).text)
        proofs = _Proofs(prove)
        asked = {
            name: asyncio.create_task(client.cosign(note, proofs.prove))
            for name, client in self.clients.items()
        }
        cosigned: dict[str, Cosignature] = {}
        failed: dict[str, WitnessFailed] = {}
        deadline: float | None = None
        loop = asyncio.get_running_loop()
        try:
            waiting = set(asked.values())
            while waiting:
                if deadline is None and self._policy.is_satisfied(cosigned):
                    deadline = loop.time() + self._grace_s
                left = None if deadline is None else max(0.0, deadline - loop.time())
                done, waiting = await asyncio.wait(waiting, timeout=left, return_when=asyncio.FIRST_COMPLETED)
                if not done:
                    break
                for name, task in asked.items():
                    if task in done:
                        _sort(name, task, cosigned, failed)
        finally:
            await _end([*asked.values(), *proofs.made.values()])
        for name in asked.keys() - cosigned.keys() - failed.keys():
            failed[name] = WitnessFailed("witness.slow", "the quorum was met without it")
        lines = [cosigned[name].line for name in asked if name in cosigned]
        return Round(with_lines(note, lines), self._policy.is_satisfied(cosigned), cosigned, failed)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


def _sort(
    name: str,
    task: asyncio.Task[Cosignature],
    cosigned: dict[str, Cosignature],
    failed: dict[str, WitnessFailed],
) -> None:
    try:
        cosigned[name] = task.result()
    except WitnessFailed as error:
        failed[name] = error


class _Proofs:
    """Makes each proof of a round once.

    Attributes:
        made: by old and new size, done or under way.
    """

    def __init__(self, prove: Prove) -> None:
        self.made: dict[tuple[int, int], asyncio.Future[Sequence[bytes]]] = {}
        self._prove = prove

    async def prove(self, old: int, new: int) -> Sequence[bytes]:
        made = self.made.get((old, new))
        if made is None:
            made = self.made[old, new] = asyncio.ensure_future(self._prove(old, new))
        # one witness that is given up must not take the proof from the others
        return await asyncio.shield(made)


async def _end(tasks: Sequence[asyncio.Future[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
