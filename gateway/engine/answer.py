"""A policy's answer as a decision, or a refusal to take it for one; knows the decision's shape and no engine.

The shape is `policies/schemas/decision.json`. Nothing is guessed, converted or left out: what isn't
understood completely was perhaps a condition of the permission.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gateway.engine.obligations import obligation
from gateway.engine.unusable import Unusable, is_text
from gateway.reasons import REASONS
from gateway.types import Advice, Allow, Deny, Reason

if TYPE_CHECKING:
    from gateway.types import Decision, Origin

MAX_REASONS = 64
MAX_OBLIGATIONS = 64
MAX_ADVICE = 64
MAX_CONTROLS = 32
MAX_TEXT_CHARS = 2000
MAX_NAME_CHARS = 128
REASON_ID = re.compile(r"[a-z0-9_][a-z0-9._-]{0,127}")

RESERVED = frozenset({*REASONS, "allowed", "client.gone"})
"""Ids that only the gateway gives: a policy's would borrow their status and mislead the log's readers."""

RULE_NAME = re.compile(r"[a-z][a-z0-9_]{0,127}")
KIND = re.compile(r"[a-z][a-z0-9_]{0,31}")

_FIELDS = frozenset({"allow", "reasons", "obligations", "advice"})
_REASON_FIELDS = frozenset({"id", "user", "admin", "controls"})
_ADVICE_FIELDS = (
    frozenset({"rule", "enforcement", "reason"}),
    frozenset({"rule", "enforcement", "obligation"}),
)


def decision(value: object, origin: Origin) -> Decision:
    """Read a decision.

    Args:
        value: the JSON value that the engine answered.
        origin: what decided.

    Raises:
        Unusable: for everything that isn't exactly a decision.
    """
    if type(value) is not dict or not value.keys() <= _FIELDS:
        raise Unusable("decision.malformed", "the answer is no object with the fields of a decision")
    allow = value.get("allow")
    reasons = tuple([_reason(item) for item in _items(value, "reasons", MAX_REASONS)])
    obligations = _items(value, "obligations", MAX_OBLIGATIONS)
    advice: tuple[Advice, ...] = ()
    if "advice" in value:
        advice = tuple([_advice(item) for item in _items(value, "advice", MAX_ADVICE)])
    if allow is True:
        return Allow(reasons, tuple([obligation(item) for item in obligations]), origin, advice)
    if allow is not False:  # `1`, `"true"` and `null` are mistakes, and a mistake permits nothing
        raise Unusable("decision.malformed", "allow is neither true nor false")
    if not reasons:
        raise Unusable("decision.unexplained", "a denial without reasons")
    return Deny(reasons, origin, advice)


def _items(value: dict[str, Any], name: str, most: int) -> list[Any]:
    items = value.get(name)
    if type(items) is not list or len(items) > most:
        raise Unusable("decision.malformed", f"{name} is no array of at most {most}")
    return items


def _reason(value: object) -> Reason:
    if type(value) is not dict or not value.keys() <= _REASON_FIELDS:
        raise Unusable("decision.malformed", "a reason is no object with the fields of a reason")
    name, user = value.get("id"), value.get("user")
    admin, controls = value.get("admin", ""), value.get("controls", [])
    if type(name) is not str or not REASON_ID.fullmatch(name) or name in RESERVED:
        raise Unusable("decision.malformed", "a reason's id is malformed or the gateway's own")
    if not is_text(user, MAX_TEXT_CHARS) or not user or not is_text(admin, MAX_TEXT_CHARS):
        raise Unusable("decision.malformed", "a reason's text is missing, too long or not text")
    if type(controls) is not list or len(controls) > MAX_CONTROLS:
        raise Unusable("decision.malformed", f"a reason's controls are no array of at most {MAX_CONTROLS}")
    for control in controls:
        if not is_text(control, MAX_NAME_CHARS):
            raise Unusable("decision.malformed", "a reason's control is not a short text")
    return Reason(name, user, admin, tuple(controls))


def _advice(value: object) -> Advice:
    """What may be ignored is recorded and shown all the same, so it must be what it seems to be.

    An obligation that is only advised may be of a kind that nobody here can enforce yet: that is how one is
    tried out. Of it nothing is kept.
    """
    if type(value) is not dict or value.keys() not in _ADVICE_FIELDS:
        raise Unusable("decision.malformed", "an advice is no object with the fields of an advice")
    rule, enforcement = value["rule"], value["enforcement"]
    if type(rule) is not str or not RULE_NAME.fullmatch(rule):
        raise Unusable("decision.malformed", "an advice's rule is malformed")
    if enforcement not in ("warn", "shadow"):  # no set: what can't be hashed would raise
        raise Unusable("decision.malformed", "an advice's enforcement is neither warn nor shadow")
    if "reason" in value:
        return Advice(rule, enforcement, _reason(value["reason"]))
    obligation = value["obligation"]
    kind = obligation.get("kind") if type(obligation) is dict else None
    if type(kind) is not str or not KIND.fullmatch(kind):
        raise Unusable("decision.malformed", "an advice's obligation is no object with a kind")
    return Advice(rule, enforcement)
