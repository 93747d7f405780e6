"""Builtins that a host may pass in, and those that are there only to say that there is nothing."""

from __future__ import annotations

from typing import Any

import pytest

from rego.builtins import CONTEXTUAL, ON_DEMAND, PLAIN, metadata
from rego.builtins.context import Context, Patterns
from rego.builtins.outside import http_send, net_lookup_ip_addr, rand_intn
from rego.errors import BuiltinError, OperandError

REQUEST = {"method": "get", "url": "http://127.0.0.1/"}


def fresh() -> Context:
    """Return the context of an evaluation of its own."""
    return Context(0, None, Patterns())


def test_none_of_these_is_there_unless_it_is_passed_in() -> None:
    """No table names a builtin that reaches outside."""
    known = {*PLAIN, *CONTEXTUAL, *(name for names in ON_DEMAND.values() for name in names)}
    assert set() == known & {"http.send", "net.lookup_ip_addr", "rand.intn", "opa.runtime"}


def test_one_key_draws_once_in_an_evaluation() -> None:
    """Equal calls agree; other keys, bounds and evaluations draw anew."""
    drawn: list[int] = []

    def below(bound: int) -> int:
        drawn.append(bound)
        return len(drawn)

    draw, context = rand_intn(below), fresh()
    assert [draw(context, "k", 9), draw(context, "k", 9), draw(context, "k", -9)] == [1, 1, 1]
    assert [draw(context, "l", 9), draw(context, "k", 8), draw(fresh(), "k", 9)] == [2, 3, 4]
    assert draw(context, "k", 0) == 0


@pytest.mark.parametrize("operands", [(1, 1), ("k", "1"), ("k", 1.5), ("k", 2**64)])
def test_a_draw_wants_a_string_and_a_whole_number(operands: tuple[Any, Any]) -> None:
    """Other operands are errors of types."""
    with pytest.raises(OperandError):
        rand_intn()(fresh(), *operands)


def test_addresses_and_localhost_ask_nobody() -> None:
    """What names itself needs no resolver; IPv4 within IPv6 is shown as such, as in Go."""

    def fail(name: str) -> list[str]:
        raise AssertionError(name)

    lookup = net_lookup_ip_addr(fail)
    for name, expected in {
        "1.2.3.4": ["1.2.3.4"],
        "::": ["::"],
        "::ffff:1.2.3.4": ["1.2.3.4"],
        "localhost": ["127.0.0.1", "::1"],
    }.items():
        assert expected == list(lookup(fresh(), name))


def test_a_name_is_asked_for_once_and_may_have_no_address() -> None:
    """One evaluation has one answer; a failure is an error of the builtin."""
    asked: list[str] = []

    def resolve(name: str) -> list[str]:
        asked.append(name)
        if name == "gone":
            raise OSError("no such host")
        return ["10.0.0.2", "10.0.0.1"]

    lookup, context = net_lookup_ip_addr(resolve), fresh()
    assert ["10.0.0.1", "10.0.0.2"] == list(lookup(context, "host")) == list(lookup(context, "host"))
    assert asked == ["host"]
    for name in ("gone", "", "010.0.0.1"):
        with pytest.raises(BuiltinError):
            lookup(context, name)
    with pytest.raises(OperandError):
        lookup(context, 1)


def test_equal_requests_are_sent_once_in_an_evaluation() -> None:
    """The host's sender gets what OPA would send."""
    sent: list[Any] = []

    def send(request: Any) -> Any:
        sent.append(request)
        return {"status_code": 200}

    call, context = http_send(send), fresh()
    assert {"status_code": 200} == call(context, REQUEST) == call(context, dict(REQUEST))
    assert sent == [REQUEST]


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        ("x", OperandError),
        ({"method": "get"}, OperandError),
        ({**REQUEST, "verb": "x"}, OperandError),
        ({**REQUEST, "timeout": None}, OperandError),
        ({**REQUEST, "url": 1}, BuiltinError),
        ({**REQUEST, "headers": {"a": 1}}, BuiltinError),
        ({**REQUEST, "headers": []}, BuiltinError),
        ({**REQUEST, "enable_redirect": "yes"}, BuiltinError),
        ({**REQUEST, "timeout": "soon"}, BuiltinError),
        ({**REQUEST, "timeout": 1.5}, BuiltinError),
        ({**REQUEST, "raise_error": 1}, BuiltinError),
        ({**REQUEST, "force_cache": True}, BuiltinError),
    ],
)
def test_wrong_requests_are_refused_before_they_are_sent(request_: Any, error: type[Exception]) -> None:
    """What OPA refuses before it connects never reaches the sender."""

    def send(_: Any) -> Any:
        raise AssertionError("it was sent")

    with pytest.raises(error) as refusal:
        http_send(send)(fresh(), request_)
    assert error is refusal.type


def test_a_request_may_ask_for_its_error_as_an_answer() -> None:
    """With `raise_error` false the policy gets an object."""
    answer = http_send(lambda _: None)(fresh(), {**REQUEST, "url": 1, "raise_error": False})
    assert answer["status_code"] == 0
    assert answer["error"]["code"] == "eval_http_send_internal_error"


@pytest.mark.parametrize("name", metadata.TABLE)
def test_metadata_outside_a_rule_is_an_error(name: str) -> None:
    """The compiler writes the annotations into the plan; a call that is left stands in no rule."""
    with pytest.raises(BuiltinError, match="within the scope of a rule"):
        metadata.TABLE[name]()
