"""Pins how failed authentications are counted."""

from audit.writing.tally import MAX_CODES, OTHER, Tally

S = 1_000_000


def test_the_first_failure_is_due_at_once_the_rest_once_a_second() -> None:
    """A burst becomes one record at once and one with the count a second later."""
    tally = Tally()
    assert tally.hit("auth.expired")
    assert tally.take(5 * S) == [("auth.expired", 1)]
    assert tally.hit("auth.expired")
    assert not tally.hit("auth.expired")
    assert tally.due_at_us() == 6 * S
    assert tally.take(6 * S - 1) == []
    assert tally.take(6 * S) == [("auth.expired", 2)]
    assert tally.due_at_us() is None


def test_codes_are_counted_apart() -> None:
    """One noisy code does not delay another."""
    tally = Tally()
    tally.hit("auth.expired")
    tally.take(0)
    tally.hit("auth.expired")
    tally.hit("auth.missing")
    assert tally.take(1) == [("auth.missing", 1)]


def test_what_a_caller_wrote_is_never_a_code() -> None:
    """Text that is no code counts as `auth.other`: nobody can write into the log this way."""
    tally = Tally()
    for text in ("Bearer abc", "", "x" * 65, "UPPER", "é"):
        tally.hit(text)
    assert tally.take(0) == [(OTHER, 5)]


def test_the_number_of_codes_is_bounded() -> None:
    """Beyond 64 codes all new ones count together."""
    tally = Tally()
    for number in range(MAX_CODES + 10):
        tally.hit(f"auth.code_{number}")
    taken = dict(tally.take(0))
    assert taken[OTHER] == 10
    assert len(taken) == MAX_CODES + 1


def test_all_counts_come_at_the_end_and_lost_ones_come_back() -> None:
    """Nothing is forgotten at a close, nor when a record did not become durable."""
    tally = Tally()
    tally.hit("auth.expired")
    tally.take(0)
    tally.hit("auth.expired")
    taken = tally.take(1, all_codes=True)
    assert taken == [("auth.expired", 1)]
    tally.give_back(taken)
    tally.hit("auth.expired")
    assert tally.take(2 * S) == [("auth.expired", 2)]
