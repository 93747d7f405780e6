"""record: the opening record before anything leaves the house, the closing one after the last byte.

Turns what is known of a request into records of the audit log; no prompt text, no names, no free text.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson

from audit import record as records
from audit.durability import Durability
from audit.errors import AuditError, LogUnavailable
from audit.vault.commitment import Commitment, commit
from gateway.accounts import recorded
from gateway.errors import Refused
from gateway.reasons import REASONS
from gateway.types import Allow, Charge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.log import AuditLog
    from audit.record import Record
    from audit.vault.payloads import Sealing
    from gateway.ports import Ports
    from gateway.types import FiredRule, Origin, Principal, Reason, Trail

ALLOWED = "allowed"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}")
GONE = "client.gone"
RECEIPT_WAIT_S = 0.25
"""How long a refusal waits for its record to be durable; without it, there is no receipt."""
_UNDECIDED = {"engine": "none", "bundle": None, "revision": None, "path": ""}


async def opening(trail: Trail, house: Ports) -> None:
    """Make the decision durable; only then may anything leave.

    Raises:
        Refused: `log.not_durable`, `log.backlogged` or `log.record_refused`: an allow that can't be
            recorded is not given, unless the log was told to do no more than its best;
            `log.unwitnessed`: witnesses must vouch for the log, and have not done so lately;
            `obligation.unsealable` or `obligation.too_large_to_seal`: nor one whose payload can't be kept as
            the policy asks.
    """
    log = house.log
    with insisting(trail, house):
        sealing = await _sealing(trail, log)
        record = await _decision(trail, log, "allow", ALLOWED, sealing)
        trail.sref = record.body["sref"]
        if _keeps_digests(trail):
            trail.delivery.digest = Commitment("resp", _media_type(trail), sealing)
        # From here on the record may exist, also if this task is cancelled while it waits.
        trail.opened = True
        trail.delivery.receipt = log.certify(await log.append(record))


@contextmanager
def insisting(trail: Trail, house: Ports) -> Iterator[None]:
    """Around what makes an allow durable: refuses what can't be; for errors see `opening`."""
    if not house.vouched():
        raise Refused("log.unwitnessed")
    try:
        yield
    except AuditError as error:
        trail.opened = trail.shown = False
        if house.log.durability is not Durability.BEST_EFFORT or not isinstance(error, LogUnavailable):
            raise Refused(_refusal_code(error)) from error
        trail.unrecorded = True


async def _sealing(trail: Trail, log: AuditLog) -> Sealing | None:
    """What the payload is sealed with, if it is to be; the reply's length is not known yet.

    Raises:
        Refused: it can't be.
    """
    call, principal, permitted = trail.call, trail.principal, trail.permitted
    if call is None or principal is None or permitted is None or permitted.retain.payload != "sealed":
        return None
    if not log.sealed_bytes:
        raise Refused("obligation.unsealable")
    if len(call.payload) > log.sealed_bytes:
        raise Refused("obligation.too_large_to_seal")
    return await log.sealing(principal.id, principal.organization)


def _refusal_code(error: AuditError) -> str:
    """The log's own code where callers know it; of a closed log or vault only that it can't record."""
    if error.code.startswith("record."):
        return "log.record_refused"
    return error.code if error.code in REASONS else "log.not_durable"


def closing(trail: Trail, log: AuditLog, now_us: int) -> None:
    """Record how an opened request ended; waits for nothing, because the answer has left.

    A stream that broke off is `aborted` with the upstream's code, everything else an `outcome`.
    """
    if trail.delivery.error is not None:
        _abort(trail, log, str(trail.delivery.error.code), now_us)
        return
    reply, call = trail.reply, trail.call
    trail.reason = ALLOWED
    if reply is None or call is None or trail.unrecorded:
        return
    usage, charge = reply.upstream.usage, trail.charge or Charge()
    log.append_soon(
        records.outcome(
            ref=call.decision_id,
            deployment=reply.deployment.id,
            provider=reply.deployment.provider,
            region=reply.deployment.region,
            resp_model=_word(reply.upstream.model),
            resp_id=_word(reply.upstream.response_id),
            finish=_word(reply.upstream.finish_reason),
            in_tok=usage.prompt_tokens if usage else None,
            out_tok=usage.completion_tokens if usage else None,
            usage_in=charge.prompt_tokens,
            usage_out=charge.completion_tokens,
            estimated=charge.estimated,
            **_charged(charge),
            total_us=now_us - call.received_us,
            upstream_us=reply.took_us,
            attempts=_attempts(trail),
            payload=_released(trail),
            sref=trail.sref,
        )
    )


def listed(trail: Trail, log: AuditLog, now_us: int) -> None:
    """Record that the catalogue was shown: an outcome that no deployment had a part in."""
    trail.reason = ALLOWED
    if trail.unrecorded:
        return
    log.append_soon(
        records.outcome(
            ref=trail.raw.decision_id,
            deployment=None,
            provider=None,
            region=None,
            resp_model=None,
            resp_id=None,
            finish=None,
            in_tok=None,
            out_tok=None,
            usage_in=0,
            usage_out=0,
            estimated=False,
            total_us=now_us - trail.raw.received_us,
            upstream_us=None,
        )
    )


async def refusal(trail: Trail, log: AuditLog, code: str, now_us: int) -> None:
    """Record a call that ended with a reason; a record that can't be written never blocks a refusal.

    Strangers get a tally without a word of theirs in it, opened calls their closing record, and
    everybody else a deny, with a receipt for it unless the log is slow.
    """
    trail.reason = code
    if trail.opened or trail.unrecorded or trail.shown:
        _abort(trail, log, code, now_us)
    elif trail.principal is None:
        log.auth_failure(code)
    else:
        # The log counts what it couldn't take and says so in its next `gap` record.
        with suppress(AuditError, TimeoutError):
            record = await _decision(trail, log, "deny", code)
            async with asyncio.timeout(RECEIPT_WAIT_S):
                trail.delivery.receipt = log.certify(await log.append(record))


async def abandoned(trail: Trail, log: AuditLog, now_us: int) -> None:
    """Record that the client went away (or the gateway stopped) while its call was being served.

    A client that leaves after its answer was complete was answered.
    """
    if trail.delivery.complete:
        closing(trail, log, now_us)
    elif trail.principal is None:
        trail.reason = GONE
    elif trail.opened or trail.unrecorded or trail.shown:
        await refusal(trail, log, GONE, now_us)
    else:  # nobody is there to be given a receipt
        trail.reason = GONE
        with suppress(AuditError):
            log.append_soon(await _decision(trail, log, "deny", GONE))


def _abort(trail: Trail, log: AuditLog, code: str, now_us: int) -> None:
    reply, charge = trail.reply, trail.charge or Charge()
    trail.reason = code
    if trail.unrecorded or trail.shown:
        return
    log.append_soon(
        records.aborted(
            ref=trail.raw.decision_id,
            reason_code=code,
            total_us=now_us - trail.raw.received_us,
            deployment=reply.deployment.id if reply else None,
            provider=reply.deployment.provider if reply else None,
            region=reply.deployment.region if reply else None,
            usage_in=charge.prompt_tokens,
            usage_out=charge.completion_tokens,
            estimated=charge.estimated,
            **_charged(charge),
            upstream_us=reply.took_us if reply else None,
            attempts=_attempts(trail),
            payload=_released(trail),
            sref=trail.sref,
        )
    )


def _attempts(trail: Trail) -> list[records.Attempt]:
    return [
        (each.deployment, each.outcome, _part(each.charge) if each.charge else None)
        for each in trail.attempts
    ]


def _part(charge: Charge) -> dict[str, Any]:
    return {"in": charge.prompt_tokens, "out": charge.completion_tokens, "cost_micro": charge.usd_micros}


def _charged(charge: Charge) -> dict[str, Any]:
    """What it cost, and what else a report is made from."""
    return {
        "cost_micro": charge.usd_micros,
        "cached": charge.cached_tokens or None,
        "reasoning": charge.reasoning_tokens or None,
        "prices": charge.prices,
    }


def _released(trail: Trail) -> tuple[Commitment, ...]:
    return (trail.delivery.digest,) if trail.delivery.digest is not None else ()


async def _decision(
    trail: Trail, log: AuditLog, action: records.Action, code: str, sealing: Sealing | None = None
) -> Record:
    call, principal, decision = trail.call, trail.principal, trail.decision
    return records.decision(
        decision_id=trail.raw.decision_id,
        request_id=trail.raw.request_id,
        action=action,
        reason_code=code,
        tenant=principal.organization if principal else None,
        team=principal.team if principal else None,
        sref=await _sref(principal, log, sealing),
        actor_kind=principal.type if principal else "unknown",
        auth=principal.method if principal else "none",
        op=trail.raw.action,
        req_model=call.model if call else None,
        stream=call.stream if call else False,
        reasons=_reasons(decision.reasons) if decision else (),
        obligations=[each.document() for each in decision.obligations] if isinstance(decision, Allow) else (),
        payload=(commit("req", call.payload, sealing=sealing),) if call and _keeps_digests(trail) else (),
        policy_us=decision.origin.took_us if decision else None,
        cost_center=principal.cost_center if principal else None,
        tags=call.tags if call else (),
        keys=[recorded(each.key) for each in trail.permitted.allowances] if trail.permitted else (),
        counted_apart=trail.reservation is not None and trail.reservation.local,
        **(_policy(trail, decision.origin, action) if decision else _UNDECIDED),
    )


async def _sref(principal: Principal | None, log: AuditLog, sealing: Sealing | None) -> str | None:
    if sealing is not None:  # the same one, though the subject may have been erased in between
        return sealing.sref
    return await log.sref(principal.id) if principal else None


def _word(text: str | None) -> str | None:
    """A provider's word as it may stand in a record: a short name, or nothing.

    A provider could else write a prompt into the log, or make a closing record too long to be taken.
    """
    return text if text is not None and _NAME.fullmatch(text) else None


def _keeps_digests(trail: Trail) -> bool:
    return trail.permitted is not None and trail.permitted.retain.payload != "none"


def _media_type(trail: Trail) -> str:
    return "text/event-stream" if trail.call and trail.call.stream else "application/json"


@lru_cache(maxsize=1024)
def _hits(rules: tuple[FiredRule, ...], effect: str) -> list[dict[str, Any]]:
    """The rules that fired, as the record shows them; the same few sets fire again and again."""
    return [
        {"id": rule.id, "effect": effect, "at": rule.at, "controls": list(rule.controls)} for rule in rules
    ]


@lru_cache(maxsize=1024)
def _reasons(reasons: tuple[Reason, ...]) -> list[dict[str, Any]]:
    """Every reason that the policy gave, by its id and controls; its words are for people and stay out."""
    return [{"id": reason.id, "controls": list(reason.controls)} for reason in reasons]


def _advice(trail: Trail) -> list[dict[str, str]]:
    """The rules that only advised, at the door and afterwards, once each for each way of advising."""
    said = {(a.rule, a.enforcement): None for decision in trail.decisions for a in decision.advice}
    return [{"id": rule, "effect": effect} for rule, effect in said]


def _policy(trail: Trail, origin: Origin, action: str) -> dict[str, Any]:
    asked = orjson.dumps(origin.asked) if origin.asked else None
    return {
        **deciding(trail, origin, action),
        "policy_input": commit("input", asked) if asked else None,
        "question": asked,
    }


def deciding(trail: Trail, origin: Origin, action: str) -> dict[str, Any]:
    """Which policy decided, and the rules of it that had a part in it."""
    hits, advice = _hits(origin.rules, action), _advice(trail)
    return {
        "engine": origin.engine,
        "bundle": origin.bundle or None,
        "revision": origin.revision or None,
        "path": origin.path,
        "rules": [*hits, *advice] if advice else hits,
    }
