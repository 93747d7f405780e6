"""`regent policy` as people and scripts use it: words, files and exit codes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from bundles import bundle, default_path
from bundles.authoring.cli import FOUND, NOT_DONE, app
from bundles.authoring.ports import Decided, Question
from bundles.errors import BundleError
from tests.bundles.authoring.conftest import DENY_FILE
from tests.bundles.authoring.test_explaining import question

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from typer.testing import Result

    from bundles.bundle import Bundle


class House:
    """A configured house with one decision in its log, and an `opa` if it was given one."""

    def __init__(self, opa: Path | None = None) -> None:
        self._opa = opa

    def opa(self) -> Path | None:
        return self._opa

    def bundle(self, name: str) -> Bundle:
        raise BundleError("bundle.unreadable", f"there is no {name}")

    def active_bundle(self) -> Bundle:
        return bundle.read(default_path())

    def question(self, decision_id: str) -> Question | None:
        if decision_id == "erased":
            raise BundleError(
                "bundle.unreadable", "decision erased can't be asked again: its question was erased"
            )
        if decision_id != "known":
            return None
        return Question(document=question(), path="gateway/request/decision", revision="r-1")

    def decisions(self) -> Iterator[Decided]:
        yield Decided("d-7", 7_000_000, "deny", "model.unknown", ())


@pytest.fixture
def regent(opa: Path) -> Callable[..., Result]:
    """Runs a command of `regent policy` in such a house."""

    def run(*arguments: str | Path, given: str | None = None, house: House | None = None) -> Result:
        return CliRunner().invoke(app, list(map(str, arguments)), input=given, obj=house or House(opa))

    return run


def test_check_is_silent_about_what_is_well(regent: Callable[..., Result], small: Path) -> None:
    """Nothing on standard output, exit code 0."""
    done = regent("check", small)

    assert (done.exit_code, done.stdout) == (0, "")


def test_check_names_each_finding(
    regent: Callable[..., Result], small: Path, edit: Callable[[str, str, str], None]
) -> None:
    """`file:row: what: how to mend it`, a path that an editor can open, exit code 1; or JSON."""
    edit(DENY_FILE, "severity: high", "severity: grave")
    what, mend = "custom.severity in METADATA is not known", "choose one of low, medium, high, critical"

    done = regent("check", small)
    told = regent("check", small, "--json")

    assert (done.exit_code, done.stdout) == (FOUND, f"{small / DENY_FILE}:13: {what}: {mend}\n")
    assert told.exit_code == FOUND
    assert json.loads(told.stdout) == [{"file": DENY_FILE, "row": 13, "what": what, "mend": mend}]


def test_test_passes_and_writes_junit(regent: Callable[..., Result], small: Path, tmp_path: Path) -> None:
    """Exit code 0; the JUnit file has every test."""
    report = tmp_path / "reports" / "policy.xml"

    done = regent("test", small, "--junit", report)

    assert done.exit_code == 0
    assert "0 failed; 100.00 % of lines reached" in done.stdout
    assert ET.parse(report).getroot().get("failures") == "0"  # noqa: S314 - what was just written


def test_test_fails_with_a_test(
    regent: Callable[..., Result], small: Path, edit: Callable[[str, str, str], None]
) -> None:
    """Exit code 1, as for a line that no test reaches; `--threshold` says how many must be."""
    edit(
        "facts/models/models.rego",
        "asked := lower",
        '# METADATA\n# description: Never.\nlost := 1 if asked == "x"\n\nasked := lower',
    )

    assert regent("test", small).exit_code == FOUND
    assert regent("test", small, "--threshold", "50").exit_code == 0
    assert regent("test", small, "--no-coverage").exit_code == 0

    edit(DENY_FILE, '"id": "model.unknown"', '"id": "model.lost"')
    told = regent("test", small, "--json")

    assert told.exit_code == FOUND
    assert {each["row"] for each in json.loads(told.stdout)["failed"]} == {11}


def test_test_of_some(regent: Callable[..., Result], small: Path) -> None:
    """`--run` measures no coverage; a name that matches no test is no success."""
    assert "of lines reached" not in regent("test", small, "--run", "models_test").stdout
    missed = regent("test", small, "--run", "no_such_test")

    assert missed.exit_code == NOT_DONE
    assert "no test matches 'no_such_test'" in missed.stderr


@pytest.mark.parametrize("command", [["check"], ["test"], ["matrix"], ["docs", "--output", "pages"]])
def test_without_opa_it_says_how_to_get_it(
    command: list[str], small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no `opa`, exit code 3 and the way to one, `REGENT_OPA` included."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/bin")

    done = CliRunner().invoke(app, [command[0], str(small), *command[1:]], obj=House())

    assert done.exit_code == NOT_DONE
    assert "no `opa` found; `make tools`" in done.stderr
    assert "REGENT_OPA" in done.stderr


def test_explaining_needs_no_opa(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A question from a file or standard input is explained from the bundle alone; refusing is no failure."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/bin")
    asked = tmp_path / "question.json"
    asked.write_text(json.dumps(question()))

    done = CliRunner().invoke(app, ["explain", "--input", str(asked)], obj=House())
    piped = CliRunner().invoke(
        app, ["explain", "--input", "-", "--json"], input=json.dumps(question()), obj=House()
    )

    assert done.exit_code == piped.exit_code == 0
    assert "reason residency.hr_onprem" in done.stdout
    assert json.loads(piped.stdout)["decision"]["reasons"][0]["id"] == "residency.hr_onprem"
    assert json.loads(piped.stdout)["revision"] == bundle.read(default_path()).revision


def test_a_recorded_decision_is_explained(regent: Callable[..., Result]) -> None:
    """By its id, at the entry point where it was asked."""
    done = regent("explain", "--decision", "known")

    assert done.stdout.startswith("refused: gateway/request/decision of ")


@pytest.mark.parametrize(
    ("decision", "message"),
    [("unknown", "the log has no question of decision unknown"), ("erased", "its question was erased")],
)
def test_a_decision_that_cannot_be_asked_again(
    decision: str, message: str, regent: Callable[..., Result]
) -> None:
    """The message says whether there was no such decision, or no question any more."""
    done = regent("explain", "--decision", decision)

    assert (done.exit_code, message in done.stderr) == (NOT_DONE, True)


@pytest.mark.parametrize(
    ("text", "message"),
    [("[]", "is not a JSON object"), ("{", "not JSON at line 1"), ('{"a": 1, "a": 2}', "a key twice")],
)
def test_a_question_that_is_none(text: str, message: str, regent: Callable[..., Result]) -> None:
    """What isn't one JSON object is refused in one line."""
    done = regent("explain", "--input", "-", given=text)

    assert (done.exit_code, message in done.stderr) == (NOT_DONE, True)


def test_explain_wants_one_question(regent: Callable[..., Result]) -> None:
    """Neither or both is a wrong call: exit code 2."""
    assert regent("explain").exit_code == 2
    assert regent("explain", "--input", "-", "--decision", "known").exit_code == 2


def test_hostile_texts_do_not_steer_the_terminal(regent: Callable[..., Result], small: Path) -> None:
    """What comes from files and questions is printed as text."""
    (small / "facts/models/models_test.rego").write_text(
        'package facts.models_test\n\ntest_a[note] if {\n\tsome note in ["\x1b[2J"]\n\tnote == "b"\n}\n'
    )

    done = regent("test", small)

    assert done.exit_code == FOUND
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("style", ["markdown", "csv", "html"])
def test_matrix(style: str, regent: Callable[..., Result], small: Path, tmp_path: Path) -> None:
    """To standard output or a file; with the newest decisions of the log, or without."""
    file = tmp_path / "out" / f"matrix.{style}"

    done = regent("matrix", small, "--format", style)
    written = regent("matrix", small, "--format", style, "--no-decisions", "--output", file)

    assert done.exit_code == written.exit_code == 0
    assert "1970-01-01 00:00:07Z deny model.unknown d-7" in done.stdout
    assert "d-7" not in file.read_text()
    assert "known_model" in file.read_text()


def test_docs_removes_only_its_own_pages(regent: Callable[..., Result], small: Path, tmp_path: Path) -> None:
    """A rule that is gone takes its page with it; a page that people wrote stays."""
    pages = tmp_path / "rules"
    assert regent("docs", small, "--output", pages, "--data", tmp_path / "data.md").exit_code == 0
    (pages / "ours.md").write_text("# Ours\n")
    stale = pages / "request-denies-gone.md"
    stale.write_text((pages / "request-denies-known_model.md").read_text())

    done = regent("docs", small, "--output", pages)

    assert f"removed {stale}" in done.stdout
    assert sorted(path.name for path in pages.glob("*.md")) == [
        "README.md",
        "ours.md",
        "request-denies-known_model.md",
        "request-grants-anybody.md",
    ]
    assert "## `known`" in (tmp_path / "data.md").read_text()


def test_new_says_what_it_wrote(regent: Callable[..., Result], small: Path) -> None:
    """Each file on a line, and what to do next; a second time it refuses."""
    command = ("new", "fresh", small, "--phase", "request", "--kind", "denies")

    done, again = regent(*command), regent(*command)

    assert done.exit_code == 0
    assert f"wrote {small / 'rules/request/denies/fresh/fresh.rego'}\n" in done.stdout
    assert f"wrote {small.parent / 'docs/rules/request-denies-fresh.md'}\n" in done.stdout
    assert regent("check", small).exit_code == regent("test", small).exit_code == 0
    assert again.exit_code == NOT_DONE
    assert "nothing was written" in again.stderr
