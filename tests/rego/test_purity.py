"""Which plans give equal questions equal answers."""

import pytest

from rego.purity import is_pure


@pytest.mark.parametrize(
    "name", ["time.now_ns", "rand.intn", "http.send", "opa.runtime", "uuid.rfc4122", "internal.print"]
)
def test_a_plan_that_asks_the_world_is_not_pure(name: str) -> None:
    """Its answer to one question may change."""
    assert not is_pure({"count", name}, {})


def test_a_plan_of_ordinary_builtins_is_pure() -> None:
    """Nothing but input and data decides."""
    assert is_pure({"count", "glob.match", "sort"}, {})


def test_of_the_hosts_builtins_nothing_is_known() -> None:
    """The host may do anything in them."""
    assert not is_pure({"count"}, {"count": len})
