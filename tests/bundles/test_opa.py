"""Finding `opa`: the one named, the house's own, PATH's; never an old one."""

from pathlib import Path

import pytest

from bundles import opa as tool
from bundles.errors import BundleError


def _fake(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


@pytest.fixture(autouse=True)
def bare_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work where no `opa` is, with an empty PATH besides the shell's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}/path:/bin")


def test_order(tmp_path: Path) -> None:
    """PATH is asked last, the argument first, what is configured second."""
    new = "echo Version: 1.21.3"
    on_path = _fake(tmp_path / "path" / "opa", new)
    assert tool.find() == on_path
    local = _fake(tmp_path / ".tools" / "opa", new)
    assert tool.find() == local
    configured = _fake(tmp_path / "configured", new)
    assert tool.find(configured=configured) == configured
    named = _fake(tmp_path / "named", new)
    assert tool.find(named, configured) == named
    assert tool.find(named) == named


@pytest.mark.parametrize("version", ["1.21.3", "1.22.0", "2.0.0", "v1.30.1-dev"])
def test_new_enough(version: str, tmp_path: Path) -> None:
    """The oldest version without the signature side-step, and every newer one, will do."""
    tool.find(_fake(tmp_path / "opa", f"echo Version: {version}"))


@pytest.mark.parametrize("body", ["echo Version: 1.21.2", "echo Version: 0.99.9", "echo hello", "exit 3"])
def test_refused(body: str, tmp_path: Path) -> None:
    """An old one, or something that isn't `opa`, is refused."""
    with pytest.raises(BundleError) as raised:
        tool.find(_fake(tmp_path / "opa", body))
    assert raised.value.code == "bundle.tool"


def test_none_says_how_to_get_one() -> None:
    """Without `opa` the message names the command that brings it."""
    with pytest.raises(BundleError, match="make tools"):
        tool.find()
    with pytest.raises(BundleError, match="make tools"):
        tool.find(Path("nowhere"))


def test_a_hanging_opa_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that never ends is an error, not a hang."""
    monkeypatch.setattr(tool, "_TIMEOUT_S", 0.2)
    with pytest.raises(BundleError, match="took over"):
        tool.find(_fake(tmp_path / "opa", "exec sleep 5"))


def test_the_collector_has_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`opa` collects its garbage seldom, unless whoever calls chose something else; all else is handed on."""
    said = _fake(tmp_path / "opa", 'echo "$GOGC $HOUSE"')
    monkeypatch.setenv("HOUSE", "red")
    monkeypatch.delenv("GOGC", raising=False)
    assert tool.run(said, ["version"], tmp_path) == "400 red\n"
    monkeypatch.setenv("GOGC", "50")
    assert tool.run(said, ["version"], tmp_path) == "50 red\n"
