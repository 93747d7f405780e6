"""An obligation as a policy writes it, read or refused: one reader per kind.

A kind or field that isn't known here was perhaps what makes the obligation strict, so it isn't left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.accounts import PERIODS
from gateway.engine.unusable import Unusable, is_text
from gateway.types import Budget, Clamp, Limit, Retain, Route

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gateway.types import Obligation

MAX_NAME_CHARS = 128
MAX_DEPLOYMENTS = 1024
MAX_INTEGER = 2**53 - 1
MAX_TEMPERATURE = 2
MAX_KEY_CHARS = 256
MAX_WINDOW_S = 366 * 86_400
MAX_MARKS = 8
LEAST_SHARE = 0.001


def obligation(value: object) -> Obligation:
    """Read one obligation.

    Raises:
        Unusable: `obligation.unknown` or `obligation.malformed`.
    """
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
_COUNTS = ("requests", "tokens", "concurrent")
_LIMIT_FIELDS = frozenset({"kind", "key", "window_s", "share", *_COUNTS})
_BUDGET_FIELDS = frozenset(
    {"kind", "key", "usd_micros", "hard", "period", "window_s", "time_zone", "warn_at", "unpriced", "share"}
)


def _route(value: dict[str, Any]) -> Route:
    _has(value, _ROUTE_FIELDS)
    names = value["deployments"]
    if type(names) is not list or not 0 < len(names) <= MAX_DEPLOYMENTS:
        raise Unusable("obligation.malformed", f"route: deployments is no array of 1 to {MAX_DEPLOYMENTS}")
    for name in names:
        if not is_text(name, MAX_NAME_CHARS) or not name:
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


def _limit(value: dict[str, Any]) -> Limit:
    _within(value, _LIMIT_FIELDS, frozenset({"kind", "key"}))
    counts = {name: _positive(value[name], f"limit: {name}") for name in _COUNTS if name in value}
    window_s = _window_s(value, "limit") if "window_s" in value else None
    if not counts or (window_s is None) != (counts.keys() <= {"concurrent"}):
        raise Unusable(
            "obligation.malformed", "limit: requests and tokens need a window_s, and it needs one of them"
        )
    return Limit(_key(value, "limit"), window_s, **counts, share=_share(value, "limit"))


def _budget(value: dict[str, Any]) -> Budget:
    _within(value, _BUDGET_FIELDS, frozenset({"kind", "key", "usd_micros", "hard"}))
    if ("period" in value) == ("window_s" in value):
        raise Unusable("obligation.malformed", "budget: it needs period or window_s, and not both")
    period, zone, unpriced = value.get("period"), value.get("time_zone"), value.get("unpriced")
    if "period" in value and (type(period) is not str or period not in PERIODS):
        raise Unusable("obligation.unknown", "budget: the period is unknown here")
    if "time_zone" in value and (not zone or not is_text(zone, MAX_NAME_CHARS)):
        raise Unusable("obligation.malformed", "budget: time_zone is not a short text")
    if "unpriced" in value and unpriced not in ("refuse", "free"):  # no set: what can't be hashed would raise
        raise Unusable("obligation.unknown", "budget: the treatment of what has no price is unknown here")
    if type(value["hard"]) is not bool:
        raise Unusable("obligation.malformed", "budget: hard is neither true nor false")
    return Budget(
        _key(value, "budget"),
        _positive(value["usd_micros"], "budget: usd_micros"),
        value["hard"],
        period,
        _window_s(value, "budget") if "window_s" in value else None,
        zone,
        _marks(value["warn_at"]) if "warn_at" in value else None,
        unpriced,
        _share(value, "budget"),
    )


def _within(value: dict[str, Any], fields: frozenset[str], needed: frozenset[str]) -> None:
    """As `_has`, where some fields may be left out."""
    if not value.keys() <= fields:
        raise Unusable("obligation.unknown", f"{value['kind']} has no fields but {', '.join(sorted(fields))}")
    if not needed <= value.keys():
        raise Unusable(
            "obligation.malformed", f"{value['kind']} needs the fields {', '.join(sorted(needed))}"
        )


def _key(value: dict[str, Any], kind: str) -> str:
    key = value["key"]
    if not key or not is_text(key, MAX_KEY_CHARS):
        raise Unusable("obligation.malformed", f"{kind}: key is no text of 1 to {MAX_KEY_CHARS} characters")
    return str(key)


def _window_s(value: dict[str, Any], kind: str) -> int:
    window_s = _positive(value["window_s"], f"{kind}: window_s")
    if window_s > MAX_WINDOW_S:
        raise Unusable("obligation.malformed", f"{kind}: window_s is more than {MAX_WINDOW_S}")
    return window_s


def _share(value: dict[str, Any], kind: str) -> float | None:
    if "share" not in value:
        return None
    share = value["share"]
    if type(share) not in (int, float) or not LEAST_SHARE <= share <= 1:
        raise Unusable("obligation.malformed", f"{kind}: share is no number from {LEAST_SHARE} to 1")
    return float(share)


def _marks(value: object) -> tuple[float, ...]:
    if type(value) is not list or len(value) > MAX_MARKS:
        raise Unusable("obligation.malformed", f"budget: warn_at is no array of at most {MAX_MARKS}")
    for mark in value:
        if type(mark) not in (int, float) or not 0 <= mark <= 1:
            raise Unusable(
                "obligation.malformed", "budget: warn_at has something else than numbers from 0 to 1"
            )
    return tuple(value)


def _positive(value: object, name: str) -> int:
    """An integer and nothing that only behaves like one: `true` is 1 in Python."""
    if type(value) is not int or not 0 < value <= MAX_INTEGER:
        raise Unusable("obligation.malformed", f"{name} is no positive integer")
    return value


READERS: Mapping[str, Callable[[dict[str, Any]], Obligation]] = {
    "route": _route,
    "clamp": _clamp,
    "retain": _retain,
    "limit": _limit,
    "budget": _budget,
}
