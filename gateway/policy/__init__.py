"""Which bundle decides right now: follows where bundles come from, checks and swaps them; knows no rule.

`build` composes it: a source (a path, a store or a server), a loader, and what brings the two together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bundles import bundle as bundles
from bundles import unenforced
from gateway.engine.opa import OpaEngine
from gateway.policy.aside import Aside
from gateway.policy.elsewhere import Elsewhere
from gateway.policy.follower import Follower
from gateway.policy.kept import Kept
from gateway.policy.live import Live
from gateway.policy.loading import Loader
from gateway.policy.path import PathSource
from gateway.policy.server import ServerSource
from gateway.policy.store import StoreSource
from gateway.policy.trial import PathCandidate, StoreCandidate, Trial
from gateway.settings import LAST_GOOD

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from bundles.bundle import Bundle
    from bundles.trust import Trust
    from gateway.policy.offer import Check, Source
    from gateway.settings import Policy

__all__ = ["Elsewhere", "Follower", "Trial", "build", "enforceable", "trial"]


def enforceable(files: Mapping[str, bytes], trust: Trust | None) -> Bundle:
    """Make a bundle of files that may decide here: believed, whole, and with nothing on that nobody asks.

    Raises:
        BundleError: `bundle.unenforced`, or what `bundles.bundle.from_files` raises.
    """
    return unenforced.refused(bundles.from_files(files, trust))


def build(settings: Policy, data_dir: Path, check: Check, entrypoints: Iterable[str]) -> Follower | Elsewhere:
    """Compose what knows the active bundle; nothing is read before `begin`.

    Args:
        settings: the section `policy`.
        data_dir: the gateway's data folder, where the last good bundle of a server is kept.
        check: makes a bundle of files that somebody sent, or says why not.
        entrypoints: every rule that will be asked.

    Raises:
        SettingsError: an address is malformed or a CA file can't be read.
    """
    if settings.engine == "opa":
        judged = bool(settings.trust.keys or settings.root().approvals)
        return Elsewhere(OpaEngine(settings.opa, entrypoints), judged=judged)
    jobs = Aside("policy")
    return Follower(_source(settings, data_dir, jobs), Loader(check), Live(), jobs)


def trial(settings: Policy, check: Check) -> Trial:
    """Compose what knows the candidate beside the active bundle: a path's, else the store's if there is one.

    Args and errors as for `build`.
    """
    jobs = Aside("trial")
    if settings.shadow is not None:
        return Trial(PathCandidate(PathSource(settings.shadow, jobs)), check, jobs)
    candidates = StoreCandidate(settings.store, jobs) if settings.store is not None else None
    return Trial(candidates, check, jobs)


def _source(settings: Policy, data_dir: Path, jobs: Aside) -> Source:
    if settings.store is not None:
        return StoreSource(settings.store, jobs)
    if settings.source is not None:
        return ServerSource(settings.source, Kept(data_dir / LAST_GOOD), jobs)
    return PathSource(settings.bundle, jobs)
