"""How limits and budgets look to callers: what refuses them, what is left, what is running low.

A key such as `hr/team:hr` names the row of the policy's data and whose count it is. Of it callers learn the
row and the level, which are theirs; of a key of another make that it is the policy's own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from audit.instants import instant_text
from gateway.accounts import WHOLE_PPM, Concurrency, Purse, Rate
from gateway.errors import Refused
from gateway.reasons import LEVELS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gateway.accounts import Overdrawn, Standing

Headers = tuple[tuple[bytes, bytes], ...]

FINAL: Headers = ((b"x-should-retry", b"false"),)
"""OpenAI's clients try again after a 429 unless they are told that it is pointless."""

_SECOND_US = 1_000_000
_PATIENCE_US = 60 * _SECOND_US
_CONCURRENT_RETRY_S = 1
_OTHER = "key"
_KEY = re.compile(
    r"(?P<row>[a-z0-9][a-z0-9._-]{0,63})/(?P<level>everybody|organization|team|user|model)(?=[:#]|\Z)"
)
_UNITS = {"requests": "requests", "tokens": "tokens", "concurrent": "calls at once"}


class Account(NamedTuple):
    """What a key says.

    Args:
        row: of the policy's data; empty for a key of another make.
        level: one of `LEVELS`.
    """

    row: str
    level: str


def account(key: str) -> Account:
    """Read a key."""
    said = _KEY.match(key)
    if said is None:
        return Account("", _OTHER)
    return Account(said["row"], said["level"])


def refusal(overdrawn: Overdrawn) -> Refused:
    """The refusal of a call that doesn't fit: which limit of which level, and when there is room again."""
    standing = overdrawn.standing
    at = account(standing.allowance.key)
    money = standing.quantity == "usd_micros"
    code = f"budget.{at.level}" if money else f"limit.{standing.quantity}.{at.level}"
    never = overdrawn.asked > standing.most
    wait_us = _wait_us(overdrawn)
    refused = Refused(
        code,
        _explained(overdrawn, at, never=never),
        param=at.row or None,
        retry_after=str(-(-wait_us // _SECOND_US)) if wait_us is not None else None,
    )
    refused.headers = rates([standing], overdrawn.now_us)
    if wait_us is None or (money and wait_us > _PATIENCE_US):
        refused.headers += FINAL
    return refused


def _wait_us(overdrawn: Overdrawn) -> int | None:
    """How long to wait; None if waiting is pointless."""
    if overdrawn.retry_at_us is not None:
        return max(1, overdrawn.retry_at_us - overdrawn.now_us)
    return _CONCURRENT_RETRY_S * _SECOND_US if overdrawn.standing.quantity == "concurrent" else None


def _explained(overdrawn: Overdrawn, at: Account, *, never: bool) -> str:
    standing = overdrawn.standing
    whose, named = LEVELS[at.level], f" (`{at.row}`)" if at.row else ""
    if standing.quantity == "usd_micros":
        budget = f"budget of {whose}{named} for {_span(standing)}"
        if never:
            ways = "ask for a shorter reply, for fewer, or another model"
            return f"This call may cost more than the whole {budget}: {ways}."
        anew = instant_text(standing.resets_at_us)
        return f"The {budget} has too little left for this call. It begins anew at {anew}."
    if never:
        return (
            f"This call may take {overdrawn.asked} {standing.quantity}; "
            f"{whose}{named} may have {standing.most} in {_span(standing)}."
        )
    unit = _UNITS[standing.quantity]
    span = "" if standing.quantity == "concurrent" else f" in {_span(standing)}"
    return f"The limit of {whose}{named} is reached: at most {standing.most} {unit}{span}."


def _span(standing: Standing) -> str:
    allowance = standing.allowance
    if isinstance(allowance, Purse) and allowance.period is not None:
        return f"this {allowance.period}"
    if isinstance(allowance, Concurrency):
        return "at once"
    return duration(allowance.window_us or 0)


def rates(standings: Iterable[Standing], now_us: int) -> Headers:
    """What is left of requests and tokens, in OpenAI's headers: of each the limit that leaves least.

    Args:
        now_us: the ledger's present.
    """
    found: Headers = ()
    limits = [each for each in standings if isinstance(each.allowance, Rate)]
    for quantity in ("requests", "tokens"):
        same = [each for each in limits if each.quantity == quantity]
        if same:
            tight = min(same, key=lambda each: (each.remaining, -each.resets_at_us))
            found += (
                (f"x-ratelimit-limit-{quantity}".encode(), str(tight.most).encode()),
                (f"x-ratelimit-remaining-{quantity}".encode(), str(tight.remaining).encode()),
                (
                    f"x-ratelimit-reset-{quantity}".encode(),
                    duration(max(0, tight.resets_at_us - now_us)).encode(),
                ),
            )
    return found


def low(standings: Sequence[Standing]) -> tuple[str, ...]:
    """Ids of the warnings that a caller is given: budgets that have passed one of their marks."""
    return tuple(
        sorted({f"budget.warning.{account(each.allowance.key).level}" for each in standings if _is_low(each)})
    )


def _is_low(standing: Standing) -> bool:
    purse = standing.allowance
    if not isinstance(purse, Purse):
        return False
    taken = standing.used + standing.reserved
    return any(taken * WHOLE_PPM >= mark * standing.most for mark in purse.marks_ppm)


def duration(length_us: int) -> str:
    """A length of time as OpenAI writes it (`6m0s`, `120ms`), rounded up to what is shown."""
    if length_us < _SECOND_US:
        return f"{-(-length_us // 1000)}ms"
    minutes, seconds = divmod(-(-length_us // _SECOND_US), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes}m{seconds}s"
    return f"{minutes}m{seconds}s" if minutes else f"{seconds}s"
