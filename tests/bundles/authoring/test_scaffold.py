"""`regent policy new`: what it writes passes check and test at once, and it overwrites nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bundles import build
from bundles import bundle as bundles
from bundles.authoring import checking, scaffold, testing
from bundles.authoring import sources as reading
from bundles.authoring.sources import Place
from bundles.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Callable

    from bundles.authoring.sources import Module

ROOT = Path(__file__).parents[3]
PLACES = [
    ("admin", "denies"),
    ("admin", "grants"),
    ("admission", "denies"),
    ("admission", "grants"),
    ("catalogue", "denies"),
    ("catalogue", "grants"),
    ("catalogue", "routes"),
    ("request", "denies"),
    ("request", "grants"),
    ("request", "obligations"),
    ("request", "routes"),
    ("response", "denies"),
    ("response", "grants"),
    ("response", "obligations"),
]


def everything(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_place_is_tried(opa: Path) -> None:
    """The places below are all that the shipped frame asks for."""
    assert sorted(reading.read(ROOT / "policies", opa).asked()) == PLACES


@pytest.fixture(scope="module")
def started(opa: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped policies with a new rule in every place, every other one with a table."""
    folder = tmp_path_factory.mktemp("house") / "policies"
    shutil.copytree(ROOT / "policies", folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "_parsed", parsed_once(reading._parsed))
        for number, (phase, kind) in enumerate(PLACES):
            table = f"table_{number}" if number % 2 else ""
            wanted = scaffold.Wanted(Place(phase, kind, f"fresh_{number}"), 'New: a rule, "quoted"', table)
            scaffold.new(folder, wanted, opa, folder.parent / "docs")
    return folder


def parsed_once(parse: Callable[[Path, str, Path], Module]) -> Callable[[Path, str, Path], Module]:
    """Start no `opa` for a file that it has parsed already: each new rule reads all the others."""
    known: dict[tuple[str, bytes], Module] = {}

    def parsed(folder: Path, name: str, opa: Path) -> Module:
        key = name, (folder / name).read_bytes()
        if key not in known:
            known[key] = parse(folder, name, opa)
        return known[key]

    return parsed


@pytest.mark.slow
@pytest.mark.timeout(300)  # rules in every place, on a machine that does other things
def test_new_rules_pass_check(started: Path, opa: Path) -> None:
    """A rule of each phase and kind, with a table and without, has nothing to mend."""
    assert list(map(str, checking.check(started, opa))) == []


@pytest.mark.slow
@pytest.mark.timeout(300)  # rules in every place, on a machine that does other things
def test_new_rules_pass_their_tests(started: Path, opa: Path) -> None:
    """And its tests pass, reach all its lines, and break none of the others."""
    report = testing.run(started, opa)

    assert report.failed == []
    assert list(map(str, report.uncovered)) == []


@pytest.mark.slow
@pytest.mark.timeout(300)  # rules in every place, on a machine that does other things
def test_new_rules_decide_nothing_yet(started: Path, opa: Path) -> None:
    """They make a bundle in which each of them counts as shadow."""
    rules = bundles.from_files(build.build(started, opa)).manifest["metadata"]["rules"]
    fresh = {rule["enforcement"] for rule in rules if rule["id"].startswith("fresh_")}

    assert fresh == {"shadow"}


@pytest.mark.parametrize("table", ["", "listed_models"])
def test_what_is_written(table: str, small: Path, opa: Path) -> None:
    """Rule, tests and page; with a table its data file and its schema, too. All of it is told."""
    before = everything(small.parent)
    wanted = scaffold.Wanted(Place("request", "denies", "fresh"), "", table)

    written = scaffold.new(small, wanted, opa, small.parent / "docs" / "rules")

    after = everything(small.parent)
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {str(path.relative_to(small.parent)) for path in written}
    assert "small/rules/request/denies/fresh/fresh_test.rego" in changed
    assert "docs/rules/request-denies-fresh.md" in changed
    assert ("small/regent/listed_models/data.yaml" in changed) == bool(table)
    assert "title: Fresh\n" in (small / "rules/request/denies/fresh/fresh.rego").read_text()
    if table:
        schema = json.loads((small / "schemas/regent.json").read_text())
        assert table in schema["required"]
        assert "listed\\_models" not in after["docs/rules/request-denies-fresh.md"].decode()
        assert "`regent.listed_models`" in after["docs/rules/request-denies-fresh.md"].decode()


@pytest.mark.parametrize(
    ("phase", "kind", "name", "title", "table", "message"),
    [
        ("request", "denies", "Fresh", "", "", "can't name a rule"),
        ("request", "denies", "../../fresh", "", "", "can't name a rule"),
        ("request", "denies", "import", "", "", "can't name a rule"),
        ("request", "denies", "fresh_test", "", "", "can't name a rule"),
        ("request", "denies", "a" * 65, "", "", "can't name a rule"),
        ("request", "denies", "fresh", "", "Table", "can't name a table"),
        ("request", "denies", "fresh", "", "known", "has a table 'known' already"),
        (
            "request",
            "refuses",
            "fresh",
            "",
            "",
            "no rules of request/refuses are asked for; there are request/denies",
        ),
        ("later", "denies", "fresh", "", "", "no rules of later/denies are asked for"),
        ("request", "denies", "fresh", "a" * 81, "", "one line of 80 characters"),
        ("request", "denies", "fresh", "a\x1b[2Jb", "", "one line of 80 characters"),
        ("request", "denies", "known_model", "", "", "is there already; nothing was written"),
    ],
)
def test_what_cannot_be_started(
    phase: str, kind: str, name: str, title: str, table: str, message: str, small: Path, opa: Path
) -> None:
    """A name that is none, a place that nobody asks, what is there already: nothing is written."""
    before = everything(small.parent)

    with pytest.raises(BundleError, match=message):
        scaffold.new(
            small, scaffold.Wanted(Place(phase, kind, name), title, table), opa, small.parent / "docs"
        )

    assert everything(small.parent) == before


def test_a_page_that_is_there_stops_it_too(small: Path, opa: Path) -> None:
    """The last of the files counts like the first: nothing is half written."""
    page = small.parent / "docs" / "request-denies-fresh.md"
    page.parent.mkdir()
    page.write_text("ours\n")
    before = everything(small.parent)

    with pytest.raises(BundleError, match="is there already"):
        scaffold.new(small, scaffold.Wanted(Place("request", "denies", "fresh")), opa, page.parent)

    assert everything(small.parent) == before
