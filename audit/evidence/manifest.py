"""`manifest.json` of a pack: which files it has, each with its digest, in one form only."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

FORMAT = "regent.evidence/v1"


def manifest(made: Mapping[str, Any], digests: Mapping[str, str]) -> bytes:
    """Return the manifest.

    Args:
        made: how the pack came about: `filter`, `made_us`, `origin`, `range`, `size`, `tool`.
        digests: `sha256:...` of every other file, by name.
    """
    body = {**made, "files": dict(digests), "format": FORMAT}
    digest = sha256(_canonical(body)).hexdigest()
    return _canonical({**body, "digest": f"sha256:{digest}"}) + b"\n"


def _canonical(value: Mapping[str, Any]) -> bytes:
    """Return sorted keys, no spaces, ASCII."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()
