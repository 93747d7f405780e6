"""The question: what a policy sees as `input`; facts, no opinions, and never any text of a prompt.

The shape is version 1 of `policies/schemas/input.json`, after the OpenID AuthZEN Authorization API 1.0.
A fact that isn't there is left out, never null.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, cast

from gateway.accounts import Concurrency, Rate
from gateway.types import Question

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gateway.accounts import Standing
    from gateway.types import Call, Findings, Principal, RawRequest

ADMISSION = "gateway/admission/decision"
REQUEST = "gateway/request/decision"
RESPONSE = "gateway/response/decision"
CATALOGUE = "gateway/catalogue/decision"
ADMIN = "gateway/admin/decision"
ENTRYPOINTS = (ADMISSION, REQUEST, RESPONSE, CATALOGUE, ADMIN)
PROMPT_TOKENS = ("context", "content", "tokens")
USAGE = ("context", "usage")

_SECOND_US = 1_000_000


def describe(
    call: Call, principal: Principal, now_us: int, candidates: Sequence[Mapping[str, object]] = ()
) -> Question:
    """Put a call into the words of the question, as admission sees it: before its content is looked at.

    Args:
        now_us: wall clock, microseconds since the epoch.
        candidates: the deployments that could serve the call, as documents.
    """
    return Question(
        {
            "version": 1,
            "subject": _subject(principal, now_us),
            "action": _action(call),
            "resource": _resource(call, candidates),
            "context": _context(call.request_id, call.client_ip, now_us),
        }
    )


def administration(raw: RawRequest, principal: Principal, now_us: int) -> Question:
    """Put the wish to administer or audit the gateway into the words of the question.

    Args:
        raw: its action says what is wished for, such as `bundle.read`.
        now_us: wall clock, microseconds since the epoch.
    """
    return Question(
        {
            "version": 1,
            "subject": _subject(principal, now_us),
            "action": {"name": raw.action, "properties": {}},
            "resource": {"type": "admin", "id": "regent", "properties": {}},
            "context": _context(raw.request_id, raw.client_ip, now_us),
        }
    )


def with_content(question: Question, call: Call, findings: Findings) -> Question:
    """The same question once its content has been inspected."""
    document = question.document
    context = cast("dict[str, object]", document["context"])
    return Question({**document, "context": {**context, "content": _content(call, findings)}})


def with_usage(question: Question, standings: Iterable[Standing]) -> Question:
    """The same question, with how the limits and budgets stand that the call falls under."""
    document = question.document
    context = cast("dict[str, object]", document["context"])
    return Question({**document, "context": {**context, "usage": [_usage(each) for each in standings]}})


def _usage(standing: Standing) -> dict[str, object]:
    allowance = standing.allowance
    # A top-up can have been taken away again; of nothing, anything is more than all.
    taken = standing.used + standing.reserved
    facts: dict[str, object] = {"key": allowance.key, "part": taken / max(1, standing.most)}
    if isinstance(allowance, Concurrency):
        return facts | _limit(standing)
    if allowance.window_us is not None:
        facts["window_s"] = allowance.window_us // _SECOND_US
    if isinstance(allowance, Rate):
        return facts | _limit(standing)
    if allowance.period is not None:
        facts["period"] = allowance.period
    return facts | {
        "kind": "budget",
        "usd_micros": standing.most,
        "spent_usd_micros": standing.used,
        "reserved_usd_micros": standing.reserved,
        "remaining_usd_micros": standing.remaining,
    }


def _limit(standing: Standing) -> dict[str, object]:
    return {
        "kind": "limit",
        "quantity": standing.quantity,
        "most": standing.most,
        "used": standing.used + standing.reserved,
        "remaining": standing.remaining,
    }


def _context(request_id: str, client_ip: str, now_us: int) -> dict[str, object]:
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now_us // _SECOND_US)),
        "request_id": request_id,
        "network": {"client_ip": client_ip},
    }


def _subject(principal: Principal, now_us: int) -> dict[str, object]:
    authentication: dict[str, object] = {
        "method": principal.method,
        # A clock that runs behind the issuer's must not make an age negative.
        "age_s": max(0, now_us // _SECOND_US - principal.authenticated_at_s),
    }
    if principal.level is not None:
        authentication["level"] = principal.level
    properties: dict[str, object] = {
        "issuer": principal.issuer,
        "roles": list(principal.roles),
        "groups": list(principal.groups),
        "claims": principal.claims,
        "authentication": authentication,
    }
    if principal.organization is not None:
        properties["organization"] = principal.organization
    if principal.team is not None:
        properties["team"] = principal.team
    return {"type": principal.type, "id": principal.id, "properties": properties}


def _action(call: Call) -> dict[str, object]:
    if call.action == "models.list":
        return {"name": call.action, "properties": {}}
    properties: dict[str, object] = {
        "stream": call.stream,
        "tools": list(call.tools),
        "modalities": list(call.modalities),
    }
    if call.max_tokens is not None:
        properties["max_tokens"] = call.max_tokens
    if call.choices is not None:
        properties["choices"] = call.choices
    return {"name": call.action, "properties": properties}


def _resource(call: Call, candidates: Sequence[Mapping[str, object]]) -> dict[str, object]:
    if call.action == "models.list":
        return {"type": "catalogue", "id": "models", "properties": {}}
    return {"type": "model", "id": call.model, "properties": {"deployments": list(candidates)}}


def _content(call: Call, findings: Findings) -> dict[str, object]:
    content: dict[str, object] = {"labels": list(findings.labels)}
    if findings.prompt_tokens is not None:
        tokens: dict[str, object] = {"prompt": findings.prompt_tokens}
        if call.max_tokens is not None:
            tokens["completion_limit"] = call.max_tokens
        content["tokens"] = tokens
    return content
