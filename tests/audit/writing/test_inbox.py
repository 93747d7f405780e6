"""The way to the writer thread: what one turn brings crosses together, nothing is lost, and it is bounded."""

import asyncio
import threading

from audit.record import Record
from audit.writing.inbox import SOON_S, Entry, Inbox, Signal


def entry(number: int, *, awaited: bool = False) -> Entry:
    """A numbered record."""
    future = asyncio.get_running_loop().create_future() if awaited else None
    return Entry(Record({"n": number}), future)


def numbers(inbox: Inbox) -> list[int]:
    """What can be taken now, in order."""
    taken = []
    while isinstance(item := inbox.take(), Entry):
        taken.append(item.record.body["n"])
    return taken


async def test_what_one_turn_brings_crosses_together_at_its_end() -> None:
    """Nothing is there within the turn, everything after it, in order."""
    inbox = Inbox(100)
    for number in range(5):
        inbox.add(entry(number, awaited=True))
    within = numbers(inbox)
    await asyncio.sleep(0)

    assert (within, numbers(inbox)) == ([], [0, 1, 2, 3, 4])


async def test_what_nobody_waits_for_crosses_with_the_next_or_soon() -> None:
    """It rides along with an awaited record; alone it crosses after a short while."""
    inbox = Inbox(100)
    inbox.add(entry(0))
    inbox.add(entry(1, awaited=True))
    await asyncio.sleep(0)
    together = numbers(inbox)
    inbox.add(entry(2))
    await asyncio.sleep(0)
    at_once = numbers(inbox)
    await asyncio.sleep(SOON_S * 3)

    assert (together, at_once, numbers(inbox)) == ([0, 1], [], [2])


async def test_a_full_inbox_turns_away_until_something_was_taken() -> None:
    """What waits is bounded, wherever on the way it is."""
    inbox = Inbox(2)
    admitted = [inbox.admit() for _ in range(3)]
    inbox.add(entry(0, awaited=True))
    await asyncio.sleep(0)
    inbox.take()

    assert (admitted, inbox.admit(), inbox.admit()) == ([True, True, False], True, False)


def test_without_a_loop_everything_crosses_at_once() -> None:
    """A thread of the caller's own has no turns."""
    inbox = Inbox(10)
    inbox.add(Entry(Record({"n": 7}), None))

    assert numbers(inbox) == [7]


async def test_a_signal_comes_after_what_was_added_before() -> None:
    """A stop leaves nothing behind."""
    inbox = Inbox(10)
    inbox.add(entry(0))
    inbox.signal(Signal.STOP)
    first, second = inbox.take(), inbox.take()

    assert isinstance(first, Entry)
    assert second is Signal.STOP


async def test_after_the_end_whatever_still_crosses_is_refused() -> None:
    """Nobody is left waiting for a thread that is gone."""
    inbox = Inbox(10)
    refused: list[int] = []
    inbox.add(entry(0, awaited=True))
    inbox.end(lambda: refused.extend(numbers(inbox)))
    inbox.add(entry(1, awaited=True))
    await asyncio.sleep(0)

    assert refused == [0, 1]


async def test_a_loop_that_ended_in_between_holds_nothing_up() -> None:
    """Plans of a loop that is gone are made again by the next one."""
    inbox = Inbox(10)

    def another_life() -> None:
        async def add() -> None:
            inbox.add(entry(0))

        asyncio.run(add())

    thread = threading.Thread(target=another_life)
    thread.start()
    await asyncio.to_thread(thread.join)
    inbox.add(entry(1))
    await asyncio.sleep(SOON_S * 3)

    assert numbers(inbox) == [0, 1]
