"""What a ledger means, said again as simply as possible: plain dictionaries, all counted anew each time.

Shares nothing with the ledger but the values, the names of counters and the calendar.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.accounts import Amount, Concurrency, Expired, Purse, Rate, Settled, Standing, Warned
from gateway.ledger.merging import counter, merged
from gateway.ledger.periods import before, span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gateway.accounts import Allowance, Correction, Overdrawn, Quantity

Name = tuple[object, ...]
NEVER_US = 2**80
NEXT = {"requests": 0, "tokens": 1, "usd_micros": 2}


@dataclass
class Money:
    """One purse in one period, or a rolling one."""

    spent: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    topped: int = 0
    known: int | None = None
    carried: bool = False
    told: dict[int, int] = field(default_factory=dict)
    fallen: set[int] = field(default_factory=set)


@dataclass
class Call:
    """A reservation, whatever became of it."""

    id: str
    holder: int
    allowances: tuple[Allowance, ...]
    amount: Amount
    at_us: int
    state: str = "open"
    listed: bool = False


class Model:
    """A ledger of one process without a store."""

    def __init__(self, now_us: int) -> None:
        self.now_us = now_us
        self.calls: dict[str, Call] = {}
        self._rates: dict[Name, dict[int, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
        self._money: dict[Name, Money] = defaultdict(Money)

    # ── what the ledger is asked ────────────────────────────────────────────────────────────────

    def refusals(self, allowances: Iterable[Allowance], amount: Amount) -> list[tuple[Standing, int | None]]:
        """Every quantity that doesn't fit, and when it would."""
        found: list[tuple[Standing, int | None]] = []
        for allowance in merged(allowances):
            for standing in self.standings(allowance):
                asked = 1 if standing.quantity == "concurrent" else amount[NEXT[standing.quantity]]
                soft = isinstance(allowance, Purse) and not allowance.hard
                if asked and not soft and standing.used + standing.reserved + asked > standing.most:
                    found.append((standing, self._retry_at_us(standing, asked)))
        return found

    def refusal(self, allowances: Iterable[Allowance], amount: Amount) -> tuple[Standing, int | None] | None:
        """The one that lasts longest."""
        best: tuple[Standing, int | None] | None = None
        for each in self.refusals(allowances, amount):
            if best is None or _end_us(each[1]) > _end_us(best[1]):
                best = each
        return best

    def reserve(
        self, name: str, holder: int, allowances: Iterable[Allowance], amount: Amount
    ) -> tuple[Warned, ...]:
        """Take what fits."""
        call = Call(name, holder, merged(allowances), amount, self.now_us)
        warnings: list[Warned] = []
        for allowance in call.allowances:
            if isinstance(allowance, Rate):
                slices = self._met(allowance)
                slot = slices[self.now_us // _slice_us(allowance.window_us)]
                slot[0] += amount.requests
                slot[1] += amount.tokens
            if isinstance(allowance, Purse):
                self._fall(allowance, self.now_us)
        self.calls[name] = call
        for allowance in call.allowances:
            if isinstance(allowance, Purse):
                self._spend(allowance, self.now_us, 0)
                self._at(allowance, self.now_us).known = allowance.usd_micros
                warnings += self._tell(allowance, self.now_us)
        return tuple(warnings)

    def settle(self, name: str, actual: Amount) -> Settled:
        """Put the fact in the place of the estimate."""
        call = self.calls[name]
        if call.state not in {"open", "expired"}:
            return Settled()
        late = call.state == "expired"
        for allowance in call.allowances:
            if isinstance(allowance, Purse):
                self._fall(allowance, call.at_us)
        call.state = "over"
        warnings: list[Warned] = []
        for allowance in call.allowances:
            if isinstance(allowance, Rate):
                self._change(allowance, call, actual)
            if isinstance(allowance, Purse):
                already = call.amount.usd_micros if late else 0
                self._spend(allowance, call.at_us, actual.usd_micros - already)
                warnings += self._tell(allowance, call.at_us)
        return Settled(tuple(warnings), late)

    def expire(self, holders: Iterable[int]) -> None:
        """Give up what these hold."""
        for call in self.calls.values():
            if call.state == "open" and call.holder in holders:
                call.state, call.listed = "expired", True
                for allowance in call.allowances:
                    if isinstance(allowance, Purse):
                        self._spend(allowance, call.at_us, call.amount.usd_micros)

    def expired(self) -> tuple[Expired, ...]:
        """What nobody has taken note of."""
        calls = sorted((each.at_us, each.id) for each in self.calls.values() if each.listed)
        found = [self.calls[name] for _, name in calls]
        return tuple(
            Expired(each.id, each.amount, tuple(dict.fromkeys(it.key for it in each.allowances)), each.at_us)
            for each in found
        )

    def correct(self, purse: Purse, correction: Correction) -> bool:
        """Change the present period, in full or not at all."""
        money = self._at(purse, self.now_us)
        added = correction.usd_micros
        if correction.kind == "carry_over":
            added = 0 if money.carried else self._left(purse)
            if not money.carried and not _fits(purse, money, added):
                return False
        elif correction.kind == "top_up" and not _fits(purse, money, added):
            return False
        if money.known is None:
            money.known = purse.usd_micros
        self._spend(purse, self.now_us, 0)
        if correction.kind == "reset":
            money.spent.clear()
        elif correction.kind == "top_up":
            money.topped += added
        else:
            money.carried = True
            money.topped += added
        self._untell(purse, self.now_us)
        return True

    def _left(self, purse: Purse) -> int:
        """What the period before has left."""
        assert purse.period is not None
        present = span(purse.period, purse.time_zone, self.now_us)
        past = self._money.get(_name(purse, before(purse.period, purse.time_zone, present).start_us))
        if past is None:
            return 0
        return max(0, max(0, (past.known or 0) + past.topped) - sum(past.spent.values()))

    def usage(self, allowances: Sequence[Allowance]) -> tuple[Standing, ...]:
        """How they stand."""
        return tuple(standing for each in allowances for standing in self.standings(each))

    # ── how it is counted ───────────────────────────────────────────────────────────────────────

    def standings(self, allowance: Allowance, at_us: int | None = None) -> list[Standing]:
        """How one stands, or would stand at a later moment if nothing happened."""
        now_us = self.now_us if at_us is None else at_us
        if isinstance(allowance, Concurrency):
            calls = [each for each in self._held() if _counts(each, allowance, None)]
            return [Standing(allowance, "concurrent", allowance.calls, 0, len(calls), 0)]
        if isinstance(allowance, Rate):
            uses = _moved(self._rates[_name(allowance, 0)], allowance.window_us, self.now_us)
            limits: list[tuple[Quantity, int | None]]
            limits = [("requests", allowance.requests), ("tokens", allowance.tokens)]
            return [
                self._windowed(allowance, quantity, most, _only(uses, NEXT[quantity]), now_us)
                for quantity, most in limits
                if most is not None
            ]
        money = self._at(allowance, self.now_us)
        most = max(0, allowance.usd_micros + money.topped)
        moment = None if allowance.period is None else _name(allowance, self.now_us)
        held = sum(each.amount.usd_micros for each in self._held() if _counts(each, allowance, moment))
        if allowance.period is not None:
            end_us = span(allowance.period, allowance.time_zone, self.now_us).end_us
            return [Standing(allowance, "usd_micros", most, sum(money.spent.values()), held, end_us)]
        spent = {number: [amount] for number, amount in money.spent.items()}
        moved = _only(_moved(spent, allowance.window_us or 0, self.now_us), 0)
        return [self._windowed(allowance, "usd_micros", most, moved, now_us, held)]

    def _windowed(
        self,
        allowance: Rate | Purse,
        quantity: Quantity,
        most: int,
        uses: dict[int, int],
        now_us: int,
        held: int = 0,
    ) -> Standing:
        window_us = allowance.window_us or 0
        slice_us = _slice_us(window_us)
        counted = {n: use for n, use in uses.items() if n >= (now_us - window_us) // slice_us and use}
        resets_us = max(((n + 1) * slice_us + window_us for n in counted), default=now_us)
        return Standing(allowance, quantity, most, sum(counted.values()), held, resets_us)

    def _retry_at_us(self, standing: Standing, asked: int) -> int | None:
        """By trying every moment at which a slice leaves."""
        it = standing.allowance
        if isinstance(it, Concurrency):
            return None
        if isinstance(it, Purse) and it.period is not None:
            return None if asked > it.usd_micros else standing.resets_at_us
        window_us = it.window_us or 0
        slice_us = _slice_us(window_us)
        first = (self.now_us - window_us) // slice_us
        for number in range(first, self.now_us // slice_us + 1):
            moment_us = (number + 1) * slice_us + window_us
            then = next(each for each in self.standings(it, moment_us) if each.quantity == standing.quantity)
            if then.used + then.reserved + asked <= then.most:
                return moment_us
        return None

    def _held(self) -> list[Call]:
        return [each for each in self.calls.values() if each.state == "open"]

    def _met(self, rate: Rate) -> dict[int, list[int]]:
        uses = self._rates[_name(rate, 0)]
        moved = _moved(uses, rate.window_us, self.now_us)
        uses.clear()
        uses.update(moved)
        return uses

    def _change(self, rate: Rate, call: Call, actual: Amount) -> None:
        changes = (actual.requests - call.amount.requests, actual.tokens - call.amount.tokens)
        if changes != (0, 0):
            _apply(self._rates[_name(rate, 0)], call.at_us, changes, rate.window_us, self.now_us)
            self._met(rate)

    def _spend(self, purse: Purse, at_us: int, change: int) -> None:
        money = self._at(purse, at_us)
        if purse.period is not None:
            money.spent[0] = max(0, money.spent[0] + change)
            return
        uses = {n: [amount] for n, amount in money.spent.items()}
        _apply(uses, at_us, (change,), purse.window_us or 0, self.now_us)
        moved = _moved(uses, purse.window_us or 0, self.now_us)
        money.spent.clear()
        money.spent.update({n: each[0] for n, each in moved.items()})

    def _at(self, purse: Purse, at_us: int) -> Money:
        return self._money[_name(purse, at_us)]

    def _taken(self, purse: Purse, at_us: int) -> tuple[int, int]:
        """Spent and reserved, and the sum, in the period of a moment."""
        saved, self.now_us = self.now_us, self.now_us if purse.period is None else at_us
        try:
            (standing,) = self.standings(purse)
        finally:
            self.now_us = saved
        return standing.used + standing.reserved, standing.most

    def _fall(self, purse: Purse, at_us: int) -> None:
        """A mark is told again once it is met below it: of what is spent, or a window after it was told."""
        money = self._at(purse, at_us)
        if purse.window_us is None:
            taken, most = self._taken(purse, at_us)
            money.fallen |= {mark for mark in money.told if taken < -(-mark * most // 1_000_000)}
            return
        for mark, told_us in money.told.items():
            money.told[mark] = min(told_us, self.now_us)
        young = {mark: at for mark, at in money.told.items() if self.now_us - at < purse.window_us}
        self._untell(purse, at_us)
        money.told |= young

    def _untell(self, purse: Purse, at_us: int) -> None:
        taken, most = self._taken(purse, at_us)
        money = self._at(purse, at_us)
        money.told = {mark: at for mark, at in money.told.items() if taken >= -(-mark * most // 1_000_000)}
        money.fallen.intersection_update(money.told)

    def _tell(self, purse: Purse, at_us: int) -> list[Warned]:
        money, marks = self._at(purse, at_us), set(purse.warn_ppm) | (set() if purse.hard else {1_000_000})
        taken, most = self._taken(purse, at_us)
        spent = sum(money.spent.values())
        met = {each: spent if each in money.fallen else taken for each in marks}
        known = money.told.keys() - money.fallen
        found = sorted(each for each in marks - known if met[each] >= -(-each * most // 1_000_000))
        money.fallen.difference_update(found)
        money.told |= dict.fromkeys(found, self.now_us)
        saved, self.now_us = self.now_us, self.now_us if purse.period is None else at_us
        resets_us = self.standings(purse)[0].resets_at_us
        self.now_us = saved
        return [Warned(purse, mark, taken, most, resets_us) for mark in found]


def _fits(purse: Purse, money: Money, usd_micros: int) -> bool:
    return purse.usd_micros + money.topped + usd_micros >= 0


def _apply(
    uses: dict[int, list[int]], at_us: int, changes: tuple[int, ...], window_us: int, now_us: int
) -> None:
    """Change the slice of a moment; where it was moved away, only upwards."""
    slice_us = _slice_us(window_us)
    number, present = at_us // slice_us, now_us // slice_us
    if number not in uses:
        if number > present:
            number = present
            changes = tuple(max(0, each) for each in changes)
            for other in [each for each in uses if each > present]:  # they move as they are met
                there = uses.setdefault(present, [0] * len(changes))
                uses[present] = [mine + its for mine, its in zip(there, uses.pop(other), strict=True)]
        uses.setdefault(number, [0] * len(changes))
    uses[number] = [max(0, old + change) for old, change in zip(uses[number], changes, strict=True)]


def _moved(uses: dict[int, list[int]], window_us: int, now_us: int) -> dict[int, list[int]]:
    """What still counts, with the future brought into the present."""
    slice_us = _slice_us(window_us)
    found: dict[int, list[int]] = {}
    for number, use in uses.items():
        at = min(number, now_us // slice_us)
        if number >= (now_us - window_us) // slice_us:
            there = found.get(at, [0] * len(use))
            found[at] = [old + new for old, new in zip(there, use, strict=True)]
    return found


def _only(uses: dict[int, list[int]], at: int) -> dict[int, int]:
    return {number: use[at] for number, use in uses.items()}


def _slice_us(window_us: int) -> int:
    return -(-window_us // 60)


def _end_us(moment_us: int | None) -> int:
    return NEVER_US if moment_us is None else moment_us


def _name(allowance: Allowance, at_us: int) -> Name:
    if isinstance(allowance, Purse) and allowance.period is not None:
        return (*counter(allowance), span(allowance.period, allowance.time_zone, at_us).start_us)
    return counter(allowance)


def _counts(call: Call, allowance: Allowance, moment: Name | None) -> bool:
    for each in call.allowances:
        if counter(each) == counter(allowance):
            return moment is None or _name(each, call.at_us) == moment
    return False


def overdrawn(found: Overdrawn) -> tuple[Standing, int | None]:
    """A refusal as the model says it."""
    return found.standing, found.retry_at_us
