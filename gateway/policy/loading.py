"""From what a source offers to an engine that can decide by it; blocks, so it runs beside the event loop."""

from __future__ import annotations

import sys
import weakref
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bundles.archive import pack
from gateway.engine.embedded import EmbeddedEngine
from gateway.ports import Release

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gateway.policy.offer import Check, Offer

SWITCH_S: Final = 0.0001
"""How soon the event loop gets the interpreter back while a bundle is compiled.

Compiling is work of some 100 ms in which Python lets nobody else run for 5 ms at a time, and a request waits
several times. With this it waits less than a millisecond (`docs/performance.md`).
"""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A bundle that may become active.

    Args:
        engine: evaluates it.
        release: the bundle as it is handed on.
        digest: of its content, `sha256:<hex>`.
    """

    engine: EmbeddedEngine
    release: Release
    digest: str


class Loader:
    """Reads, checks and compiles what is offered.

    Args:
        check: makes a bundle of files, or says why not: who must have signed it, what it must be.
    """

    def __init__(self, check: Check) -> None:
        self._check = check
        self._last: Callable[[], EmbeddedEngine | None] = lambda: None

    def load(self, offer: Offer, active: str | None) -> Loaded | None:
        """Make an engine of a bundle.

        Args:
            active: digest of the bundle that is active, None if none is.

        Returns:
            None if it is the one that is active.

        Raises:
            BundleError: the bundle can't be read, or isn't one to be believed.
            SettingsError: its plan can't be evaluated.
        """
        found = offer.read()
        with _yielding():
            bundle = offer.checked(found, self._check)
            digest = f"sha256:{bundle.digest}"
            if digest == active:
                return None
            engine = EmbeddedEngine(bundle, like=self._last())
            # Weakly: which engines live is settled by who asks them.
            self._last = weakref.ref(engine)
            archive = found.archive if found.archive is not None else pack(bundle.files)
            return Loaded(engine, Release(bundle.revision, archive), digest)


@contextmanager
def _yielding() -> Iterator[None]:
    """Have Python change threads more often while this one computes."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_S)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)
