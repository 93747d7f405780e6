"""`regent bundle build` with and without `opa`, to a folder and to an archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from bundles import bundle, writing
from bundles.cli import app
from tests.servers.policy_bundles import edited

if TYPE_CHECKING:
    from pathlib import Path

RUN = CliRunner()


@pytest.fixture
def no_opa(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without the binary."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("REGENT_OPA", raising=False)
    monkeypatch.chdir(tmp_path)


def test_archives_are_the_same_each_time(sources: Path, opa: Path, tmp_path: Path) -> None:
    """Bit for bit, and what a folder holds."""
    outputs = [tmp_path / name for name in ("a.tar.gz", "b.tar.gz", "folder")]
    for output in outputs:
        said = RUN.invoke(app, ["build", str(sources), "--opa", str(opa), "--output", str(output)])
        assert said.exit_code == 0, said.output
    assert outputs[0].read_bytes() == outputs[1].read_bytes()
    assert bundle.read(outputs[0]) == bundle.read(outputs[2])
    checked = RUN.invoke(app, ["build", str(sources), "--opa", str(opa), "--check", str(outputs[0])])
    assert checked.exit_code == 0, checked.output


def test_the_author_is_in_the_bundle(sources: Path, opa: Path, tmp_path: Path) -> None:
    """And part of what is approved; a name that is none is refused."""
    build = ["build", str(sources), "--opa", str(opa), "--output", str(tmp_path / "b"), "--author"]
    assert RUN.invoke(app, [*build, "alice"]).exit_code == 0
    assert bundle.read(tmp_path / "b").manifest["metadata"]["author"] == "alice"
    refused = RUN.invoke(app, [*build, "../alice"])
    assert (refused.exit_code, refused.stderr.split(":")[0]) == (1, "bundle.malformed")


@pytest.mark.parametrize("name", ["built", "built.tar.gz"])
def test_an_edit_of_the_data_needs_no_opa(
    name: str, sources: Path, opa: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """What was built before with it is built anew without; an edit of a rule isn't."""
    output = tmp_path / name
    build = ["build", str(sources), "--output", str(output)]
    assert RUN.invoke(app, [*build, "--opa", str(opa)]).exit_code == 0
    before = bundle.read(output)
    request.getfixturevalue("no_opa")
    rebuilt = RUN.invoke(app, build)
    assert (rebuilt.exit_code, rebuilt.stderr) == (0, "without opa: only the data has changed\n")
    assert bundle.read(output) == before
    rule = next((sources / "rules").rglob("*access.rego"))
    rule.write_text(rule.read_text() + "\n# changed\n")
    refused = RUN.invoke(app, build)
    assert (refused.exit_code, refused.stderr.split(":")[0]) == (1, "bundle.tool")
    assert bundle.read(output) == before


def test_without_opa_and_bundle_there_is_nothing_to_build_from(
    sources: Path, tmp_path: Path, no_opa: None
) -> None:
    """The message says how to get `opa`."""
    said = RUN.invoke(app, ["build", str(sources), "--output", str(tmp_path / "built")])
    assert said.exit_code == 1
    assert "make tools" in said.stderr


def test_what_is_no_bundle_is_not_overwritten(sources: Path, opa: Path, tmp_path: Path) -> None:
    """A slip in `--output` costs nobody an archive."""
    letters = tmp_path / "letters.tar.gz"
    letters.write_bytes(b"dear")
    said = RUN.invoke(app, ["build", str(sources), "--opa", str(opa), "--output", str(letters)])
    assert (said.exit_code, letters.read_bytes()) == (1, b"dear")
    assert "it is not overwritten" in said.stderr


def test_rows_that_no_gateway_asks_about_are_said(tmp_path: Path) -> None:
    """Whoever stamps such an edit learns at once that gateways refuse the bundle."""
    edit = edited(lambda tables: tables.update(replies={"short": {"max_tokens": 100}}))
    writing.write(edit.files, tmp_path / "b")
    stamped = RUN.invoke(app, ["stamp", str(tmp_path / "b")])
    assert stamped.exit_code == 0
    assert stamped.stderr.startswith("gateways refuse it as bundle.unenforced: ")
    assert "response/denies/replies" in stamped.stderr
