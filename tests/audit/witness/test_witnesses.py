"""Asking all witnesses of a policy over real sockets."""

import asyncio

import pytest
from starlette.requests import Request
from starlette.responses import Response

from audit.tlog.keys import KeyType, SigningKey, VerifierKey
from audit.tlog.note import NoteRefused, open_note, sign_line
from audit.tlog.trust import TrustPolicy
from audit.witness.server import witness_app
from audit.witness.witness import SIZE
from audit.witness.witnesses import Witnesses
from tests.audit.witness.scripted import KEY, NOW_S, Asleep, MakeWitness, Serving, app_of, saying
from tests.audit.witness.trees import GrowingLog

Served = dict[str, tuple[VerifierKey, str]]


def policy_of(quorum: str, witnesses: Served) -> TrustPolicy:
    """Return a policy over witnesses at URLs; `g` is any two of them."""
    lines = [f"witness {name} {key} {url}\n" for name, (key, url) in witnesses.items()]
    group = f"group g 2 {' '.join(witnesses)}\n" if len(witnesses) > 1 else ""
    return TrustPolicy.parse(f"{''.join(lines)}{group}quorum {quorum}\n".encode())


async def test_two_of_three_are_enough(
    log: GrowingLog, make_witness: MakeWitness, serving: Serving, asleep: Asleep
) -> None:
    """With one witness asleep the quorum of the others is met, and the note opens by the same policy."""

    async def late(_: Request) -> Response:
        await asleep()
        return Response("")

    good = {name: make_witness(log.key.verifier, name=name) for name in "ab"}
    served = {name: (witness.vkeys[0], serving(witness_app(witness))) for name, witness in good.items()}
    policy = policy_of("g", {**served, "c": (KEY.verifier, serving(app_of(late)))})
    async with Witnesses(policy, timeout_s=30, grace_s=0.05) as witnesses:
        came = await witnesses.cosign(log.note(9), log.prove)
        assert came.is_satisfied
        assert sorted(came.cosigned) == ["a", "b"]
        assert came.failed["c"].code == "witness.slow"
        trusted = policy.check(came.note, [log.key.verifier])
        assert trusted.witnesses == {name: each.timestamp for name, each in came.cosigned.items()}
        again = await witnesses.cosign(log.note(20), log.prove)
    assert again.is_satisfied
    assert log.proven == [(9, 20)]  # one proof for both


async def test_too_few_leave_the_note_short_of_its_quorum(
    log: GrowingLog, make_witness: MakeWitness, serving: Serving
) -> None:
    """One honest witness, one that lies and one that is down: its line is kept, the quorum is not met."""
    honest = make_witness(log.key.verifier)
    liar = SigningKey.generate("liar.example", KeyType.MLDSA44_COSIGNATURE)
    lie = str(sign_line(GrowingLog("other").text(9), liar, NOW_S))
    served: Served = {
        "a": (honest.vkeys[0], serving(witness_app(honest))),
        "b": (liar.verifier, serving(saying(200, lie))),
        "c": (KEY.verifier, "http://127.0.0.1:1"),
    }
    async with Witnesses(policy_of("g", served)) as witnesses:
        came = await witnesses.cosign(log.note(9), log.prove)
    assert not came.is_satisfied
    assert list(came.cosigned) == ["a"]
    assert {name: each.code for name, each in came.failed.items()} == {
        "b": "witness.cosignature",
        "c": "witness.unreachable",
    }
    assert open_note(came.note, [honest.vkeys[0], liar.verifier]).signature_of(honest.vkeys[0])


async def test_no_witness_and_no_note(log: GrowingLog) -> None:
    """A policy of nobody is met at once; what is no signed checkpoint is refused before anybody is asked."""
    async with Witnesses(TrustPolicy.parse(b"quorum none\n")) as witnesses:
        came = await witnesses.cosign(log.note(9), log.prove)
        assert came.is_satisfied
        assert came.note == log.note(9)
        with pytest.raises(NoteRefused):
            await witnesses.cosign(b"text\n", log.prove)


async def test_a_round_that_is_given_up_leaves_nothing_running(
    log: GrowingLog, serving: Serving, asleep: Asleep
) -> None:
    """Cancelling the caller ends every question, also those that wait for a proof."""
    asked = asyncio.Event()

    async def prove(_: int, __: int) -> list[bytes]:
        asked.set()
        await asyncio.Event().wait()
        return []

    served: Served = {"a": (KEY.verifier, serving(saying(409, "3\n", SIZE)))}
    policy = policy_of("a", served)
    async with Witnesses(policy, timeout_s=30) as witnesses:
        round_ = asyncio.create_task(witnesses.cosign(log.note(9), prove))
        await asyncio.wait_for(asked.wait(), 10)
        round_.cancel()
        with pytest.raises(asyncio.CancelledError):
            await round_
        others = asyncio.all_tasks() - {asyncio.current_task()}
        assert not [task for task in others if "prove" in repr(task) or "cosign" in repr(task)]
