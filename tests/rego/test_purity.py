"""Which plans give equal questions equal answers."""

import pytest

from rego import plan
from rego.purity import is_pure


def made_of(*builtins: str) -> plan.Plan:
    """A plan that declares these builtins."""
    return plan.Plan((), (), {name: plan.Builtin(name, 0, void=False) for name in builtins})


@pytest.mark.parametrize(
    "name", ["time.now_ns", "rand.intn", "http.send", "opa.runtime", "uuid.rfc4122", "internal.print"]
)
def test_a_plan_that_asks_the_world_is_not_pure(name: str) -> None:
    """Its answer to one question may change."""
    assert not is_pure(made_of("count", name), {})


def test_a_plan_of_ordinary_builtins_is_pure() -> None:
    """Nothing but input and data decides."""
    assert is_pure(made_of("count", "glob.match", "sort"), {})


def test_of_the_hosts_builtins_nothing_is_known() -> None:
    """The host may do anything in them."""
    assert not is_pure(made_of("count"), {"count": len})
