"""What builtins may know of their evaluation, and the host's own with them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from rego import EvaluationError, Policy, WithContext
from rego.builtins.context import Context, Patterns
from rego.errors import BuiltinError

if TYPE_CHECKING:
    from collections.abc import Callable


def test_the_clock_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One evaluation has one time, and a time that was given is that time, zero too."""
    ticks = iter(range(100, 200))
    monkeypatch.setattr(time, "time_ns", lambda: next(ticks))
    context = Context(None, None, Patterns())
    assert [context.now_ns, context.now_ns] == [100, 100]
    assert Context(None, None, Patterns()).now_ns == 101
    assert Context(0, None, Patterns()).now_ns == 0


def test_patterns_are_made_once_and_do_not_fill_the_memory() -> None:
    """A full store is emptied, and goes on."""
    patterns, made = Patterns(), []

    def get(key: int) -> int:
        def make() -> int:
            made.append(key)
            return -key

        found: int = patterns.get(key, make)
        return found

    assert [get(1), get(1)] == [-1, -1]
    assert made == [1]
    for key in range(2, 2000):
        assert get(key) == -key
        assert len(patterns._made) <= 500


def test_a_hosts_builtin_may_have_the_context(planned: Callable[[str, str], bytes]) -> None:
    """Before its operands, with the evaluation's time; nothing is kept from one evaluation to the next."""

    def send(context: Context, request: Any) -> Any:
        calls = context.cache.setdefault("calls", [])
        calls.append(request["url"])
        return {"now": context.now_ns, "calls": len(calls)}

    source = 'package t\n\np := [http.send({"url": u, "method": "get"}) | some u in input]\n'
    policy = Policy.load(planned(source, "t/p"), builtins={"http.send": WithContext(send)})
    for _ in range(2):
        found = policy.evaluate("t/p", ["a", "b"], now_ns=7).value
        assert found == [{"now": 7, "calls": 1}, {"now": 7, "calls": 2}]
    assert not policy.pure


def test_it_goes_before_our_own_with_and_without_context(planned: Callable[[str, str], bytes]) -> None:
    """A builtin of ours that takes the context may be replaced by one that does not, and the other way."""
    plan = planned("package t\n\np := [time.now_ns(), upper(input)]\n", "t/p")
    own: dict[str, Any] = {
        "time.now_ns": lambda: 5,
        "upper": WithContext(lambda context, text: f"{text}{context.now_ns}"),
    }
    assert Policy.load(plan, builtins=own).evaluate("t/p", "x", now_ns=3).value == [5, "x3"]
    assert WithContext(lambda context, *operands: (context, operands))(1, 2, 3) == (1, (2, 3))  # type: ignore[arg-type]  # anything will do


@pytest.mark.parametrize(("strict", "expected"), [(True, "eval_builtin_error"), (False, "undefined")])
def test_its_errors_are_a_builtins(
    planned: Callable[[str, str], bytes], *, strict: bool, expected: str
) -> None:
    """Strictly they end the evaluation, leniently the call is undefined."""

    def refuse(_: Context, __: Any) -> Any:
        raise BuiltinError("no")

    policy = Policy.load(
        planned("package t\n\np := upper(input)\n", "t/p"),
        builtins={"upper": WithContext(refuse)},
        strict_builtin_errors=strict,
    )
    try:
        found = "value" if policy.evaluate("t/p", "x").defined else "undefined"
    except EvaluationError as error:
        found = error.code
    assert expected == found
