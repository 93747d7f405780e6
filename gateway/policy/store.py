"""Bundles from a store on this machine: follows which revision is active there, and knows no other state."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Final

from bundles.errors import BundleError
from bundles.store import pointers
from bundles.store.errors import StoreError
from bundles.store.releasing import RELEASED
from bundles.store.revisions import key_of
from gateway.policy.offer import Offer
from gateway.policy.path import Watch, read_packed

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.policy.aside import Aside

MAX_BYTES: Final = 64 * 1024
_REVISION: Final = re.compile(r"r-[0-9a-f]{16,64}")


class StoreSource:
    """A `Source` over a store's folder (`bundles/store/`).

    What is active is a file that is replaced as a whole, so it is enough to look whether it is another one.

    Args:
        folder: the store.
        jobs: where the disk is asked.
    """

    required = False

    def __init__(self, folder: Path, jobs: Aside) -> None:
        self._folder = folder
        self._jobs = jobs
        self._watch = Watch(folder / pointers.ACTIVE, jobs)

    async def first(self) -> Offer | None:
        """The revision that is active now; None for a store in which nothing is."""
        if not await self._watch.look():
            return None
        try:
            return await self._jobs.run(self._active)
        except BundleError:
            self._watch.forget()  # `next` meets it again and says so
            return None

    async def next(self) -> Offer:
        """Wait until another revision is active.

        Raises:
            BundleError: `active.json` can't be read or isn't what it must be.
        """
        await self._watch.change()
        return await self._jobs.run(self._active)

    async def accepted(self, archive: bytes) -> None:
        """Nothing is kept: the store is the place where it is kept."""

    async def close(self) -> None:
        """Nothing is open."""

    def _active(self) -> Offer:
        offer = pointed(self._folder, pointers.ACTIVE)
        if offer is None:
            raise BundleError("bundle.malformed", f"{self._folder / pointers.ACTIVE} names no revision")
        return offer


def pointed(folder: Path, pointer: str) -> Offer | None:
    """The released bundle that a store's pointer names; None where it names none.

    Args:
        folder: the store.
        pointer: `pointers.ACTIVE` or `pointers.SHADOW`.

    Raises:
        BundleError: the pointer can't be read or isn't what it must be.
    """
    file = folder / pointer
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise BundleError("bundle.malformed", f"{file} is longer than {MAX_BYTES} bytes")
        revision = pointers.parse(content, pointer).revision
    except OSError as error:
        raise BundleError("bundle.unreadable", f"{file}: {error.strerror}") from None
    except StoreError as error:
        raise BundleError("bundle.malformed", error.detail) from None
    if revision is None:
        return None
    # It becomes part of a path: anything but a revision could lead out of the store.
    if not _REVISION.fullmatch(revision):
        raise BundleError("bundle.malformed", f"{file} names no revision")
    archive = folder / key_of(revision, RELEASED)
    return Offer(str(archive), partial(read_packed, archive), revision=revision)
