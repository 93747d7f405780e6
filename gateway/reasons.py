"""Every reason code that the gateway itself gives, with the HTTP status and text that go with it.

Policies give reason ids of their own (`residency.hr_onprem`); those answer 403 with the policy's text.
`docs/reason-codes.md` is this table for people; a test holds the two together.
"""

from __future__ import annotations

from typing import NamedTuple


class ReasonCode(NamedTuple):
    """How one failure is answered.

    Args:
        status: the HTTP status.
        type: OpenAI's `error.type`.
        message: what the caller may know; never a fact about other callers, keys or prompts.
        retry_after_s: seconds for `retry-after`; None where retrying is pointless.
    """

    status: int
    type: str
    message: str
    retry_after_s: int | None = None


_INPUT = "invalid_request_error"
_IDENTITY = "authentication_error"
_POLICY = "permission_error"
_SERVER = "api_error"

LEVELS = {
    "everybody": "everybody together",
    "organization": "your organisation",
    "team": "your team",
    "user": "your account",
    "model": "this model",
    "key": "what this policy counts by",
}
"""Whose limit or budget it is, and how callers are told; `key` is for keys of a policy's own make."""

_LIMITED = "rate_limit_error"
_SPENT = "insufficient_quota"

REASONS: dict[str, ReasonCode] = {
    # The request itself
    "input.malformed": ReasonCode(400, _INPUT, "The body is not valid JSON in UTF-8."),
    "input.not_object": ReasonCode(400, _INPUT, "The body must be a JSON object."),
    "input.too_deep": ReasonCode(400, _INPUT, "The body is nested too deeply."),
    "input.invalid": ReasonCode(400, _INPUT, "A field of the request is missing or has the wrong type."),
    "input.out_of_bounds": ReasonCode(400, _INPUT, "A field of the request exceeds its bound."),
    "input.labels": ReasonCode(400, _INPUT, "The declared data labels are malformed."),
    "input.too_large": ReasonCode(413, _INPUT, "The body is too large."),
    "input.too_slow": ReasonCode(408, _INPUT, "The body did not arrive in time."),
    "input.media_type": ReasonCode(415, _INPUT, "The body must be sent as application/json, unencoded."),
    "input.http": ReasonCode(400, _INPUT, "The request is not valid HTTP/1.1."),
    "input.head_too_large": ReasonCode(431, _INPUT, "The request's headers are too large."),
    "input.disconnected": ReasonCode(499, _INPUT, "The client went away before the answer."),
    "route.unknown": ReasonCode(404, _INPUT, "There is nothing at this URL."),
    "route.method": ReasonCode(405, _INPUT, "This URL does not take this method."),
    "model.unknown": ReasonCode(404, _INPUT, "The model does not exist or you may not use it."),
    # Who calls
    "identity.missing": ReasonCode(401, _IDENTITY, "Send your token as `Authorization: Bearer ...`."),
    "identity.ambiguous": ReasonCode(401, _IDENTITY, "Send exactly one Authorization header."),
    "identity.malformed": ReasonCode(401, _IDENTITY, "The token is not a signed JWT."),
    "identity.too_large": ReasonCode(401, _IDENTITY, "The token is too large."),
    "identity.type": ReasonCode(401, _IDENTITY, "The token is not a bearer access token."),
    "identity.algorithm": ReasonCode(401, _IDENTITY, "The token's algorithm is not accepted."),
    "identity.header": ReasonCode(401, _IDENTITY, "The token's header has parameters that are not accepted."),
    "identity.issuer": ReasonCode(401, _IDENTITY, "The token's issuer is not trusted here."),
    "identity.key": ReasonCode(
        401, _IDENTITY, "The token is signed with a key that its issuer does not publish."
    ),
    "identity.signature": ReasonCode(401, _IDENTITY, "The token's signature does not verify."),
    "identity.audience": ReasonCode(401, _IDENTITY, "The token is not meant for this gateway."),
    "identity.expired": ReasonCode(401, _IDENTITY, "The token has expired."),
    "identity.not_yet_valid": ReasonCode(401, _IDENTITY, "The token is not valid yet."),
    "identity.claims": ReasonCode(401, _IDENTITY, "A claim of the token is missing or malformed."),
    "identity.unavailable": ReasonCode(503, _SERVER, "The issuer's keys cannot be fetched right now.", 5),
    # What the policy engine could not say
    "engine.unavailable": ReasonCode(503, _SERVER, "The policy engine cannot be reached.", 1),
    "engine.timeout": ReasonCode(503, _SERVER, "The policy engine did not answer in time.", 1),
    "engine.error": ReasonCode(503, _SERVER, "The policy could not be evaluated.", 5),
    "engine.budget_exceeded": ReasonCode(503, _SERVER, "The policy takes too much work to evaluate."),
    "engine.undefined": ReasonCode(503, _SERVER, "No policy is active for this question.", 5),
    "policy.changing": ReasonCode(503, _SERVER, "The policy changed while it was asked.", 1),
    "decision.malformed": ReasonCode(503, _SERVER, "The policy's answer could not be understood.", 5),
    "decision.unexplained": ReasonCode(403, _POLICY, "The policy refused without a reason."),
    "obligation.unknown": ReasonCode(
        403, _POLICY, "The policy asks for something that this gateway cannot enforce."
    ),
    "obligation.malformed": ReasonCode(
        403, _POLICY, "The policy asks for something that cannot be understood."
    ),
    "obligation.no_route": ReasonCode(
        403, _POLICY, "The policy leaves no deployment that may serve this call."
    ),
    "obligation.unsealable": ReasonCode(
        403, _POLICY, "The policy has the call kept sealed, and this gateway has no key to seal with."
    ),
    "obligation.too_large_to_seal": ReasonCode(
        413, _INPUT, "The policy has the call kept sealed, and the body is too large for that."
    ),
    # Limits and budgets; how long to wait is said by the one that refuses
    **{
        f"limit.{quantity}.{level}": ReasonCode(429, _LIMITED, f"The limit of {unit} of {whose} is reached.")
        for quantity, unit in (
            ("requests", "requests"),
            ("tokens", "tokens"),
            ("concurrent", "calls at once"),
        )
        for level, whose in LEVELS.items()
    },
    **{
        f"budget.{level}": ReasonCode(429, _SPENT, f"The budget of {whose} has too little left.")
        for level, whose in LEVELS.items()
    },
    "budget.unpriced": ReasonCode(
        403, _POLICY, "A budget pays for this call, and no deployment that may serve it has a price."
    ),
    "budget.correction_unfit": ReasonCode(
        400,
        _INPUT,
        "The correction would bring the budget's sum below nothing, or above what can be counted.",
    ),
    "budget.unknown_account": ReasonCode(404, _INPUT, "Nothing is counted under this key."),
    "ledger.unavailable": ReasonCode(503, _SERVER, "Limits and budgets cannot be counted right now.", 1),
    "ledger.busy": ReasonCode(503, _SERVER, "Limits and budgets could not be counted in time.", 1),
    "ledger.full": ReasonCode(503, _SERVER, "There is no room to count limits and budgets."),
    "ledger.lost": ReasonCode(503, _SERVER, "What was counted for limits and budgets is lost."),
    # The audit log
    "log.not_durable": ReasonCode(503, _SERVER, "The decision could not be recorded.", 2),
    "log.backlogged": ReasonCode(503, _SERVER, "Too many decisions are waiting to be recorded.", 1),
    "log.record_refused": ReasonCode(503, _SERVER, "The decision could not be recorded."),
    "log.unwitnessed": ReasonCode(503, _SERVER, "The record of decisions has no witnesses at present.", 5),
    "audit.unknown": ReasonCode(404, _INPUT, "The audit log has no such record."),
    "audit.unmerged": ReasonCode(404, _INPUT, "No published checkpoint covers the record yet.", 1),
    "audit.busy": ReasonCode(503, _SERVER, "Too many are reading the audit log.", 1),
    "audit.too_long": ReasonCode(503, _SERVER, "The audit log did not answer in time; ask for less."),
    "audit.unreadable": ReasonCode(503, _SERVER, "The audit log cannot be read right now.", 5),
    "usage.too_large": ReasonCode(400, _INPUT, "A sum is too large to be given exactly; ask for less."),
    # The upstream
    "upstream.unreachable": ReasonCode(502, _SERVER, "The model's server cannot be reached.", 2),
    "upstream.broken": ReasonCode(502, _SERVER, "The model's answer broke off.", 2),
    "upstream.timeout": ReasonCode(504, _SERVER, "The model's server did not answer in time.", 2),
    "upstream.rate_limited": ReasonCode(429, _LIMITED, "The model's server is limiting requests.", 1),
    "upstream.quota_exhausted": ReasonCode(429, _SPENT, "The provider's quota is used up."),
    "upstream.rejected": ReasonCode(400, _INPUT, "The model's server refused the request."),
    "upstream.unauthorized": ReasonCode(
        502, _SERVER, "The gateway's credential for the model's server was refused."
    ),
    "upstream.unavailable": ReasonCode(503, _SERVER, "The model's server is not available.", 2),
    "upstream.malformed": ReasonCode(
        502, _SERVER, "The model's server sent an answer that cannot be understood."
    ),
    "upstream.too_large": ReasonCode(502, _SERVER, "The model's answer is too large."),
    "upstream.stream_broken": ReasonCode(502, _SERVER, "The model's answer broke off before its end."),
    "upstream.stream_error": ReasonCode(
        502, _SERVER, "The model's server reported an error inside its answer."
    ),
    # The house itself
    "gateway.error": ReasonCode(500, _SERVER, "Something went wrong inside the gateway."),
}
