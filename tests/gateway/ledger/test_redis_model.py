"""The simple model's rules over Redis, whose one clock is that of leases as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test
from typing_extensions import override

from tests.gateway.ledger.places import LEASE_US
from tests.gateway.ledger.redis_place import redis_place
from tests.gateway.ledger.test_model import SECOND_US, Machine

if TYPE_CHECKING:
    from contextlib import AsyncExitStack

    from tests.gateway.ledger.places import Place
    from tests.servers.redis_server import RedisServer

pytestmark = [pytest.mark.server, pytest.mark.slow]


class RedisMachine(Machine):
    """Two processes at one server."""

    url: str

    @override
    async def made(self, stack: AsyncExitStack) -> Place:
        return await stack.enter_async_context(redis_place(self.url))

    @rule(us=st.sampled_from((-1, -SECOND_US, -20 * SECOND_US, -3600 * SECOND_US, LEASE_US // 2)))
    def jump(self, us: int) -> None:
        """The server's clock is set, forwards by less than a lease."""
        self.run(self.place.jump(us))
        self.model.now_us += us
        self.beat()

    @override
    @rule(number=st.integers(0, 1))
    def lose(self, number: int) -> None:
        """One process freezes for longer than its lease, while the other shows that it lives."""
        other = self.ledgers[1 - number]
        for step in range(4):
            self.run(self.place.advance(LEASE_US // 2))
            self.model.now_us += LEASE_US // 2
            self.beat(1 - number)
            if step == 1:  # the lease is over, and the other's call has seen it
                self.model.expire({number})
        listed = self.run(other.expired(1000))
        assert listed == self.model.expired()
        self.beat(1 - number, number)


def test_redis_answers_as_the_model_does(redis_server: RedisServer) -> None:
    """Standings, marks, refusals and what has expired, in any order of events."""

    class Here(RedisMachine):
        url = redis_server.url

    chosen = settings(
        max_examples=60,
        stateful_step_count=40,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    run_state_machine_as_test(Here, settings=chosen)
