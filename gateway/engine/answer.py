"""A policy's answer as a decision, or a refusal to take it for one; knows the decision's shape and no engine.

The shape is `policies/schemas/decision.json`. Nothing is guessed, converted or left out: what isn't
understood completely was perhaps a condition of the permission.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gateway.errors import GatewayError
from gateway.reasons import REASONS
from gateway.types import Advice, Allow, Clamp, Deny, Reason, Retain, Route

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gateway.types import Decision, Obligation, Origin

MAX_REASONS = 64
MAX_OBLIGATIONS = 64
MAX_ADVICE = 64
MAX_CONTROLS = 32
MAX_DEPLOYMENTS = 1024
MAX_TEXT_CHARS = 2000
MAX_NAME_CHARS = 128
MAX_INTEGER = 2**53 - 1
MAX_TEMPERATURE = 2
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


class Unusable(GatewayError):
    """The answer isn't a decision.

    Args:
        code: `decision.malformed`, `decision.unexplained`, `obligation.unknown` or `obligation.malformed`.
        detail: what is wrong, for the administrator; nothing of the answer but names of fields.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


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
        return Allow(reasons, tuple([_obligation(item) for item in obligations]), origin, advice)
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
    if not _is_text(user, MAX_TEXT_CHARS) or not user or not _is_text(admin, MAX_TEXT_CHARS):
        raise Unusable("decision.malformed", "a reason's text is missing, too long or not text")
    if type(controls) is not list or len(controls) > MAX_CONTROLS:
        raise Unusable("decision.malformed", f"a reason's controls are no array of at most {MAX_CONTROLS}")
    for control in controls:
        if not _is_text(control, MAX_NAME_CHARS):
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


def _is_text(value: object, most: int) -> bool:
    """Whether it is a string that can be written down: a lone surrogate can't, and would fail later."""
    if type(value) is not str or len(value) > most:
        return False
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


# Obligations: one reader per kind.


def _obligation(value: object) -> Obligation:
    if type(value) is not dict:
        raise Unusable("obligation.malformed", "an obligation is no object")
    kind = value.get("kind")
    read = READERS.get(kind) if type(kind) is str else None
    if read is None:
        raise Unusable("obligation.unknown", "an obligation's kind is unknown here")
    return read(value)


def _has(value: dict[str, Any], fields: frozenset[str]) -> None:
    """Refuse missing fields, and unknown ones: an unknown one may be what makes the obligation strict."""
    if value.keys() != fields:
        unknown = not value.keys() <= fields
        code = "obligation.unknown" if unknown else "obligation.malformed"
        raise Unusable(code, f"{value['kind']} needs exactly the fields {', '.join(sorted(fields))}")


_ROUTE_FIELDS = frozenset({"kind", "deployments", "strategy"})
_CLAMP_FIELDS = frozenset({"kind", "max_tokens", "temperature"})
_RETAIN_FIELDS = frozenset({"kind", "payload", "days"})


def _route(value: dict[str, Any]) -> Route:
    _has(value, _ROUTE_FIELDS)
    names = value["deployments"]
    if type(names) is not list or not 0 < len(names) <= MAX_DEPLOYMENTS:
        raise Unusable("obligation.malformed", f"route: deployments is no array of 1 to {MAX_DEPLOYMENTS}")
    for name in names:
        if not _is_text(name, MAX_NAME_CHARS) or not name:
            raise Unusable("obligation.malformed", "route: a deployment is not a short text")
    if len(set(names)) != len(names):
        raise Unusable("obligation.malformed", "route: a deployment is named twice")
    if value["strategy"] != "ordered":
        raise Unusable("obligation.unknown", "route: the strategy is unknown here")
    return Route(tuple(names))


def _clamp(value: dict[str, Any]) -> Clamp:
    if not value.keys() <= _CLAMP_FIELDS:
        raise Unusable("obligation.unknown", f"clamp has no fields but {', '.join(sorted(_CLAMP_FIELDS))}")
    if len(value) == 1:  # one that clamps nothing was perhaps meant to
        raise Unusable("obligation.malformed", "clamp needs max_tokens or temperature")
    return Clamp(
        _positive(value["max_tokens"], "clamp: max_tokens") if "max_tokens" in value else None,
        _temperature(value["temperature"]) if "temperature" in value else None,
    )


def _temperature(value: object) -> float:
    if type(value) not in (int, float) or not 0 <= value <= MAX_TEMPERATURE:  # type: ignore[operator]  # a number
        raise Unusable("obligation.malformed", f"clamp: temperature is no number from 0 to {MAX_TEMPERATURE}")
    return value  # type: ignore[return-value]  # a number


def _retain(value: dict[str, Any]) -> Retain:
    _has(value, _RETAIN_FIELDS)
    payload = value["payload"]
    if payload not in ("none", "digest", "sealed"):  # no set: what can't be hashed would raise
        raise Unusable("obligation.unknown", "retain: the payload is unknown here")
    return Retain(payload, _positive(value["days"], "retain: days"))


def _positive(value: object, name: str) -> int:
    """An integer and nothing that only behaves like one: `true` is 1 in Python."""
    if type(value) is not int or not 0 < value <= MAX_INTEGER:
        raise Unusable("obligation.malformed", f"{name} is no positive integer")
    return value


READERS: Mapping[str, Callable[[dict[str, Any]], Obligation]] = {
    "route": _route,
    "clamp": _clamp,
    "retain": _retain,
}
