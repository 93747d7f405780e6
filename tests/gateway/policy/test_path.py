"""A bundle on disk is followed as it is replaced: a folder that is stamped, an archive that is swapped."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

import bundles
from bundles import bundle as reading
from bundles.archive import pack
from bundles.build import write
from bundles.errors import BundleError
from gateway.policy.offer import MAX_ARCHIVE_BYTES
from gateway.policy.path import PathSource, mark, read_packed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gateway.policy.aside import Aside
    from tests.gateway.policy.conftest import Scene
    from tests.servers.policy_bundles import Variant

    Making = Callable[..., Scene]


@pytest.mark.parametrize("packed", [False, True])
async def test_a_replaced_bundle_decides(
    packed: bool,  # noqa: FBT001 - a parameter
    following: Making,
    jobs: Aside,
    bundle_variant: Variant,
    tmp_path: Path,
) -> None:
    """Whether it is a folder or an archive, and without anybody telling the gateway."""
    path = tmp_path / ("bundle.tar.gz" if packed else "bundle")

    def put(number: int) -> str:
        bundle = bundle_variant(number)
        if packed:
            (tmp_path / "new").write_bytes(pack(bundle.files))
            (tmp_path / "new").replace(path)
        else:
            write(bundle.files, path)
        return bundle.revision

    first = put(1)
    scene = await following(PathSource(path, jobs)).start()
    assert scene.revision == first
    second = put(2)
    await scene.until(lambda: scene.revision == second)

    assert scene.log.story == [("active", first, None), ("active", second, None)]


async def test_an_edit_counts_once_it_is_stamped(following: Making, jobs: Aside, tmp_path: Path) -> None:
    """Data that was edited and not stamped decides nothing yet."""
    folder = tmp_path / "bundle"
    shutil.copytree(bundles.default_path(), folder)
    scene = await following(PathSource(folder, jobs)).start()
    data = folder / "data.json"
    data.write_bytes(data.read_bytes() + b"\n")
    stamped = reading.stamp(folder).revision
    await scene.until(lambda: scene.revision == stamped)

    assert [result for result, _, _ in scene.log.story] == ["active", "active"]


async def test_a_path_that_vanishes_changes_nothing(following: Making, jobs: Aside, tmp_path: Path) -> None:
    """What is active stays so; when there is a bundle again, it is looked at."""
    folder = tmp_path / "bundle"
    shutil.copytree(bundles.default_path(), folder)
    scene = await following(PathSource(folder, jobs)).start()
    before = scene.policies.current()
    shutil.rmtree(folder)
    assert mark(folder) == ()
    shutil.copytree(bundles.default_path(), folder)

    assert scene.policies.current() is before


async def test_a_start_without_the_path_fails(following: Making, jobs: Aside, tmp_path: Path) -> None:
    """A gateway doesn't start on doubt."""
    with pytest.raises(BundleError):
        await following(PathSource(tmp_path / "absent", jobs)).start()


def test_an_archive_is_not_read_beyond_its_bound(tmp_path: Path) -> None:
    """A file that never ends would fill the memory."""
    endless = tmp_path / "endless.tar.gz"
    with endless.open("wb") as file:
        file.truncate(MAX_ARCHIVE_BYTES + 1)
    with pytest.raises(BundleError) as caught:
        read_packed(endless)

    assert caught.value.code == "bundle.too_large"
