"""Pins that every word of a question to the log is understood or refused, and what is recorded of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.canonical import encode
from audit.reading.paging import Place
from audit.reading.query import DECISIONS, Filter
from gateway.errors import Refused
from gateway.evidence import asking

if TYPE_CHECKING:
    from collections.abc import Callable

NOON_US = 1_763_640_000_000_000


def refusal(ask: Callable[[], object]) -> tuple[str, str | None]:
    """The code and the parameter at fault."""
    with pytest.raises(Refused) as caught:
        ask()
    return caught.value.code, caught.value.param


def test_every_filter_of_the_command_is_there() -> None:
    """Each parameter is one field of the filter."""
    given = {
        "subject": "alice@acme", "tenant": "acme", "team": "h r", "model": "gpt-4o", "decision": "deny",
        "reason": "a.b", "rule": "a/b.rego:2", "control": "GDPR-44", "deployment": "d", "request": "req_1",
        "since": "2025-11-20T12:00:00Z", "until": "2025-11-20T13:00:00+01:00", "limit": "7",
        "cursor": "12.3.w0",
    }  # fmt: skip
    found = asking.rows(urlencode(given).encode())

    assert found == asking.Asked(
        Filter(
            subject="alice@acme", tenant="acme", team="h r", model="gpt-4o", action="deny",
            reason_code="a.b", rule="a/b.rego:2", control="GDPR-44", deployment="d", request_id="req_1",
            since_us=NOON_US, until_us=NOON_US, kinds=DECISIONS,
        ),
        7,
        Place(12, 3, "w0"),
    )  # fmt: skip


def test_nothing_asked_is_the_newest_decisions() -> None:
    """A page of fifty."""
    assert asking.rows(b"") == asking.Asked(Filter(), 50, None)


def test_kinds_may_be_several_or_all() -> None:
    """As in the command."""
    assert asking.rows(b"kind=access&kind=policy.load").wanted.kinds == frozenset({"access", "policy.load"})
    assert asking.rows(b"kind=access&kind=all").wanted.kinds is None


@pytest.mark.parametrize(
    ("parameters", "param"),
    [
        (b"teem=hr", None),
        (b"team=hr&team=it", "team"),
        (b"team=", "team"),
        (b"team", None),
        (b"&", None),
        (b"team=%ff", None),
        (b"team=\xe4", None),
        (b"&".join([b"kind=a"] * 65), None),
        (b"decision=maybe", "decision"),
        (b"kind=ACCESS", "kind"),
        (b"kind=a%20b", "kind"),
        (b"kind=nope", "kind"),
        (b"kind=all&kind=nope", "kind"),
        (b"since=yesterday", "since"),
        (b"since=2025-11-20T12:00:00", "since"),
        (b"until=2025-11-20T12:00:00+01:00", "until"),
        (b"limit=0", "limit"),
        (b"limit=-1", "limit"),
        (b"limit=1e3", "limit"),
        (b"limit=007", "limit"),
        (b"limit=%D9%A1", "limit"),
        (b"cursor=abc", "cursor"),
        (b"subject%00=a", None),
    ],
    ids=repr,
)
def test_what_cannot_be_understood_is_refused(parameters: bytes, param: str | None) -> None:
    """Nothing is passed over: a filter that is not heard would widen the answer."""
    assert refusal(lambda: asking.rows(parameters)) == ("input.invalid", param)


@pytest.mark.parametrize(("parameters", "param"), [(b"limit=1001", "limit"), (b"team=" + b"x" * 513, "team")])
def test_what_is_too_much_is_refused(parameters: bytes, param: str) -> None:
    """With the code of bounds."""
    assert refusal(lambda: asking.rows(parameters)) == ("input.out_of_bounds", param)


@given(st.binary(max_size=60) | st.text("=&%+kindsceurol0123456789-:TZ.", max_size=60).map(str.encode))
def test_any_bytes_are_a_question_or_a_refusal(parameters: bytes) -> None:
    """And the record of every question has a canonical form."""
    try:
        asked = asking.rows(parameters)
    except Refused:
        return
    assert encode(dict(asking.noted(asked, None, {"decision"})))


@pytest.mark.parametrize("name", ["since", "until"])
@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "999999w"])
def test_the_ends_of_time_can_be_recorded(name: str, time: str) -> None:
    """Numbers of a record stay below 2^53."""
    asked = asking.rows(urlencode({name: time}).encode())
    assert encode(dict(asking.noted(asked, None, ())))


def test_a_record_has_no_word_that_a_reader_made_up() -> None:
    """Only those that rows have; a subject by pseudonym, if at all."""
    asked = asking.rows(
        b"subject=alice&team=alice&kind=access&kind=policy.load&since=2025-11-20T12:00:00Z&decision=allow"
    )
    kinds = ["access", "policy.load"]
    always = {"since_us": NOON_US, "decision": "allow", "kinds": kinds, "limit": 50}

    assert asking.noted(asked, None, ()) == {"subject": None, "team": None, **always}
    assert asking.noted(asked, "0f", {"access"}) == {"subject": "0f", "team": "alice", **always}
    assert asking.noted(asking.rows(b"kind=all"), None, ()) == {"kinds": "all", "limit": 50}


def test_sizes_are_plain_numbers() -> None:
    """`to` may be left to the log."""
    assert asking.sizes(b"from=3") == (3, None)
    assert asking.sizes(b"from=0&to=12") == (0, 12)


@pytest.mark.parametrize(
    ("parameters", "param"),
    [
        (b"", "from"),
        (b"to=3", "from"),
        (b"from=x", "from"),
        (b"from=1&to=-1", "to"),
        (b"from=1&size=2", None),
    ],
    ids=repr,
)
def test_sizes_that_are_none_are_refused(parameters: bytes, param: str | None) -> None:
    """Said with the parameter at fault."""
    assert refusal(lambda: asking.sizes(parameters)) == ("input.invalid", param)


def test_where_nothing_can_be_asked_nothing_may_be() -> None:
    """A parameter that would be passed over is refused."""
    asking.nothing(b"")
    assert refusal(lambda: asking.nothing(b"a=b")) == ("input.invalid", None)


@given(st.text(max_size=20))
def test_a_number_is_spelt_in_one_way(text: str) -> None:
    """Without sign, space, leading zero or foreign digits, and below 2^53."""
    assert (asking.number(text) is not None) == bool(re.fullmatch(r"0|[1-9][0-9]{0,14}", text))
