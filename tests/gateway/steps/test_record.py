"""record: what a policy wants sealed is sealed, and refused where it can't be; on a real log."""

from __future__ import annotations

import secrets
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal, cast

import pytest

from adapters.contract import Completed, UpstreamCode, UpstreamError
from audit.log import AuditLog
from audit.reading.stream import events
from audit.vault import erasure
from audit.vault.commitment import opens
from audit.vault.nonces import find
from audit.vault.sealing import Seal, unseal
from gateway.errors import Refused
from gateway.steps import record
from gateway.types import PermittedCall, Reply, Retain, Trail

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.ports import Ports
    from tests.gateway.conftest import Builders

KEY = bytes(range(32))
REPLY = b'{"choices": ["the-secret-reply"]}'
ORIGIN = "regent.example/audit"


def arrived(
    build: Builders,
    payload: bytes = b'{"the-secret-prompt": 1}',
    kept: Literal["none", "digest", "sealed"] = "sealed",
) -> Trail:
    """A call that a policy permits, with what is to be kept of it."""
    ids = {"decision_id": secrets.token_hex(16)}
    trail = Trail(build.raw(payload, **ids))
    trail.call, trail.principal = build.call(payload=payload, **ids), build.principal()
    trail.decision = build.allow()
    trail.permitted = PermittedCall(
        call=trail.call,
        principal=trail.principal,
        deployments=(build.deployment(),),
        body={},
        max_tokens=None,
        retain=Retain(kept, 30),
        decision=trail.decision,
    )
    return trail


def answer(trail: Trail, build: Builders, *pieces: bytes) -> None:
    """What the provider answers, as it is released."""
    upstream = Completed(REPLY, usage=None, model=None, response_id=None, finish_reason=None)
    trail.reply = Reply(build.deployment(), upstream, 1)
    for piece in pieces or (REPLY,):
        if trail.delivery.digest is not None:
            trail.delivery.digest.update(piece)


def sealed_log(folder: Path, limit: int = 1 << 20) -> AuditLog:
    """A log that can seal."""
    return AuditLog.open(folder, ORIGIN, seal=Seal(KEY, limit))


def house(log: AuditLog) -> Ports:
    """As much of the house as recording needs."""
    return cast("Ports", SimpleNamespace(log=log, vouched=lambda: True))


def closings(folder: Path, kind: str = "outcome") -> list[dict[str, Any]]:
    """The closing records."""
    return list(events(folder, kind))


def every_byte(folder: Path) -> bytes:
    """All that the log's folder holds."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


async def test_prompt_and_reply_are_sealed_and_open_their_commitments(
    build: Builders, tmp_path: Path
) -> None:
    """Ciphertext on the disk, the record says so, and with the key it is what was committed to."""
    trail = arrived(build)
    async with sealed_log(tmp_path) as log:
        await record.opening(trail, house(log))
        answer(trail, build, REPLY[:9], REPLY[9:])
        record.closing(trail, log, 1)
    (opened,), (closed,) = events(tmp_path, "decision"), closings(tmp_path)
    prompt, reply = opened["payload"]["req"], closed["payload"]["resp"]

    assert (prompt["sealed"], reply["sealed"]) == (True, True)
    assert opened["decision"]["obligations"] == [
        obligation.document() for obligation in build.allow().obligations
    ]
    assert b"the-secret" not in every_byte(tmp_path)
    for body, label, field in ((opened, "req", prompt), (closed, "resp", reply)):
        found, nonce = unseal(tmp_path, body["id"], label, KEY), find(tmp_path / "vault", body["id"], label)
        assert isinstance(found, bytes)
        assert nonce is not None
        assert b"the-secret" in found
        assert opens(field["c"], nonce=nonce, label=label, data=found)


async def test_a_broken_answer_is_sealed_as_far_as_it_went(build: Builders, tmp_path: Path) -> None:
    """Of a stream that breaks, what was released is kept with the record of its end."""
    trail = arrived(build)
    async with sealed_log(tmp_path) as log:
        await record.opening(trail, house(log))
        answer(trail, build, b"the first half")
        trail.delivery.error = UpstreamError(UpstreamCode.STREAM_BROKEN, status=502, message="broke off")
        record.closing(trail, log, 1)
    (closed,) = closings(tmp_path, "aborted")

    assert unseal(tmp_path, closed["id"], "resp", KEY) == b"the first half"


@pytest.mark.parametrize("kept", ["digest", "none"])
async def test_nothing_is_sealed_that_no_policy_asks_for(
    kept: Literal["none", "digest"], build: Builders, tmp_path: Path
) -> None:
    """A key in the house seals nothing by itself, and no data key is made."""
    trail = arrived(build, kept=kept)
    async with sealed_log(tmp_path) as log:
        await record.opening(trail, house(log))
        answer(trail, build)
        record.closing(trail, log, 1)
    (closed,) = closings(tmp_path)

    assert list((tmp_path / "vault" / "sealed").rglob("*.bin")) == []
    assert [field.get("sealed") for field in closed["payload"].values()] == [None] * (kept == "digest")
    assert unseal(tmp_path, closed["id"], "resp", KEY) == "absent"


@pytest.mark.parametrize(
    ("limit", "payload", "code", "status"),
    [
        (None, b"{}", "obligation.unsealable", 403),
        (1024, b"x" * 1025, "obligation.too_large_to_seal", 413),
    ],
)
async def test_what_cannot_be_sealed_is_not_allowed(
    limit: int | None, payload: bytes, code: str, status: int, build: Builders, tmp_path: Path
) -> None:
    """Without a key, or beyond the bound, the policy's condition can't be met: a denial with a record."""
    trail = arrived(build, payload)
    async with sealed_log(tmp_path, limit) if limit else AuditLog.open(tmp_path, ORIGIN) as log:
        with pytest.raises(Refused) as refused:
            await record.opening(trail, house(log))
        await record.refusal(trail, log, refused.value.code, 1)
    (denied,) = events(tmp_path, "decision")

    assert (refused.value.code, refused.value.status) == (code, status)
    assert (denied["decision"]["action"], denied["decision"]["reason_code"]) == ("deny", code)
    assert "sealed" not in denied["payload"]["req"]


async def test_a_reply_beyond_the_bound_is_not_sealed_and_the_record_says_so(
    build: Builders, tmp_path: Path
) -> None:
    """It has left when its length is known; the commitment stands, and `sealed` is false."""
    trail = arrived(build)
    async with sealed_log(tmp_path, 1024) as log:
        await record.opening(trail, house(log))
        answer(trail, build, *[b"x" * 256] * 5)
        record.closing(trail, log, 1)
    (closed,) = closings(tmp_path)

    assert (closed["payload"]["resp"]["n"], closed["payload"]["resp"]["sealed"]) == (1280, False)
    assert unseal(tmp_path, closed["id"], "resp", KEY) == "absent"


async def test_a_reply_that_ends_after_the_erasure_is_not_kept(build: Builders, tmp_path: Path) -> None:
    """A long answer outlives the erasure of whoever asked: its record comes, nothing goes to the vault."""
    trail = arrived(build)
    async with sealed_log(tmp_path) as log:
        await record.opening(trail, house(log))
        counts = erasure.erase_subject(tmp_path, build.principal().id)
        answer(trail, build)
        record.closing(trail, log, 1)
    (closed,) = closings(tmp_path)

    assert (counts.pseudonym, counts.key, counts.payload, counts.nonce) == (1, 1, 1, 1)
    assert closed["ref"] == trail.raw.decision_id
    assert unseal(tmp_path, closed["id"], "resp", KEY) == "absent"
    assert find(tmp_path / "vault", closed["id"], "resp") is None
    assert unseal(tmp_path, trail.raw.decision_id, "req", KEY) == "erased"


async def test_a_wrong_key_refuses_to_start(build: Builders, tmp_path: Path) -> None:
    """Nobody learns months later that nothing can be opened: keys of another sealing key are noticed."""
    trail = arrived(build)
    async with sealed_log(tmp_path) as log:
        await record.opening(trail, house(log))
    with pytest.raises(Exception, match=r"vault\.key"):
        AuditLog.open(tmp_path, ORIGIN, seal=Seal(bytes(32)))
