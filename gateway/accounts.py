"""The ledger's words as frozen values: what a call takes, what a counter allows, how the counter stands.

Knows nothing but the language. Money is integer micro-USD, time integer microseconds UTC.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, get_args

_PERSON = re.compile(r"(?P<shown>[^/]*/user)#.*", re.DOTALL)

Period = Literal["day", "week", "month", "quarter", "year"]
PERIODS: tuple[Period, ...] = get_args(Period)
WHOLE_PPM = 1_000_000
"""The whole, where parts are counted in millionths."""

Quantity = Literal["requests", "tokens", "concurrent", "usd_micros"]


class Amount(NamedTuple):
    """What a call takes; as an estimate when it is reserved, as a fact when it is settled.

    Args:
        requests: 1 for a call that left the house, 0 for one that didn't.
        tokens: of the prompt and the completion together.
        usd_micros: its cost.
    """

    requests: int = 0
    tokens: int = 0
    usd_micros: int = 0


NOTHING = Amount()

_RESERVATION = re.compile(r"(?:[0-9a-f]{2}){16,32}")


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests or tokens in any stretch of time of one length.

    Args:
        key: whose count it is, as the policy names it; at most 256 characters.
        window_us: length of that stretch, microseconds.
        requests: the most requests; None if they don't matter.
        tokens: the most tokens; None if they don't matter. One of both is said.
        share: the part of it (over 0, up to 1) that one replica may give out by itself while the ledger
            can't be reached; None if then nobody may.
    """

    key: str
    window_us: int
    requests: int | None = None
    tokens: int | None = None
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Concurrency:
    """So many calls at once.

    Args:
        key, share: as for `Rate`.
        calls: the most calls in flight.
    """

    key: str
    calls: int
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Purse:
    """So much money in a period of the calendar, or in any stretch of time of one length.

    Args:
        key, share: as for `Rate`.
        usd_micros: how much.
        period: the calendar's period, weeks from Monday; None for a rolling one.
        window_us: length of a rolling one, microseconds; None for one of the calendar.
        time_zone: IANA name of the zone in which days begin; of no account for a rolling one.
        warn_ppm: parts of it, in millionths, at which somebody is to be warned; ascending.
        hard: whether a call that doesn't fit is refused.
    """

    key: str
    usd_micros: int
    period: Period | None = None
    window_us: int | None = None
    time_zone: str = "UTC"
    warn_ppm: tuple[int, ...] = ()
    hard: bool = True
    share: float | None = None

    @property
    def marks_ppm(self) -> tuple[int, ...]:
        """Where somebody is warned: a soft one ends nothing, so it says when it is spent."""
        return self.warn_ppm if self.hard else (*self.warn_ppm, WHOLE_PPM)


Allowance = Rate | Concurrency | Purse
"""What one counter allows. Two of one counter are one: the stricter (see `gateway.ledger.merging`)."""


def counts_length(allowance: Allowance) -> bool:
    """Tell whether a call's length counts under an allowance: its tokens, or what they cost."""
    return isinstance(allowance, Purse) or (isinstance(allowance, Rate) and allowance.tokens is not None)


@dataclass(frozen=True, slots=True)
class Standing:
    """How one quantity of one allowance stands.

    Args:
        allowance: which.
        quantity: of what.
        most: how much is allowed, a purse's top-ups included.
        used: how much is gone: settled, and for a `Rate` what is reserved as well.
        reserved: how much more is held for calls in flight; 0 for a `Rate`.
        resets_at_us: when all that is used now will be free again: a period's end, or when the window has
            passed over the last use; the ledger's present where nothing is used. 0 for `concurrent`.
    """

    allowance: Allowance
    quantity: Quantity
    most: int
    used: int
    reserved: int
    resets_at_us: int

    @property
    def remaining(self) -> int:
        """How much is left; never negative."""
        return max(0, self.most - self.used - self.reserved)


@dataclass(frozen=True, slots=True)
class Overdrawn:
    """What doesn't fit: nothing was reserved, under no allowance.

    Args:
        standing: the allowance that refuses; of several the one that will do so for longest.
        asked: how much was asked of it.
        retry_at_us: when the same amount fits if nobody else takes any; None if that can't be known
            (`concurrent`) or never comes (`asked` is more than `standing.most`).
        now_us: the ledger's present.
    """

    standing: Standing
    asked: int
    retry_at_us: int | None
    now_us: int


@dataclass(frozen=True, slots=True)
class Warned:
    """A purse that has just passed one of its marks; told to one caller, and once more at most.

    A period's mark that was told of what is held, and wasn't reached any more then, is told of what is spent.

    Args:
        purse: which.
        at_ppm: the mark, in millionths of the sum.
        taken_usd_micros: spent and reserved, this call included.
        most_usd_micros: the sum, top-ups included.
        resets_at_us: as in `Standing`.
    """

    purse: Purse
    at_ppm: int
    taken_usd_micros: int
    most_usd_micros: int
    resets_at_us: int


@dataclass(frozen=True, slots=True)
class Reservation:
    """What is held for one call, until it is settled.

    Args:
        id: whole bytes in hex; of a request's the id of its decision comes first, so that the log tells
            whose it was.
        allowances: under which, merged.
        amount: how much.
        at_us: when, by the ledger's clock.
        standings: how they stand with it, in the order of `allowances`.
        warnings: marks that it passed.
        local: whether it was given out by this replica alone, because the ledger couldn't be reached.
    """

    id: str
    allowances: tuple[Allowance, ...]
    amount: Amount
    at_us: int
    standings: tuple[Standing, ...]
    warnings: tuple[Warned, ...] = ()
    local: bool = False


@dataclass(frozen=True, slots=True)
class Settled:
    """What a settlement found.

    Args:
        warnings: marks that the difference passed.
        late: whether the reservation had expired meanwhile; its estimate was put right all the same where
            it was still known.
    """

    warnings: tuple[Warned, ...] = ()
    late: bool = False


@dataclass(frozen=True, slots=True)
class Expired:
    """A reservation whose holder is gone: counted as used in full, since nobody can say that it wasn't.

    Args:
        reservation: its id.
        amount: what it had reserved.
        keys: of its allowances.
        at_us: when it was made.
    """

    reservation: str
    amount: Amount
    keys: tuple[str, ...]
    at_us: int


@dataclass(frozen=True, slots=True)
class Correction:
    """What an administrator changes about a purse's present period.

    Args:
        kind: `reset` makes what was spent nothing, `top_up` adds to the sum, `carry_over` adds what the
            period before left over, once.
        usd_micros: how much is added; of `top_up` alone. Negative takes away again.
        known: whether there must be counts of the purse already, of this period or of the one before: a
            misspelt key has none.
    """

    kind: Literal["reset", "top_up", "carry_over"]
    usd_micros: int = 0
    known: bool = False


class PriceTerms(NamedTuple):
    """What a call's price depends on besides its tokens.

    Args:
        at_us: when, microseconds since the epoch (UTC): some prices begin on a day, or hold by night.
        service_tier: what the client wants of the upstream (`flex`, `priority`); empty if nothing special.
        modalities: what goes in or is asked for, as in `Call.modalities`: a list may price sound apart.
        batch: whether the call is part of a batch.
    """

    at_us: int
    service_tier: str = ""
    modalities: tuple[str, ...] = ("text",)
    batch: bool = False


class Sent(Protocol):
    """**Protocol:** what a caller has been told so far."""

    def add(self, events: bytes) -> None:
        """One or more whole events, as they go to the caller; MUST cost next to nothing."""
        ...

    @property
    def tokens(self) -> int:
        """The tokens of all that was told, as near as can be known."""
        ...


def reservation_name(name: str | None) -> str:
    """Return the id that a reservation gets: the one that is wished for, or a random one.

    Raises:
        ValueError: it isn't 16 to 32 bytes in hex: another could break out of a command to a server.
    """
    if name is None:
        return secrets.token_hex(16)
    if not _RESERVATION.fullmatch(name):
        raise ValueError("a reservation's name is 16 to 32 bytes in hex")
    return name


def recorded(key: str) -> str:
    """Return a key as the audit log has it: of a user's, which is a digest of who he is, only that it is one.

    A record says who it was by a pseudonym, and that can be erased. A digest can't, and can be guessed.
    """
    person = _PERSON.fullmatch(key)
    return person["shown"] if person else key
