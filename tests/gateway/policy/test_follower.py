"""What becomes of an offer: the next decision is by it, or the active one goes on; both are recorded."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from functools import partial
from typing import TYPE_CHECKING, Any

import psutil
import pytest
import structlog

from audit.errors import LogUnavailable
from bundles.archive import pack
from bundles.bundle import from_files
from bundles.errors import BundleError
from gateway.policy import enforceable
from gateway.policy import follower as followers
from gateway.policy.offer import Offer, Read
from gateway.question import ADMISSION
from tests.servers.policy_bundles import edited

if TYPE_CHECKING:
    from collections.abc import Callable

    from bundles.bundle import Bundle
    from tests.gateway.policy.conftest import Scene
    from tests.servers.policy_bundles import Variant

    Making = Callable[..., Scene]

CHANGES = 45
compiled_once = pytest.mark.usefixtures("engines_of_compiled_plans")


class Offers:
    """A source that offers what a test puts in; an exception is raised."""

    def __init__(self, *first: Offer, required: bool = True) -> None:
        self.required = required
        self._first = first
        self._queue: asyncio.Queue[Offer | Exception] = asyncio.Queue()
        self.taken: list[bytes] = []

    async def first(self) -> Offer | None:
        return self._first[0] if self._first else None

    async def next(self) -> Offer:
        offer = await self._queue.get()
        if isinstance(offer, Exception):
            raise offer
        return offer

    async def accepted(self, archive: bytes) -> None:
        self.taken.append(archive)

    async def close(self) -> None: ...

    def put(self, offer: Offer | Exception) -> None:
        self._queue.put_nowait(offer)


def offer(bundle: Bundle, **more: Any) -> Offer:
    """A bundle as it comes from somewhere."""
    archive = pack(bundle.files)
    return Offer("somewhere", lambda: Read(bundle.files, archive), **more)


def broken(code: Any = "bundle.signature") -> Offer:
    """A bundle that can't be read."""

    def read() -> Read:
        raise BundleError(code, "no good")

    return Offer("somewhere", read)


@compiled_once
async def test_a_start_activates_and_records(following: Making, bundle_variant: Variant) -> None:
    """The first bundle decides before anybody is served, and the log begins with it."""
    bundle = bundle_variant(1)
    source = Offers(offer(bundle))
    scene = await following(source).start()

    assert scene.revision == bundle.revision
    assert scene.log.story == [("active", bundle.revision, None)]
    assert source.taken == [pack(bundle.files)]
    assert scene.policies.release is not None
    assert scene.policies.release.archive == pack(bundle.files)


@compiled_once
async def test_the_next_offer_is_swapped_in_between_requests(
    following: Making, bundle_variant: Variant
) -> None:
    """Who took the engine before goes on with it; who waits for a change is woken."""
    one, other = bundle_variant(1), bundle_variant(2)
    source = Offers(offer(one))
    scene = await following(source).start()
    engine = scene.policies.current()
    waiting = asyncio.ensure_future(scene.policies.change())
    source.put(offer(other))
    await asyncio.wait_for(waiting, 10)

    before = await engine.ask(ADMISSION, {})
    after = await scene.policies.current().ask(ADMISSION, {})
    assert (before.revision, after.revision) == (one.revision, other.revision)
    assert scene.log.story == [("active", one.revision, None), ("active", other.revision, None)]


@compiled_once
@pytest.mark.parametrize(
    ("what", "code"),
    [
        (broken(), "bundle.signature"),
        (broken("bundle.too_large"), "bundle.too_large"),
        (Offer("s", lambda: Read({})), "bundle.malformed"),
        (BundleError("bundle.malformed", "active.json"), "bundle.malformed"),
        (Offer("s", lambda: 1 / 0), "gateway.error"),  # type: ignore[arg-type,return-value]  # a mistake of ours
    ],
)
async def test_what_is_refused_leaves_the_active_one_deciding(
    what: Offer | Exception, code: str, following: Making, bundle_variant: Variant
) -> None:
    """It is recorded with its code and told, and the next good bundle is taken."""
    one, other = bundle_variant(1), bundle_variant(2)
    source = Offers(offer(one))
    scene = await following(source).start()
    with structlog.testing.capture_logs() as lines:
        source.put(what)
        await scene.until(lambda: len(scene.log.kept) == 2)
    assert scene.revision == one.revision
    assert scene.log.story[1] == ("refused", None, code)
    assert [(line["event"], line["code"]) for line in lines] == [("policy.refused", code)]

    source.put(offer(other))
    await scene.until(lambda: scene.revision == other.revision)


@compiled_once
async def test_a_rule_that_nobody_asks_is_refused_with_the_bundle(
    following: Making, bundle_variant: Variant
) -> None:
    """Rows about replies, which no gateway judges yet, don't become active unnoticed."""
    one = bundle_variant(1)
    source = Offers(offer(one))
    scene = await following(source, partial(enforceable, trust=None)).start()
    source.put(offer(edited(lambda tables: tables.update(replies={"short": {"max_tokens": 100}}))))
    await scene.until(lambda: len(scene.log.kept) == 2)
    assert scene.revision == one.revision
    assert scene.log.story[1] == ("refused", None, "bundle.unenforced")


@compiled_once
async def test_another_revision_than_was_promised_is_refused(
    following: Making, bundle_variant: Variant
) -> None:
    """An archive laid down under another revision's name decides nothing."""
    one, other = bundle_variant(1), bundle_variant(2)
    source = Offers(offer(one))
    scene = await following(source).start()
    source.put(offer(other, revision=one.revision))
    await scene.until(lambda: len(scene.log.kept) == 2)

    assert scene.revision == one.revision
    assert scene.log.story[1] == ("refused", one.revision, "bundle.modified")


@compiled_once
async def test_a_plan_that_cannot_be_evaluated_is_refused(following: Making, bundle_variant: Variant) -> None:
    """Its files may be what they must be: what counts is that it can decide."""
    one = bundle_variant(1)

    def check(files: Any) -> Bundle:
        bundle = from_files(files)
        if bundle.revision == one.revision:
            return bundle
        object.__setattr__(bundle, "plan", b'{"plans": {"plans": []}}')
        return bundle

    source = Offers(offer(one))
    scene = await following(source, check).start()
    source.put(offer(bundle_variant(2)))
    await scene.until(lambda: len(scene.log.kept) == 2)

    assert scene.log.story[1] == ("refused", None, "bundle.unusable")


@compiled_once
async def test_the_same_bundle_once_more_is_no_news(following: Making, bundle_variant: Variant) -> None:
    """Nothing is compiled, swapped or recorded for it."""
    one, other = bundle_variant(1), bundle_variant(2)
    source = Offers(offer(one))
    scene = await following(source).start()
    engine = scene.policies.current()
    source.put(offer(one))
    source.put(offer(other))
    await scene.until(lambda: scene.revision == other.revision)

    assert scene.policies.current() is not engine
    assert len(scene.log.kept) == 2


@pytest.mark.parametrize("required", [True, False])
async def test_a_bad_start(required: bool, following: Making) -> None:  # noqa: FBT001 - a parameter
    """A path in the settings must be good; what others provide may become good later."""
    scene = following(Offers(broken(), required=required))
    if required:
        with pytest.raises(BundleError):
            await scene.start()
        return
    await scene.start()

    assert scene.policies.current().name == "none"
    assert scene.log.story == [("refused", None, "bundle.signature")]


async def test_a_start_without_anything_says_so(following: Making) -> None:
    """Nobody is allowed anything, and the operator is told."""
    with structlog.testing.capture_logs() as lines:
        scene = await following(Offers(required=False)).start()

    assert scene.policies.release is None
    assert [line["event"] for line in lines] == ["policy.none_active"]


@compiled_once
async def test_a_log_that_takes_nothing_does_not_stop_an_activation(
    following: Making, bundle_variant: Variant
) -> None:
    """Else nobody could take a policy back while the log is busy; the log counts what it misses."""
    source = Offers(offer(bundle_variant(1)))
    scene = await following(source).start()
    scene.log.error = LogUnavailable("log.backlogged", "")
    source.put(offer(bundle_variant(2)))
    await scene.until(lambda: scene.revision == bundle_variant(2).revision)

    assert [each["result"] for each in scene.log.soon] == ["active"]


@compiled_once
async def test_an_offer_in_the_middle_of_its_replacement_is_looked_at_again(
    following: Making, bundle_variant: Variant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a folder is no refusal as long as the other half comes soon."""
    monkeypatch.setattr(followers, "LOOK_AGAIN_S", 0.01)
    bundle, looks = bundle_variant(2), []

    def read() -> Read:
        looks.append(1)
        if len(looks) < 3:
            raise BundleError("bundle.modified", "half of it")
        return Read(bundle.files)

    source = Offers(offer(bundle_variant(1)))
    scene = await following(source).start()
    source.put(Offer("folder", read, looks=4))
    await scene.until(lambda: scene.revision == bundle.revision)

    assert [result for result, _, _ in scene.log.story] == ["active", "active"]


@compiled_once
async def test_a_load_that_hangs_blocks_nobody_and_is_told(
    following: Making, bundle_variant: Variant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decisions go on, and so does the stop: nobody waits for a disk that doesn't answer."""
    monkeypatch.setattr(followers, "STALLED_S", 0.05)
    never = threading.Event()
    source = Offers(offer(bundle_variant(1)))
    scene = await following(source).start()
    with structlog.testing.capture_logs() as lines:
        source.put(Offer("hung", lambda: Read({"waited": bytes(never.wait(60))})))
        await scene.until(lambda: bool(lines))
    answer = await scene.policies.current().ask(ADMISSION, {})

    assert [(line["event"], line["place"]) for line in lines] == [("policy.stalled", "hung")]
    assert answer.revision == bundle_variant(1).revision
    await asyncio.wait_for(scene.follower.close(), 1)
    never.set()


@pytest.mark.slow
async def test_many_changes_leave_nothing_behind(following: Making, bundle_variant: Variant) -> None:
    """An engine is gone with its last request, without help of the collector, and the memory with it."""
    three = [offer(bundle_variant(number, plan=number == 2)) for number in range(3)]
    source = Offers(three[0])
    scene = await following(source).start()
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        sizes: list[int] = []
        ended: list[int] = []
        for number in range(1, CHANGES + 1):
            weakref.finalize(scene.policies.current(), ended.append, number)
            changed = asyncio.ensure_future(scene.policies.change())
            source.put(three[number % 3])
            await changed
            if number % (CHANGES // 3) == 0:
                sizes.append(psutil.Process().memory_info().rss)
    finally:
        gc.enable()
        gc.unfreeze()

    assert len(ended) == CHANGES
    assert sizes[2] - sizes[0] < 24 * 1024 * 1024, sizes
