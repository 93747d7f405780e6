"""Reads, checks and builds policy bundles; knows OPA's bundle layout, no gateway and no provider."""

from pathlib import Path


def default_path() -> Path:
    """The bundle that Regent ships: a folder built from `policies/`."""
    return Path(__file__).parent / "default"
