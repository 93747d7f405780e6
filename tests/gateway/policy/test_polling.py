"""When a server is asked again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.polling import FIRST_BACKOFF_S, LAST_BACKOFF_S, LEAST_S, Pace

chances = st.floats(0, 1)


@given(st.lists(chances, min_size=1, max_size=40))
def test_failures_are_followed_by_longer_pauses_up_to_a_bound(drawn: list[float]) -> None:
    """Each pause lies in the upper half of a ceiling that doubles."""
    pace = Pace(10, iter(drawn).__next__)
    for number, _ in enumerate(drawn):
        ceiling = min(LAST_BACKOFF_S, FIRST_BACKOFF_S * 2**number)
        assert ceiling / 2 <= pace.after_failure() <= ceiling


@given(chances, st.floats(0.1, 1000))
def test_a_server_that_holds_nothing_is_asked_in_turns(drawn: float, poll_s: float) -> None:
    """About as often as the settings say, and never more than a tenth sooner."""
    pause = Pace(poll_s, lambda: drawn).after_answer(news=True, held=False, took_s=0.1)

    assert 0.9 * poll_s <= pause <= poll_s * 1.0001


@pytest.mark.parametrize(
    ("news", "took_s", "pause"),
    [(True, 0.0, 0), (False, 30.0, 0), (False, 0.0, LEAST_S), (False, 0.25, 0.75)],
)
def test_a_server_that_holds_questions_is_asked_at_once(news: bool, took_s: float, pause: float) -> None:  # noqa: FBT001 - a parameter
    """One that only says so is asked once a second."""
    assert Pace(10).after_answer(news=news, held=True, took_s=took_s) == pause


def test_an_answer_forgets_the_failures() -> None:
    """The next failure is the first one again."""
    pace = Pace(10, lambda: 1.0)
    pauses = [pace.after_failure(), pace.after_failure()]
    pace.after_answer(news=False, held=False, took_s=0)

    assert [*pauses, pace.after_failure()] == [0.5, 1.0, 0.5]
