"""Pins that every word of a question for a report is understood or refused."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.usage.answering import FORMS
from audit.usage.parts import Place
from audit.usage.periods import FOREVER, zone
from audit.usage.wanted import DIMENSIONS, Wanted, dimensions
from gateway.errors import Refused
from gateway.evidence import spending

if TYPE_CHECKING:
    from collections.abc import Callable

NOON_US = 1_763_640_000_000_000


def refusal(ask: Callable[[], object]) -> tuple[str, str | None]:
    """The code and the parameter at fault."""
    with pytest.raises(Refused) as caught:
        ask()
    return caught.value.code, caught.value.param


def test_every_parameter_is_understood() -> None:
    """Each is one part of the question."""
    place = Place(0, 0, ("=hr", ""))
    given = {
        "by": "team,tag", "period": "day", "time_zone": "Europe/Berlin", "since": "2025-11-20T12:00:00Z",
        "until": "2025-11-20T13:00:00+01:00", "format": "csv", "limit": "7", "cursor": place.text(),
        "team": "h r", "organization": "acme", "model": "gpt-4o", "deployment": "d", "cost_center": "cc-1",
        "operation": "chat.completions", "subject": "alice@acme",
    }  # fmt: skip
    only = tuple((DIMENSIONS[name], given[name]) for name in spending.ONLY)
    found = spending.question(urlencode(given).encode())

    wanted = Wanted(dimensions("team,tag"), "day", zone("Europe/Berlin"), NOON_US, NOON_US, only)
    assert found == spending.Question(wanted, "csv", 7, place, "alice@acme")
    assert found.asked("s").wanted.only == (*only, (DIMENSIONS["user"], "s"))


def test_nothing_asked_is_a_line_a_month() -> None:
    """Of everything, by UTC."""
    found = spending.question(b"")
    assert found == spending.Question(Wanted(period="month"), "json", spending.LIMIT, None)
    assert (found.wanted.since_us, found.wanted.until_us) == FOREVER
    assert found.asked("nobody").wanted == found.wanted


@pytest.mark.parametrize(
    ("parameters", "code", "param"),
    [
        ("by=nothing", "input.invalid", "by"),
        ("by=team,,model", "input.invalid", "by"),
        ("by=team&by=model", "input.invalid", "by"),
        ("by=" + ",".join(DIMENSIONS), "input.invalid", "by"),
        ("period=hour", "input.invalid", "period"),
        ("period=DAY", "input.invalid", "period"),
        ("time_zone=Mars%2FBase", "input.invalid", "time_zone"),
        ("time_zone=..%2F..%2Fetc%2Fpasswd", "input.invalid", "time_zone"),
        ("time_zone=UTC%00", "input.invalid", "time_zone"),
        ("since=yesterday", "input.invalid", "since"),
        ("until=2026-11-20", "input.invalid", "until"),
        ("since=9999999w", "input.invalid", "since"),
        ("format=xml", "input.invalid", "format"),
        ("format=table", "input.invalid", "format"),
        ("limit=0", "input.invalid", "limit"),
        ("limit=-1", "input.invalid", "limit"),
        ("limit=ten", "input.invalid", "limit"),
        ("limit=10001", "input.out_of_bounds", "limit"),
        ("cursor=x", "input.invalid", "cursor"),
        ("cursor=" + "A" * 9_000, "input.out_of_bounds", "cursor"),
        ("by=team&cursor=" + quote(Place(0, 0, ()).text()), "input.invalid", "cursor"),
        ("team=", "input.invalid", "team"),
        ("team=" + "x" * 513, "input.out_of_bounds", "team"),
        ("tag=batch", "input.invalid", None),
        ("user=x", "input.invalid", None),
        ("Team=hr", "input.invalid", None),
        ("team=%FF", "input.invalid", None),
        ("team", "input.invalid", None),
        ("&".join(f"a{number}=1" for number in range(99)), "input.invalid", None),
    ],
)
def test_what_is_not_understood_is_refused(parameters: str, code: str, param: str | None) -> None:
    """Passed over, it would give another report than was asked for."""
    assert refusal(lambda: spending.question(parameters.encode())) == (code, param)


@pytest.mark.parametrize("form", [form for form in FORMS if form.startswith("focus")])
def test_focus_has_its_own_breakdown(form: str) -> None:
    """Days, and months if they are asked for; users only if they are."""
    found = spending.question(f"format={form}&by=user".encode())
    assert found.wanted.period == "month"
    assert DIMENSIONS["user"] in found.wanted.by
    assert DIMENSIONS["user"] not in spending.question(f"format={form}&period=all".encode()).wanted.by
    assert spending.question(f"format={form}&period=all".encode()).wanted.period == "day"


def test_about_oneself_nobody_else_is_named() -> None:
    """The parameter doesn't exist there."""
    assert refusal(lambda: spending.question(b"subject=bob", own=True)) == ("input.invalid", None)


@given(st.binary(max_size=200))
def test_no_bytes_do_harm(parameters: bytes) -> None:
    """They are a question, or they are refused."""
    try:
        spending.question(parameters)
    except Refused as error:
        assert error.code.startswith("input.")
