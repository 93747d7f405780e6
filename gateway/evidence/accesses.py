"""The records of accesses to the audit log: each stands before what was read leaves the house."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from audit import record as records
from audit.errors import LogUnavailable
from gateway.errors import Refused
from gateway.steps.record import ALLOWED, deciding, insisting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audit.errors import AuditError
    from audit.record import Record
    from gateway.ports import Evidence, Ports
    from gateway.types import Trail

_CODES: Final = {
    "reading.busy": "audit.busy",
    "reading.too_long": "audit.too_long",
    "index.rebuilt": "audit.busy",
}


def evidence(house: Ports) -> Evidence:
    """The log to be read.

    Raises:
        Refused: `route.unknown`: there is none here.
    """
    if house.evidence is None:
        raise Refused("route.unknown")
    return house.evidence


def refusal(error: AuditError) -> Refused:
    """What a reader is told when the log can't be read; details are for the doctor, not for them."""
    return Refused(_CODES.get(error.code, "audit.unreadable"))


async def shown(trail: Trail, house: Ports, filters: Mapping[str, Any], n: int) -> None:
    """Make the record of one access durable.

    Args:
        filters: what was asked for, in codes.
        n: how much of it was found.

    Raises:
        Refused: as `record.opening`.
    """
    with insisting(trail, house):
        record = await _access(trail, house, filters, n, alone=True)
        # From here on the record may exist, also if this task is cancelled while it waits.
        trail.shown = True
        trail.delivery.receipt = house.log.certify(await house.log.append(record))
    trail.reason = ALLOWED


async def counted(trail: Trail, house: Ports) -> str:
    """Count one of many small accesses; on return a record of the caller's period is durable.

    Returns:
        the id of that record; of this request's own, where the log does no more than its best and has none.

    Raises:
        Refused: as `record.opening`, or `audit.busy`.
    """
    accesses = evidence(house).accesses
    record_id = trail.raw.decision_id
    with insisting(trail, house):
        first = await _access(trail, house, {}, 1, alone=False)
        right = first.body["sref"], first.body["policy"]["bundle"], first.body["policy"]["revision"]
        trail.shown = True
        try:
            opened = await accesses.count(right, lambda n: _again(first, n))
        except LogUnavailable as error:
            trail.shown = False
            if error.code == "reading.busy":  # which no log that does its best may pass over
                raise refusal(error) from None
            raise
        record_id, trail.delivery.receipt = opened.id, opened.receipt
    trail.reason = ALLOWED
    return record_id


def _again(first: Record, n: int) -> Record:
    """The same access, `n` times, under an id of its own."""
    body = first.body
    return records.access(
        what=body["what"],
        filters={},
        n=n,
        actor=dict(body["actor"]),
        sref=body["sref"],
        tenant=body["tenant"],
        team=body["team"],
        policy=dict(body["policy"]),
    )


async def _access(trail: Trail, house: Ports, filters: Mapping[str, Any], n: int, *, alone: bool) -> Record:
    principal, decision, raw = trail.principal, trail.decision, trail.raw
    assert principal is not None  # noqa: S101 - `permit` has seen to both; tells the type checker
    assert decision is not None  # noqa: S101 - as above
    return records.access(
        what=raw.action,
        filters=dict(filters),
        n=n,
        actor={"kind": principal.type, "auth": principal.method},
        sref=await house.log.sref(principal.id),
        tenant=principal.organization,
        team=principal.team,
        request_id=raw.request_id if alone else None,
        policy=deciding(trail, decision.origin, "allow"),
        access_id=raw.decision_id if alone else None,
    )
