"""`regent policy check`: every slip it knows is found at its line, and what is clean is left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bundles.authoring import checking
from bundles.errors import BundleError
from tests.bundles.authoring.conftest import DENY_FILE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GRANT_FILE = "rules/request/grants/anybody/anybody.rego"


def said(folder: Path, opa: Path) -> list[str]:
    """The findings as they are printed."""
    return list(map(str, checking.check(folder, opa)))


def test_nothing_to_mend(small: Path, opa: Path) -> None:
    """A clean tree has no findings."""
    assert said(small, opa) == []


# Each: the file, what is replaced by what, and the beginning of the one finding.
SLIPS = {
    "format": (DENY_FILE, "\tnot _known\n", "  not _known\n", f"{DENY_FILE}:1: not in OPA's format"),
    "field": (
        "facts/models/models.rego",
        "input.resource.id",
        "input.resource.name",
        "facts/models/models.rego:10: undefined ref: input.resource.name: choose one of id",
    ),
    "built-in": (
        "facts/models/models.rego",
        "lower(input.resource.id)",
        'http.send({"method": "get", "url": input.resource.id}).body',
        "facts/models/models.rego:10: undefined function http.send: call only what capabilities.json permits",
    ),
    "no set": (
        DENY_FILE,
        "deny contains reason if {",
        "deny := reason if {",
        f"{DENY_FILE}:19: deny is no set: write `deny contains ... if`",
    ),
    "id": (DENY_FILE, "#   id: known_model", "#   id: model", f"{DENY_FILE}:13: custom.id in METADATA"),
    "severity": (DENY_FILE, "severity: high", "severity: grave", f"{DENY_FILE}:13: custom.severity"),
    "enforcement": (
        DENY_FILE,
        "enforcement: enforce",
        "enforcement: dryrun",
        f"{DENY_FILE}:13: custom.enforcement",
    ),
    "controls": (DENY_FILE, "controls: [GDPR-32]\n", "controls: []\n", f"{DENY_FILE}:13: custom.controls"),
    "title": (
        DENY_FILE,
        "# title: The model is known\n",
        "",
        f"{DENY_FILE}:12: METADATA above the package lacks title",
    ),
    "long title": (
        DENY_FILE,
        "The model is known\n",
        f"{'a' * 81}\n",
        f"{DENY_FILE}:13: the title is longer",
    ),
    "description": (
        DENY_FILE,
        "# description: Refuses a model that the house does not list.\n",
        "",
        f"{DENY_FILE}:12: METADATA above the package lacks description",
    ),
    "schemas": (
        GRANT_FILE,
        "# schemas:\n#   - input: schema.input\n",
        "",
        f"{GRANT_FILE}:10: METADATA above the package lacks schemas",
    ),
    "advises only in METADATA": (
        GRANT_FILE,
        "enforcement: enforce",
        "enforcement: shadow",
        f"{GRANT_FILE}:12: METADATA says enforcement: shadow, and the frame isn't told",
    ),
    "advises besides METADATA": (
        GRANT_FILE,
        "default allow := false\n",
        'default allow := false\n\nenforcement := "shadow"\n',
        f"{GRANT_FILE}:19: enforcement is said besides METADATA",
    ),
    "excusable in METADATA": (
        GRANT_FILE,
        "severity: low",
        "severity: low\n#   excusable: true",
        f"{GRANT_FILE}:13: METADATA says excusable: True, and the frame isn't told",
    ),
    "undeclared reason": (
        DENY_FILE,
        '"id": "model.unknown"',
        '"id": "model.unheard_of"',
        f"{DENY_FILE}:21: the reason model.unheard_of is not declared",
    ),
    "reason that is never given": (
        DENY_FILE,
        "[model.unknown]",
        "[model.unknown, model.gone]",
        f"{DENY_FILE}:13: the reason model.gone is declared and never given",
    ),
    "reason id": (
        DENY_FILE,
        "model.unknown",
        "Model-Unknown",
        f"{DENY_FILE}:13: 'Model-Unknown' under custom.reasons",
    ),
    "export": (DENY_FILE, "_known", "known", f"{DENY_FILE}:29: known is exported, and nobody asks for it"),
    "no export": (DENY_FILE, "deny contains", "_deny contains", f"{DENY_FILE}:13: deny is missing"),
    "package": (
        "facts/models/models_test.rego",
        "package facts.models_test",
        "package facts.model_test",
        "facts/models/models_test.rego:1: package facts.model_test doesn't mirror its folder",
    ),
    "skipped test": (
        "facts/models/models_test.rego",
        "test_folds_case",
        "todo_test_folds_case",
        "facts/models/models_test.rego:5: todo_test_folds_case is skipped",
    ),
    "no test": (
        "facts/models/models_test.rego",
        "test_folds_case",
        "folds_case",
        "facts/models/models.rego:6: no tests lie beside it: write facts/models/models_test.rego",
    ),
    "data": (
        "regent/data.yaml",
        "- other",
        "- Other",
        "regent/data.yaml:4: regent.known[1] must be in lower case",
    ),
    "table": (
        "regent/data.yaml",
        "known:",
        "listed:",
        "regent/data.yaml:1: regent has 'listed', not known here",
    ),
    "twice": (
        "regent/data.yaml",
        "known:",
        "known: []\nknown:",
        "regent/data.yaml:1: regent/data.yaml: the mapping at",
    ),
    "twice in two files": (
        "regent/data.yaml",
        "known:",
        "required: {request: {grants: []}}\nknown:",
        "regent/required/data.yaml:1: regent/required/data.yaml says 'grants'",
    ),
    "required": (
        "regent/required/data.yaml",
        "[known_model]",
        "[known_model, kill_switch]",
        "regent/required/data.yaml:3: regent.required.request.denies names 'kill_switch', and no rule",
    ),
    "required and off": (
        "regent/data.yaml",
        "known:",
        "enforcement: {known_model: off}\nknown:",
        "regent/required/data.yaml:3: regent.required.request.denies names 'known_model', which isn't",
    ),
    "switch of nothing": (
        "regent/data.yaml",
        "known:",
        "enforcement: {known_mode: off}\nknown:",
        "regent/data.yaml:2: regent.enforcement names 'known_mode', and no rule has that id",
    ),
    "unknown switch": (
        "regent/data.yaml",
        "known:",
        "enforcement: {known_model: on_fridays}\nknown:",
        "regent/data.yaml:2: regent.enforcement.known_model is not known",
    ),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_found_at_its_line(
    slip: str, small: Path, opa: Path, edit: Callable[[str, str, str], None]
) -> None:
    """Each slip gives the finding that is meant for it, which names the line and how to mend it."""
    name, old, new, finding = SLIPS[slip]
    edit(name, old, new)

    found = said(small, opa)

    assert [line for line in found if line.startswith(finding)] != [], found


def test_a_rule_of_a_phase_that_nobody_asks(
    small: Path, opa: Path, edit: Callable[[str, str, str], None]
) -> None:
    """A rule in a folder that no frame looks into would never be asked."""
    old = small / DENY_FILE
    lost = "rules/response/denies/known_model/known_model.rego"
    edit(lost, "", old.read_text().replace("request", "response"))

    assert any(
        line.startswith(f"{lost}:1: nobody asks for rules of response/denies") for line in said(small, opa)
    )


RESPONSE = "rules/response/denies/known_model/known_model.rego"
UNASKED = f"{RESPONSE}:13: it is switched on, and no gateway asks rules of response yet"


@pytest.mark.parametrize(
    ("said_of_it", "found"),
    [
        ("", [UNASKED]),
        ("#   waits_for: [known]\n", [UNASKED.replace("13", "14")]),
        ("#   waits_for: [unknown]\n", [f"{RESPONSE}:14: custom.waits_for names 'unknown', and there is no"]),
        (
            "#   waits_for: known\n",
            [f"{RESPONSE}:14: custom.waits_for in METADATA is no list", UNASKED.replace("13", "14")],
        ),
        ("#   waits_for: []\n", []),
    ],
    ids=["at once", "by its rows", "a table that isn't there", "no list", "a guard"],
)
def test_a_rule_that_no_gateway_asks_yet(
    said_of_it: str, found: list[str], small: Path, opa: Path, edit: Callable[[str, str, str], None]
) -> None:
    """A rule about replies that is switched on is pointed out, as gateways refuse the bundle with it."""
    text = (small / DENY_FILE).read_text().replace("request", "response")
    edit(RESPONSE, "", text.replace("#   severity", f"{said_of_it}#   severity"))

    lines = [line for line in said(small, opa) if "no gateway asks" in line or "waits_for" in line]

    assert len(lines) == len(found), lines
    assert [line.startswith(start) for line, start in zip(lines, found, strict=True)] == [True] * len(found)


def test_two_rules_of_one_name(small: Path, opa: Path, edit: Callable[[str, str, str], None]) -> None:
    """A grant and a deny of one name in one phase couldn't be told apart by the data."""
    twin = "rules/request/grants/known_model/known_model.rego"
    edit(twin, "", (small / GRANT_FILE).read_text().replace("anybody", "known_model"))

    assert any(line.startswith(f"{twin}:1: {DENY_FILE} bears the same name") for line in said(small, opa))


@pytest.mark.parametrize("name", ["rules/request/known/known.rego", "rules/request/denies/known/other.rego"])
def test_a_rule_in_no_rules_place(
    name: str, small: Path, opa: Path, edit: Callable[[str, str, str], None]
) -> None:
    """A file that the frame can't find by its place is pointed out."""
    edit(name, "", "package rules.request.known\n")

    assert any(line.startswith(f"{name}:1: no place of a rule") for line in said(small, opa))


def test_a_file_that_is_no_rego(small: Path, opa: Path, edit: Callable[[str, str, str], None]) -> None:
    """While something can't be parsed, what the compiler says of it is all there is, with its line."""
    edit(DENY_FILE, "deny contains reason if {", "deny contains reason if")

    found = said(small, opa)

    assert found
    assert all(line.startswith(f"{DENY_FILE}:") for line in found)
    assert all(line.endswith("mend what can't be parsed") for line in found)


def test_a_folder_that_is_none_of_policies(tmp_path: Path, opa: Path) -> None:
    """A folder without schemas and capabilities can't be checked, and that is said."""
    with pytest.raises(BundleError, match=r"bundle\.unreadable: .* holds no schemas"):
        checking.check(tmp_path, opa)
