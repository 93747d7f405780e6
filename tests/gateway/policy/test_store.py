"""A store's active revision decides: picked up as it changes, and only if it is what the store says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bundles.archive import pack
from gateway.policy.store import StoreSource

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.policy.aside import Aside
    from tests.gateway.policy.conftest import Scene
    from tests.servers.policy_bundles import PolicyStore, Variant

    Making = Callable[..., Scene]

pytestmark = pytest.mark.usefixtures("engines_of_compiled_plans")


async def test_the_active_revision_is_followed(
    following: Making,
    jobs: Aside,
    policy_store: PolicyStore,
    bundle_variant: Variant,
) -> None:
    """From an empty store to the first activation, the next, and back, and nobody tells the gateway."""
    scene = await following(StoreSource(policy_store.folder, jobs)).start()
    assert scene.revision is None
    first, second = (policy_store.release(bundle_variant(number)) for number in (1, 2))
    for revision in (first, second, first):
        policy_store.activate(revision)
        await scene.until(lambda wanted=revision: scene.revision == wanted)  # type: ignore[misc]  # a default binds it

    assert scene.log.story == [("active", revision, None) for revision in (first, second, first)]
    release = scene.policies.release
    assert release is not None
    assert release.archive == pack(bundle_variant(1).files)


async def test_a_release_that_was_exchanged_is_refused(
    following: Making, jobs: Aside, policy_store: PolicyStore, bundle_variant: Variant
) -> None:
    """Whoever can write one file of the store can't have another revision decide under its name."""
    good = policy_store.put(bundle_variant(1))
    scene = await following(StoreSource(policy_store.folder, jobs)).start()
    other = policy_store.release(bundle_variant(2), pack(bundle_variant(3).files))
    policy_store.activate(other)
    await scene.until(lambda: len(scene.log.kept) == 2)

    assert scene.revision == good
    assert scene.log.story[1] == ("refused", other, "bundle.modified")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"{", "bundle.malformed"),
        (b"{}", "bundle.malformed"),
        (
            b'{"revision": "../../etc", "since_us": 1, "previous": null, "action": "activate", "by": "o"}',
            "bundle.malformed",
        ),
        (
            b'{"revision": null, "since_us": 1, "previous": null, "action": "activate", "by": "o"}',
            "bundle.malformed",
        ),
        (
            b'{"revision": 7, "since_us": 1, "previous": null, "action": "activate", "by": "o"}',
            "bundle.malformed",
        ),
        (b" " * 70_000, "bundle.malformed"),
        (
            b'{"revision": "r-%b", "since_us": 1, "previous": null, "action": "activate", "by": "o"}'
            % (b"0" * 64),
            "bundle.unreadable",
        ),
    ],
)
@pytest.mark.parametrize("when", ["at the start", "later"])
async def test_a_pointer_that_says_nothing_of_use_is_refused(
    content: bytes,
    code: str,
    when: str,
    following: Making,
    jobs: Aside,
    policy_store: PolicyStore,
    bundle_variant: Variant,
) -> None:
    """The gateway goes on, or comes up and refuses everything; a good pointer mends it."""
    good = policy_store.put(bundle_variant(1))
    pointer = policy_store.folder / "active.json"
    scene = following(StoreSource(policy_store.folder, jobs))
    if when == "later":
        await scene.start()
        pointer.write_bytes(content)
    else:
        pointer.write_bytes(content)
        await scene.start()
    await scene.until(lambda: any(result == "refused" for result, _, _ in scene.log.story))
    assert scene.log.story[-1][2] == code
    assert scene.revision == (good if when == "later" else None)

    policy_store.activate(policy_store.release(bundle_variant(2)))
    await scene.until(lambda: scene.revision == bundle_variant(2).revision)
