"""The counts of a `Purse`: what is spent and what is held, in a period of the calendar or a window."""

from __future__ import annotations

from abc import ABC, abstractmethod
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from gateway.accounts import WHOLE_PPM, Overdrawn, Standing, Warned
from gateway.ledger.slices import FOREVER_US, MOST, Slices

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gateway.accounts import Amount, Purse
    from gateway.ledger.holds import Hold


class PurseCount(ABC):
    """Money of either kind of purse; for its methods see `Count`.

    Args:
        topped: added to the sum by administrators; negative for taken away.
        reserved: held for calls in flight.
        told: marks of which somebody has been warned, and when.
    """

    __slots__ = ("_reserved", "_told", "_topped")

    def __init__(self, topped: int, reserved: int, told: dict[int, int]) -> None:
        self._topped = topped
        self._reserved = reserved
        self._told = told

    def fits(self, purse: Purse, amount: Amount, now_us: int) -> bool:
        """A soft purse refuses nobody; a hard one whom spent and held together leave no room."""
        asked = amount.usd_micros
        return not purse.hard or not asked or self._taken(now_us) + asked <= self.most(purse)

    def refusals(self, purse: Purse, amount: Amount, now_us: int) -> Iterator[Overdrawn]:
        """It fits in the next period, or when enough has left the window."""
        if not self.fits(purse, amount, now_us):
            (standing,) = self.standings(purse, now_us)
            retry_at_us = self._retry_at_us(purse, amount.usd_micros)
            yield Overdrawn(standing, amount.usd_micros, retry_at_us, now_us)

    def take(self, purse: Purse, amount: Amount, now_us: int) -> tuple[Warned, ...]:
        """The estimate is held."""
        self.know(purse)
        self._fall(purse, now_us)
        self._reserved = min(self._reserved + amount.usd_micros, MOST)
        return self._tell(purse, now_us)

    def settle(self, purse: Purse, hold: Hold, actual: Amount, now_us: int) -> tuple[Warned, ...]:
        """The fact is spent, where and when the estimate was held; in full, also beyond the sum."""
        self._fall(purse, now_us)
        if hold.late:
            self._spend(actual.usd_micros - hold.amount.usd_micros, hold.at_us, now_us)
        else:
            self._reserved = max(0, self._reserved - hold.amount.usd_micros)
            self._spend(actual.usd_micros, hold.at_us, now_us)
        return self._tell(purse, now_us)

    def expire(self, hold: Hold, now_us: int) -> None:
        """What was held is spent, so that no crash lets a purse be overspent."""
        self._reserved = max(0, self._reserved - hold.amount.usd_micros)
        self._spend(hold.amount.usd_micros, hold.at_us, now_us)

    def standings(self, purse: Purse, now_us: int) -> tuple[Standing, ...]:
        """What is spent, and what is held."""
        spent = self._spent(now_us)
        most, resets_at_us = self.most(purse), self._resets_at_us(now_us)
        return (Standing(purse, "usd_micros", most, spent, self._reserved, resets_at_us),)

    def reset(self, purse: Purse, now_us: int) -> None:
        """Forget what was spent; what is held stays."""
        self._forget(now_us)
        self._untell(purse, now_us)

    def top_up(self, purse: Purse, usd_micros: int, now_us: int) -> bool:
        """Add to the sum, in full or not at all; tell which.

        What is kept is what was added, and never depends on the sum that somebody says.
        """
        if not 0 <= purse.usd_micros + self._topped + usd_micros <= MOST:
            return False
        self._topped += usd_micros
        self._untell(purse, now_us)
        return True

    def most(self, purse: Purse) -> int:
        """Return the sum with what was added to it."""
        return max(0, min(purse.usd_micros + self._topped, MOST))

    def _taken(self, now_us: int) -> int:
        return min(self._spent(now_us) + self._reserved, MOST)

    def _tell(self, purse: Purse, now_us: int) -> tuple[Warned, ...]:
        marks = purse.marks_ppm
        if not marks:
            return ()
        taken, most = self._taken(now_us), self.most(purse)
        untold = sorted({*marks}.difference(self._told))
        found = [mark for mark in untold if _is_reached(mark, self._measure(mark, taken), most)]
        self._told.update(dict.fromkeys(found, now_us))
        resets_at_us = self._resets_at_us(now_us)
        return tuple(Warned(purse, mark, taken, most, resets_at_us) for mark in found)

    def _untell(self, purse: Purse, now_us: int) -> None:
        """Marks above the standing may be told again."""
        taken, most = self._taken(now_us), self.most(purse)
        self._told = {mark: at for mark, at in self._told.items() if _is_reached(mark, taken, most)}

    @abstractmethod
    def know(self, purse: Purse) -> None:
        """Take note of what the purse's sum is now."""

    @abstractmethod
    def _fall(self, purse: Purse, now_us: int) -> None:
        """Take note of marks below which time has brought the standing."""

    def _measure(self, mark_ppm: int, taken: int) -> int:
        """Return what must reach a mark for it to be told."""
        del mark_ppm
        return taken

    @abstractmethod
    def _spent(self, now_us: int) -> int: ...

    @abstractmethod
    def _spend(self, change: int, at_us: int, now_us: int) -> None: ...

    @abstractmethod
    def _forget(self, now_us: int) -> None:
        """Nothing was spent."""

    @abstractmethod
    def _resets_at_us(self, now_us: int) -> int: ...

    @abstractmethod
    def _retry_at_us(self, purse: Purse, asked: int) -> int | None: ...


class PeriodCount(PurseCount):
    """One period of the calendar.

    Args:
        end_us: its end.
        until_us: how long it is kept: until the next one is over, which may take over what it has left.
        known: the purse's sum when a call was last held under it; before that as a correction said it.
        spent: what is settled.
        carried: 1 if what the period before has left was added.
        topped, reserved, told: as for `PurseCount`.
        fallen: marks that were told, below which the standing was met since.
    """

    __slots__ = ("_carried", "_end_us", "_fallen", "_known", "_spent_micros", "_until_us")

    def __init__(  # noqa: PLR0913, PLR0917 - as it is written down
        self,
        end_us: int,
        until_us: int,
        known: int,
        spent: int,
        carried: int,
        topped: int,
        reserved: int,
        told: list[int],
        fallen: Sequence[int] = (),
    ) -> None:
        super().__init__(topped, reserved, dict.fromkeys(told, 0))
        self._fallen = {*fallen}
        self._end_us, self._until_us = end_us, until_us
        self._known, self._spent_micros, self._carried = known, spent, carried

    def left(self) -> int:
        """Return what the period has left, as its sum was last known."""
        return max(0, min(self._known + self._topped, MOST) - self._spent_micros)

    def carry_over(self, purse: Purse, usd_micros: int, now_us: int) -> bool:
        """Add what the period before has left, unless that was done; tell whether it is now."""
        if not self._carried and self.top_up(purse, usd_micros, now_us):
            self._carried = 1
        return bool(self._carried)

    def until_us(self) -> int:
        """One more period, and as long as something is held."""
        return FOREVER_US if self._reserved else self._until_us

    def facts(self) -> list[Any]:
        """As the arguments."""
        own = [self._end_us, self._until_us, self._known, self._spent_micros, self._carried]
        return [*own, self._topped, self._reserved, [*self._told], sorted(self._fallen)]

    @override
    def know(self, purse: Purse) -> None:
        self._known = purse.usd_micros

    @override
    def _fall(self, purse: Purse, now_us: int) -> None:
        """A mark that was told of what is held, and isn't reached any more, is told of what is spent.

        Most calls take far less than is held for them: what they give back mustn't use up the warning, nor
        may each of them tell it anew, so what is held tells of a mark once.
        """
        if not self._told:
            return
        taken, most = self._taken(now_us), self.most(purse)
        fallen = {mark for mark in self._told if not _is_reached(mark, taken, most)}
        for mark in fallen:
            del self._told[mark]
        self._fallen |= fallen

    @override
    def _measure(self, mark_ppm: int, taken: int) -> int:
        return self._spent_micros if mark_ppm in self._fallen else taken

    @override
    def _tell(self, purse: Purse, now_us: int) -> tuple[Warned, ...]:
        found = super()._tell(purse, now_us)
        self._fallen.difference_update(each.at_ppm for each in found)
        return found

    @override
    def _untell(self, purse: Purse, now_us: int) -> None:
        super()._untell(purse, now_us)
        taken, most = self._taken(now_us), self.most(purse)
        self._fallen = {mark for mark in self._fallen if _is_reached(mark, taken, most)}

    @override
    def _spent(self, now_us: int) -> int:
        return self._spent_micros

    @override
    def _spend(self, change: int, at_us: int, now_us: int) -> None:
        self._spent_micros = max(0, min(self._spent_micros + change, MOST))

    @override
    def _forget(self, now_us: int) -> None:
        self._spent_micros = 0

    @override
    def _resets_at_us(self, now_us: int) -> int:
        return self._end_us

    @override
    def _retry_at_us(self, purse: Purse, asked: int) -> int | None:
        return None if asked > purse.usd_micros else self._end_us


class RollingCount(PurseCount):
    """A rolling window.

    Args:
        window_us, first: as for `Slices`.
        spent: what is settled, by slice of its reservation.
        topped, reserved, told: as for `PurseCount`.
        told_us: when each mark was told; shorter where it isn't known.
    """

    __slots__ = ("_slices",)

    def __init__(
        self,
        window_us: int,
        first: int,
        spent: list[int],
        topped: int,
        reserved: int,
        told: list[int],
        told_us: Sequence[int] = (),
    ) -> None:
        super().__init__(topped, reserved, dict(zip_longest(told, told_us, fillvalue=0)))
        self._slices = Slices(window_us, first, (spent,))

    def until_us(self) -> int:
        """The window, and as long as something is held or added."""
        if self._reserved or self._topped:
            return FOREVER_US
        window_us = self._slices.window_us
        return max(self._slices.gone_us(), *(at_us + window_us for at_us in self._told.values()), 0)

    def facts(self) -> list[Any]:
        """As the arguments, but for the window, which is in the name."""
        told, told_us = [*self._told], [*self._told.values()]
        return [self._slices.first, *self._slices.uses, self._topped, self._reserved, told, told_us]

    @override
    def know(self, purse: Purse) -> None:
        """Nothing comes after it that would ask."""

    @override
    def _fall(self, purse: Purse, now_us: int) -> None:
        """A mark that was told is told again at the earliest when a whole window has passed.

        Where calls come and go around a mark, it would else be told with each of them. It is told at its
        next crossing: only a standing that is met below it then makes it one that was never told.
        """
        if not self._told:
            return
        taken, most, window_us = self._taken(now_us), self.most(purse), self._slices.window_us
        # A clock that went back doesn't make it longer.
        told = {mark: min(at_us, now_us) for mark, at_us in self._told.items()}
        self._told = {
            mark: at_us
            for mark, at_us in told.items()
            if now_us < at_us + window_us or _is_reached(mark, taken, most)
        }

    @override
    def _spent(self, now_us: int) -> int:
        self._slices.turn(now_us)
        return self._slices.total(0)

    @override
    def _spend(self, change: int, at_us: int, now_us: int) -> None:
        self._slices.add(at_us, (change,), now_us)

    @override
    def _forget(self, now_us: int) -> None:
        self._slices = Slices(self._slices.window_us, 0, ([],))

    @override
    def _resets_at_us(self, now_us: int) -> int:
        empty_us = self._slices.empty_us(0)
        return now_us if empty_us is None else empty_us

    @override
    def _retry_at_us(self, purse: Purse, asked: int) -> int | None:
        most = self.most(purse)
        if self._reserved + asked > most:
            return None
        return self._slices.free_us(0, self._slices.total(0) + self._reserved + asked - most)


def _is_reached(mark_ppm: int, taken: int, most: int) -> bool:
    return taken * WHOLE_PPM >= mark_ppm * most
