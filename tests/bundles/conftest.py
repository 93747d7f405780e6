"""What bundle tests share: a small bundle of their own, the real `opa`, and plans that are compiled once."""

import shutil
from pathlib import Path

import pytest

from bundles import manifest as manifests
from bundles.backtest import replay
from tests.compiled_once import CompiledOnce

ROOT = Path(__file__).parents[2]
HOUSE = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"limit": {"type": "integer"}, "limits": {"type": "object"}},
}


@pytest.fixture
def files() -> dict[str, bytes]:
    """The files of a well-formed bundle; its plan says nothing, which readers don't mind."""
    content = {
        "data.json": b'{"house": {"limit": 7}}\n',
        "plan.json": b'{"plans": {"plans": []}}',
        "gateway/request/request.rego": b"package gateway.request\n",
    }
    manifest = {
        "roots": ["gateway", "house"],
        "rego_version": 1,
        "metadata": {"code": manifests.code_of(content, {"house": HOUSE}), "data_schemas": {"house": HOUSE}},
    }
    content[".manifest"] = manifests.stamped(content, {**manifest, "revision": ""})
    return content


@pytest.fixture
def folder(files: dict[str, bytes], tmp_path: Path) -> Path:
    """The same bundle on disk."""
    root = tmp_path / "bundle"
    for name, content in files.items():
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return root


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A copy of the shipped policy sources, to change at will."""
    copied = tmp_path / "policies"
    shutil.copytree(ROOT / "policies", copied)
    return copied


@pytest.fixture(autouse=True)
def _plans_of_replays_are_compiled_once(compiled_once: CompiledOnce, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "Policy", compiled_once)
