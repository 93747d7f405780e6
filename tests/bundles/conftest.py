"""What bundle tests share: a small bundle of their own, the real `opa`, and plans that are compiled once."""

import shutil
from pathlib import Path
from typing import Any

import orjson
import pytest

from bundles import manifest as manifests
from bundles.backtest import replay
from rego import Policy

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


class CompiledOnce:
    """`Policy`, with one policy for one plan, data and bounds: it is immutable, and made to be shared.

    To compile the shipped plan is most of the work of a test that makes a few decisions by it. For other data
    it is fitted, as a gateway does; that this is the same as to load it anew, `tests/rego` sees to.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[bytes, str], dict[bytes, Policy]] = {}

    def load(self, plan: bytes, data: dict[str, Any], **bounds: Any) -> Policy:
        """See `Policy.load`."""
        known = self._known.setdefault((plan, repr(sorted(bounds.items()))), {})
        content = orjson.dumps(data, option=orjson.OPT_SORT_KEYS)
        if content not in known:
            first = next(iter(known.values()), None)
            known[content] = first.with_data(data) if first else Policy.load(plan, data, **bounds)
        return known[content]


@pytest.fixture(scope="session")
def compiled_once() -> CompiledOnce:
    """The policies that this session has compiled."""
    return CompiledOnce()


@pytest.fixture(autouse=True)
def _plans_of_replays_are_compiled_once(compiled_once: CompiledOnce, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "Policy", compiled_once)
