"""Reads the plan and the data out of an OPA bundle; checks no signature and writes nothing to disk.

Whoever fetches bundles from elsewhere verifies them first
(https://www.openpolicyagent.org/docs/management-bundles).
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zlib
from typing import Any, Final

from rego.errors import PlanError

PLAN: Final = "plan.json"
_DATA: Final = "data.json"
_MAX_BYTES: Final = 1 << 30  # as OPA's own limit for a file of a bundle
_PART: Final = 1 << 16
_GZIP: Final = b"\x1f\x8b"


def is_bundle(document: bytes) -> bool:
    """Tell a compressed archive from a plan."""
    return document.startswith(_GZIP)


def read(document: bytes) -> tuple[bytes, dict[str, Any]]:
    """Return a bundle's plan and its base documents.

    Args:
        document: The `tar.gz` that `opa build --target plan` wrote.

    Raises:
        PlanError: `plan.malformed` where it is no such archive, is too large, has a file twice or no plan,
            or has data as YAML (OPA writes JSON).
    """
    files = _files(document)
    if PLAN not in files:
        raise PlanError("plan.malformed", "the bundle has no plan.json: build it with --target plan")
    data: dict[str, Any] = {}
    for name in sorted(files):
        *folders, base = name.split("/")
        if base in {"data.yaml", "data.yml"}:
            raise PlanError("plan.malformed", "data in YAML is for `opa build`, which writes data.json")
        if base == _DATA:
            _merge(data, folders, _json(files[name]))
    return files[PLAN], data


def _files(document: bytes) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    room = _MAX_BYTES
    try:
        with gzip.open(io.BytesIO(document)) as stream, tarfile.open(fileobj=stream, mode="r:") as archive:
            for member in archive:
                room -= member.size
                if room < 0:
                    raise PlanError("plan.malformed", "the bundle is too large")
                name = member.name.removeprefix("./").lstrip("/")
                if not member.isfile() or not (name == PLAN or name.split("/")[-1].startswith("data.")):
                    continue
                if name in files:
                    raise PlanError("plan.malformed", "the bundle has a file twice")
                content = archive.extractfile(member)
                files[name] = content.read() if content else b""
            _read_to_end(stream, room)
    except (tarfile.TarError, zlib.error, OSError, EOFError, ValueError) as error:
        raise PlanError("plan.malformed", "the bundle is no readable tar.gz") from error
    return files


def _read_to_end(stream: gzip.GzipFile, room: int) -> None:
    """Read what is behind the last file: only then the checksum is compared, and a cut is found."""
    while part := stream.read(_PART):
        room -= len(part)
        if room < 0:
            raise PlanError("plan.malformed", "the bundle is too large")


def _json(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise PlanError("plan.data_malformed", "data.json is not JSON") from error
    if type(found) is not dict:
        raise PlanError("plan.data_malformed", "data.json is not an object")
    return found


def _merge(data: dict[str, Any], folders: list[str], found: dict[str, Any]) -> None:
    for folder in folders:
        data = data.setdefault(folder, {})
        if type(data) is not dict:
            raise PlanError("plan.data_malformed", "two data.json disagree on what a name stands for")
    for name, value in found.items():
        if name in data:
            raise PlanError("plan.data_malformed", "two data.json have the same name")
        data[name] = value
