"""Whatever happens in whatever order, a ledger answers as a simple model: never over, never too strict."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule
from typing_extensions import override

from gateway.accounts import NOTHING, Amount, Concurrency, Correction, Overdrawn, Purse, Rate
from gateway.errors import LedgerError
from tests.gateway.ledger.conftest import sqlite_place
from tests.gateway.ledger.model import Model, overdrawn
from tests.gateway.ledger.places import LEASE_US, NOON_US, held

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from gateway.accounts import Allowance, Reservation
    from gateway.ports import Ledger
    from tests.gateway.ledger.places import Place

SECOND_US = 1_000_000
ZONES = ("UTC", "Asia/Kathmandu")
KEYS = st.sampled_from(("user", "team", "team/a\0"))
FEW = st.none() | st.integers(0, 6)
MARKS = st.sampled_from(((), (500_000,), (333_333, 800_000, 1_000_000)))
SUMS = st.integers(1, 60)
RATES = st.builds(Rate, KEYS, st.sampled_from((SECOND_US, 60 * SECOND_US)), FEW, st.integers(0, 60))
PURSES = st.one_of(
    st.builds(
        Purse,
        KEYS,
        SUMS,
        st.just("day"),
        time_zone=st.sampled_from(ZONES),
        warn_ppm=MARKS,
        hard=st.booleans(),
    ),
    st.builds(Purse, KEYS, SUMS, window_us=st.just(60 * SECOND_US), warn_ppm=MARKS, hard=st.booleans()),
)
ALLOWANCES = st.lists(
    st.one_of(RATES, st.builds(Concurrency, KEYS, st.integers(0, 4)), PURSES), min_size=1, max_size=4
)
AMOUNTS = st.builds(Amount, st.integers(0, 1), st.integers(0, 25), st.integers(0, 25))
BEAT = Concurrency("somebody else", 99)


class Machine(RuleBasedStateMachine):
    """Two processes, one of which may freeze or be killed; every answer is compared.

    Subclasses say where the ledger is.
    """

    calls = Bundle("calls")
    over = Bundle("over")

    async def made(self, stack: AsyncExitStack) -> Place:
        """An empty ledger."""
        raise NotImplementedError

    @initialize()
    def begin(self) -> None:
        """Open it twice."""
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.place = self.run(self.made(self.stack))
        self.ledgers: dict[int, Ledger] = {number: self.run(self.place.opened()) for number in range(2)}
        self.model = Model(NOON_US)
        self.seen: set[Allowance] = set()
        self.made_calls: list[tuple[int, Reservation]] = []
        self.beat()

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Await on the machine's loop."""
        return self.runner.run(coroutine)

    @override
    def teardown(self) -> None:
        """Close all."""
        if hasattr(self, "runner"):
            self.run(self.stack.aclose())
            self.runner.close()

    def beat(self, *numbers: int) -> None:
        """Show that they live, before anybody looks for the dead."""
        for number in numbers or self.ledgers:
            ledger = self.ledgers[number]
            self.run(ledger.release(held(self.run(ledger.reserve([BEAT], NOTHING)))))

    @rule(target=calls, number=st.integers(0, 1), allowances=ALLOWANCES, amount=AMOUNTS)
    def reserve(self, number: int, allowances: list[Allowance], amount: Amount) -> Any:
        """It passes exactly if the model says so, with the same standings, marks and refusals."""
        self.seen.update(allowances)
        found = self.run(self.ledgers[number].reserve(allowances, amount))
        expected = self.model.refusal(allowances, amount)
        if isinstance(found, Overdrawn):
            assert overdrawn(found) == expected
            return multiple()
        assert expected is None
        assert found.warnings == self.model.reserve(found.id, number, allowances, amount)
        assert found.standings == self.model.usage(found.allowances)
        self.made_calls.append((number, found))
        return number, found

    @rule(target=over, call=consumes(calls), actual=AMOUNTS)
    def settle(self, call: tuple[int, Reservation], actual: Amount) -> Any:
        """Also for one that has expired."""
        self.settle_again(call, actual)
        return call

    @rule(target=over, call=consumes(calls))
    def release(self, call: tuple[int, Reservation]) -> Any:
        """The same with nothing."""
        holder, reservation = call
        self.run(self.ledgers[holder].release(reservation))
        self.model.settle(reservation.id, NOTHING)
        return call

    @rule(call=over, actual=AMOUNTS)
    def settle_again(self, call: tuple[int, Reservation], actual: Amount) -> None:
        """A second time is nothing."""
        holder, reservation = call
        found = self.run(self.ledgers[holder].settle(reservation, actual))
        assert found == self.model.settle(reservation.id, actual)

    @rule(purse=PURSES, kind=st.sampled_from(("reset", "top_up", "carry_over")), usd=st.integers(-50, 50))
    def correct(self, purse: Purse, kind: Any, usd: int) -> None:
        """An administrator changes a purse."""
        if kind == "carry_over" and purse.period is None:
            return
        correction = Correction(kind, usd if kind == "top_up" else 0)
        try:
            found = self.run(self.ledgers[0].correct(purse, correction))
        except LedgerError as error:
            assert error.code == "budget.correction_unfit"
            assert not self.model.correct(purse, correction)
            return
        assert self.model.correct(purse, correction)
        self.seen.add(purse)
        assert (found,) == self.model.usage([purse])

    @rule(us=st.sampled_from((1, 16_666, 16_667, 999_999, SECOND_US, 7 * SECOND_US, 15 * SECOND_US)))
    def advance(self, us: int) -> None:
        """Time passes, while those who live show it."""
        self.run(self.place.advance(us))
        self.model.now_us += us
        self.beat()

    @rule()
    def advance_by_a_day(self) -> None:
        """When nobody is calling, so that no lease matters."""
        for call in self.made_calls:
            self.settle_again(call, call[1].amount)
        self.run(self.place.advance(24 * 3600 * SECOND_US))
        self.model.now_us += 24 * 3600 * SECOND_US
        self.beat()

    @rule(number=st.integers(0, 1))
    def lose(self, number: int) -> None:
        """One process freezes for longer than its lease; what it held expires, and then it goes on."""
        other = self.ledgers[1 - number]
        self.run(self.place.advance(2 * LEASE_US))
        self.model.now_us += 2 * LEASE_US
        listed = self.run(other.expired(1000))
        self.model.expire({number})
        assert listed == self.model.expired()
        self.beat(1 - number, number)

    @rule()
    def acknowledge(self) -> None:
        """What is on record isn't listed any more."""
        names = [each.reservation for each in self.model.expired()]
        self.run(self.ledgers[0].acknowledge(names))
        for name in names:
            self.model.calls[name].listed = False

    @invariant()
    def agree(self) -> None:
        """Whatever anybody has named stands as the model says."""
        if hasattr(self, "model"):
            named = sorted(self.seen, key=repr)
            assert self.run(self.ledgers[0].usage(named)) == self.model.usage(named)


class SqliteMachine(Machine):
    """Over SQLite, where the clock may also jump with calls in flight: leases run by another one."""

    @override
    async def made(self, stack: AsyncExitStack) -> Place:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="regent-ledger-")))
        return await stack.enter_async_context(sqlite_place(folder))

    @rule(us=st.sampled_from((-1, -SECOND_US, -20 * SECOND_US, -3600 * SECOND_US, 3600 * SECOND_US)))
    def jump(self, us: int) -> None:
        """The clock is set."""
        self.run(self.place.jump(us))
        self.model.now_us += us


TestSqlite = SqliteMachine.TestCase
TestSqlite.settings = settings(
    max_examples=50,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
