"""Pins that pages make up the whole answer: nothing twice, nothing left out, whatever has one time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.index.row import row_of
from audit.index.wanted import Filter, matches
from audit.reading.paging import Place, behind, page

if TYPE_CHECKING:
    from audit.index.row import Row

MOMENTS = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from(["w0", "w1", "w10"])), min_size=1, max_size=40
)


def row(t_us: int, writer: str, index: int) -> Row:
    """A row of some record."""
    return row_of(
        {
            "typ": "auth_failure",
            "id": f"{index:032x}",
            "t_us": t_us,
            "writer": {"id": writer},
            "n": 1,
            "reason_code": "a.b",
        },
        index,
    )


@given(moments=MOMENTS, most=st.integers(1, 7))
def test_pages_are_the_answer(moments: list[tuple[int, str]], most: int) -> None:
    """Page after page until there is no more, each by the place where the one before ended."""
    rows = [row(t_us, writer, index) for index, (t_us, writer) in enumerate(moments)]
    found: list[str] = []
    after: Place | None = None
    while True:
        wanted = behind(Filter(kinds=None, limit=1), after)
        answer = sorted(
            (each for each in rows if matches(each, wanted, None)), key=lambda r: r.t_us, reverse=True
        )
        some, after = page(answer, most, after)
        found += [each.id for each in some]
        assert len(some) == most or after is None
        if after is None:
            break
        after = Place.parse(str(after))

    assert found == [each.id for each in sorted(rows, key=Place.of, reverse=True)]


def test_a_filters_own_end_holds_on_every_page() -> None:
    """A later page asks for nothing newer than the first one did."""
    assert behind(Filter(until_us=5), Place(9, 0, "w0")).until_us == 5
    assert behind(Filter(until_us=15), Place(9, 0, "w0")).until_us == 10
    assert behind(Filter(until_us=5, limit=3), None) == Filter(until_us=5)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "1.2",
        "1.2.",
        "-1.2.w0",
        "1.2.w0\n",
        "1.2.w/0",
        "1." + "2" * 16 + ".w0",
        "x.y.z",
        "1.\u0662.w0",
    ],
)
def test_what_no_page_gave_is_no_place(text: str) -> None:
    """Also what almost is one."""
    with pytest.raises(ValueError, match="place"):
        Place.parse(text)
