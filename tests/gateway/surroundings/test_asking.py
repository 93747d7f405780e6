"""What commands are told of the configured house: read when asked, and said in their own words."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from bundles import bundle, default_path
from bundles.errors import BundleError
from bundles.writing import write
from gateway.surroundings import Surroundings


@pytest.fixture(autouse=True)
def bare_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work where nothing is configured."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("REGENT_CONFIG", raising=False)
    monkeypatch.delenv("REGENT_OPA", raising=False)


def test_the_opa_that_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """`REGENT_OPA` names it; empty or unset, the command looks for one itself."""
    assert Surroundings().opa() is None
    monkeypatch.setenv("REGENT_OPA", "")
    assert Surroundings().opa() is None
    monkeypatch.setenv("REGENT_OPA", "/opt/opa")
    assert Surroundings().opa() == Path("/opt/opa")


def test_the_bundle_that_decides(tmp_path: Path) -> None:
    """The configured one; the shipped one where nothing is configured."""
    shipped = bundle.read(default_path())
    assert Surroundings().active_bundle().revision == shipped.revision
    (tmp_path / "regent.yaml").write_text(
        "identity: {development: {enabled: true}}\npolicy: {bundle: house/bundle}\n"
    )
    with pytest.raises(BundleError, match="house/bundle"):
        Surroundings().active_bundle()
    write(bundle.read(default_path()).files, tmp_path / "house" / "bundle")
    assert Surroundings().active_bundle().revision == shipped.revision


@pytest.mark.parametrize(
    "section", ["store: shop", "source: {url: 'http://127.0.0.1:1/x', token: 'env:NONE'}"]
)
def test_where_nothing_is_active_nothing_is_guessed(tmp_path: Path, section: str) -> None:
    """A store without an active revision, a server that never answered; no secret is asked for."""
    (tmp_path / "regent.yaml").write_text(
        f"identity: {{development: {{enabled: true}}}}\npolicy: {{{section}}}\n"
    )
    with pytest.raises(BundleError, match=r"bundle\.unreadable"):
        Surroundings().active_bundle()


def test_settings_that_cannot_be_read_end_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is wrong is said in one line; no bundle is guessed."""
    (tmp_path / "regent.yaml").write_text("policy: {store: 7}\n")

    with pytest.raises(typer.Exit):
        Surroundings().active_bundle()

    assert "policy.store" in capsys.readouterr().err


def test_a_log_that_is_not_there() -> None:
    """Neither a question nor a decision is made up."""
    with pytest.raises(BundleError, match=r"bundle\.unreadable: there is no log in"):
        Surroundings().question("00" * 16)
    with pytest.raises(BundleError, match=r"bundle\.unreadable: there is no log in"):
        next(Surroundings().decisions())
