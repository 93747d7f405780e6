"""Refuses bundles of which something would go unenforced, unnoticed by whoever wrote it; knows no rule."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bundles import exports, unasked
from bundles.errors import BundleError

if TYPE_CHECKING:
    from bundles.bundle import Bundle

_MOST = 10


def faults(bundle: Bundle) -> list[str]:
    """What is switched on and wouldn't be enforced, each with what to do; no more than anybody reads."""
    compiled = exports.functions(json.loads(bundle.plan))  # reading the bundle held it against more
    found = exports.found_in(compiled, bundle.files)
    rules = unasked.found_in(compiled, bundle.manifest["metadata"].get("rules", ()), bundle.data)
    return [*([unasked.advice(rules)] if rules else []), *found][:_MOST]


def refused(bundle: Bundle) -> Bundle:
    """The bundle, unless something of it would go unenforced.

    Raises:
        BundleError: `bundle.unenforced`.
    """
    if found := faults(bundle):
        raise BundleError("bundle.unenforced", "; ".join(found))
    return bundle
