"""Witnesses before publication: what everybody sees is what a quorum signed, and whoever fails is named."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from typing import TYPE_CHECKING

import pytest

from audit.errors import LogDamaged, TlogRefused
from audit.keys import verifiers
from audit.merging import cosigning
from audit.merging.cosigning import Cosigning, FolderPublisher, publish
from audit.merging.once import merge
from audit.record import auth_failure
from audit.tlog.checkpoint import Checkpoint
from audit.tlog.keys import SigningKey
from audit.tlog.note import open_note, sign_note
from audit.tlog.trust import TrustPolicy
from audit.vouched import Vouched
from audit.witness.server import keygen, open_witness, witness_app
from tests.audit.merging.conftest import ORIGIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from starlette.types import ASGIApp

    from audit.merging.sequencer import Sequencer
    from tests.audit.merging.conftest import House

PATIENCE_S = 20


class Scene:
    """A log, its sequencer and two witnesses, of which one may be absent.

    Attributes:
        text: of the trust policy, without its quorum.
        said: what the thread reports.
    """

    def __init__(self, house: House, sequencer: Sequencer, urls: list[str], keys: list[str]) -> None:
        self.house = house
        self.sequencer = sequencer
        self.said: list[str] = []
        (log,) = verifiers(house.folder)
        lines = [f"witness w{n} {key} {url}" for n, (key, url) in enumerate(zip(keys, urls, strict=True))]
        self.text = "\n".join([f"log {log}", *lines, ""])

    def policy(self, quorum: str) -> TrustPolicy:
        """Who must have signed: `all`, `any` or `none`."""
        decisive = "quorum none" if quorum == "none" else f"group q {quorum} w0 w1\nquorum q"
        return TrustPolicy.parse(f"{self.text}{decisive}\n".encode())

    @contextlib.contextmanager
    def cosigning(self, quorum: str) -> Iterator[None]:
        """Witnesses are asked meanwhile."""
        with Cosigning(
            FolderPublisher(self.house.folder),
            self.policy(quorum),
            lambda: self.sequencer.note,
            self.said.append,
            0.05,
        ):
            yield

    def published(self, quorum: str) -> int | None:
        """The size that is published under a quorum, None where there is none."""
        try:
            return self.policy(quorum).check((self.house.folder / "checkpoint").read_bytes()).checkpoint.size
        except (FileNotFoundError, TlogRefused):
            return None

    def wait(self, condition: Callable[[], bool]) -> None:
        """Wait for the thread."""
        end = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < end
            time.sleep(0.02)


@pytest.fixture
def scene(house: House, serving: Callable[[ASGIApp], str], tmp_path: Path) -> Iterator[Scene]:
    """A log with a record and two witnesses that know it."""
    house.open().close()
    with contextlib.ExitStack() as opened:
        urls, keys = [], []
        for name in ("w0", "w1"):
            key, state = tmp_path / f"{name}.key", tmp_path / f"{name}.db"
            (vkey,) = keygen(f"{name}.example", key, state)
            witness, held = open_witness(state, key, verifiers(house.folder))
            opened.callback(held.close)
            urls.append(serving(witness_app(witness)))
            keys.append(str(vkey))
        yield Scene(house, house.sequencer(apart=True), urls, keys)


async def test_what_is_published_is_cosigned(scene: Scene) -> None:
    """Nothing is published before both have signed; then each head follows."""
    scene.sequencer.turn()
    assert scene.published("none") is None
    with scene.cosigning("all"):
        scene.wait(lambda: scene.published("all") == scene.sequencer.size)
        log = scene.house.open()
        for number in range(5):
            await scene.house.append(log, *(auth_failure("a.b", each) for each in range(100 * number)))
            scene.sequencer.turn()
        scene.wait(lambda: scene.published("all") == scene.sequencer.size)
        log.close()

    assert scene.said == []
    assert Vouched(scene.house.folder, 60).lately()


async def test_an_end_asks_for_the_last_head(scene: Scene) -> None:
    """Who stops has the last head signed on the way out."""
    scene.sequencer.turn()
    with scene.cosigning("all"):
        scene.wait(lambda: scene.published("all") is not None)
        log = scene.house.open()
        await scene.house.append(log, auth_failure("a.b", 1))
        log.close()
        scene.sequencer.turn()

    assert scene.published("all") == scene.sequencer.size


async def test_without_a_quorum_the_merge_delay_still_holds(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Receipts promise a checkpoint in time: it comes, without the quorum, and nobody vouches for it."""
    monkeypatch.setattr(cosigning, "MERGE_DELAY_S", 0.3)
    scene.sequencer.turn()
    scene.text = re.sub(r"127\.0\.0\.1:[0-9]+", "127.0.0.1:1", scene.text)
    with scene.cosigning("all"):
        scene.wait((scene.house.folder / "checkpoint").exists)

    assert scene.published("none") == scene.sequencer.size
    assert scene.published("all") is None
    assert any("quorum" in words and "w0: witness." in words for words in scene.said)
    assert not Vouched(scene.house.folder, 60).lately()


async def test_one_of_two_is_enough_where_the_policy_says_so(scene: Scene) -> None:
    """A quorum of one is met while the other is away."""
    scene.sequencer.turn()
    with scene.cosigning("any"):
        scene.wait(lambda: scene.published("any") == scene.sequencer.size)


def test_a_smaller_checkpoint_is_not_published(tmp_path: Path) -> None:
    """A slow round takes nothing back, and another tree of the same size is evidence."""
    key = SigningKey.generate("log.example")

    def note(size: int, root: bytes) -> bytes:
        return sign_note(str(Checkpoint("log.example", size, root)), [key])

    publish(tmp_path, note(5, b"a" * 32))
    publish(tmp_path, note(4, b"b" * 32))
    opened = open_note((tmp_path / "checkpoint").read_bytes(), [key.verifier])
    assert Checkpoint.parse(opened.text).size == 5
    with pytest.raises(LogDamaged, match=r"log\.head_moved"):
        publish(tmp_path, note(5, b"c" * 32))


def _file(scene: Scene, tmp_path: Path) -> Path:
    path = tmp_path / "witnesses.policy"
    path.write_text(f"{scene.text}group q all w0 w1\nquorum q\n", encoding="utf-8")
    return path


async def test_merging_by_hand_asks_the_witnesses_too(scene: Scene, tmp_path: Path) -> None:
    """Where no gateway runs, what is published is cosigned all the same, and kept in the history."""
    scene.house.stop()
    log = scene.house.open()
    await scene.house.append(log, *(auth_failure("a.b", each) for each in range(3)))
    log.close()

    _, size = await asyncio.to_thread(merge, scene.house.folder, ORIGIN, _file(scene, tmp_path))

    assert scene.published("all") == size
    assert (scene.house.folder / "checkpoints" / f"{size}.note").is_file()


async def test_merging_by_hand_without_a_quorum_says_so(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Receipts promised a checkpoint; whoever merges is told that nobody vouches for it."""
    monkeypatch.setattr(cosigning, "MERGE_DELAY_S", 0.3)
    scene.house.stop()
    scene.text = re.sub(r"127\.0\.0\.1:[0-9]+", "127.0.0.1:1", scene.text)

    _, size = await asyncio.to_thread(
        merge, scene.house.folder, ORIGIN, _file(scene, tmp_path), scene.said.append
    )

    assert (scene.published("none"), scene.published("all")) == (size, None)
    assert any("quorum" in words for words in scene.said)
