"""`regent bundle` without `opa`: stamping, showing, and errors in one line."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bundles import build as building
from bundles import bundle, default_path
from bundles.cli import app
from bundles.errors import BundleError

RUN = CliRunner()


def test_stamp_prints_the_revision(folder: Path) -> None:
    """After an edit `stamp` says the new revision."""
    (folder / "data.json").write_text('{"house": {}}')
    stamped = RUN.invoke(app, ["stamp", str(folder)])
    assert (0, f"{folder}: {bundle.read(folder).revision}\n") == (stamped.exit_code, stamped.stdout)


@pytest.mark.parametrize("command", ["inspect", "show"])
def test_inspect_names_revision_digest_and_rules(command: str) -> None:
    """`inspect`, once `show`, says which bundle it is, and every rule by name."""
    shown = RUN.invoke(app, [command, str(default_path())]).stdout
    shipped = bundle.read(default_path())
    for expected in (
        shipped.revision,
        shipped.digest,
        "gateway/admission/decision",
        "request.routes.residency",
    ):
        assert expected in shown


@pytest.mark.parametrize("command", ["stamp", "show", "inspect"])
def test_errors_are_one_line(command: str, tmp_path: Path) -> None:
    """What is wrong is said with its code and exit code 1, without a traceback."""
    said = RUN.invoke(app, [command, str(tmp_path)])
    assert (said.exit_code, said.stdout, said.stderr.count("\n")) == (1, "", 1)
    assert said.stderr.startswith("bundle.malformed: ")


@pytest.mark.parametrize("options", [[], ["--output", "a", "--check", "b"]])
def test_build_wants_one_of_output_and_check(options: list[str], tmp_path: Path) -> None:
    """Building to nowhere, or two things at once, is a usage error."""
    assert RUN.invoke(app, ["build", str(tmp_path), *options]).exit_code == 2


def test_write_swaps_the_whole_bundle(folder: Path, files: dict[str, bytes]) -> None:
    """A rebuilt bundle leaves no file of the old one behind, and no scratch folder."""
    without = {name: content for name, content in files.items() if not name.endswith(".rego")}
    building.write(without, folder)
    assert building.differences(without, folder) == []
    assert [path.name for path in folder.parent.iterdir()] == ["bundle"]


def test_write_spares_what_is_no_bundle(files: dict[str, bytes], tmp_path: Path) -> None:
    """`--output ~` must not wipe a home folder."""
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(BundleError, match="no bundle"):
        building.write(files, tmp_path)
    assert (tmp_path / "letter.txt").read_text() == "dear"


def test_sources_in_the_place_of_a_bundle_are_told_from_one() -> None:
    """Whoever mixes them up learns what to do."""
    sources = Path(__file__).parents[2] / "policies"
    said = RUN.invoke(app, ["inspect", str(sources)])
    assert (said.exit_code, "these are sources: `regent bundle build`" in said.stderr) == (1, True)
