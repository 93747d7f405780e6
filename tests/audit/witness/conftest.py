"""What the tests of witnesses share: ASGI apps on real sockets, a witness in a temporary folder."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from audit.tlog.keys import KeyType, VerifierKey
from audit.witness.server import keygen, open_witness
from audit.witness.witness import Witness
from tests.audit.witness.scripted import Asleep
from tests.audit.witness.trees import GrowingLog


@pytest.fixture
def log() -> GrowingLog:
    """Return a log of 64 leaves."""
    return GrowingLog()


@pytest.fixture
def make_witness(tmp_path: Path) -> Iterator[Callable[..., Witness]]:
    """Make witnesses, or open them again, each in files of its own name."""
    with contextlib.ExitStack() as opened:

        def make(
            *logs: VerifierKey, name: str = "w", types: tuple[KeyType, ...] = (KeyType.ED25519_COSIGNATURE,)
        ) -> Witness:
            key, state = tmp_path / f"{name}.key", tmp_path / f"{name}.db"
            if not key.exists():
                keygen(f"{name}.example", key, state, types)
            witness, held = open_witness(state, key, logs)
            opened.callback(held.close)
            return witness

        yield make


@pytest.fixture
def asleep() -> Iterator[Asleep]:
    """Return what a handler awaits to be too late: it comes back when the test is over."""
    sleepers: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def sleep() -> None:
        event = asyncio.Event()
        sleepers.append((asyncio.get_running_loop(), event))
        await event.wait()

    yield sleep
    for loop, event in sleepers:
        loop.call_soon_threadsafe(event.set)
