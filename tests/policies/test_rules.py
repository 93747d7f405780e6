"""The house rules for authors, held against the syntax tree of every rule: each one closes a known trap."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2] / "policies"
MODULES = sorted(path.relative_to(ROOT) for path in ROOT.rglob("*.rego") if not path.stem.endswith("_test"))
RULES = [path for path in MODULES if path.parts[0] == "rules"]
SEVERITIES = {"low", "medium", "high", "critical"}
ENFORCEMENTS = {"enforce", "warn", "shadow"}
# How a rule that only advises tells the frame what its METADATA says: never in words of its own.
STATED = "enforcement := rego.metadata.chain()[1].annotations.custom.enforcement"
EXCUSABLE = "excusable := rego.metadata.chain()[1].annotations.custom.excusable"

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def trees(opa: Path) -> dict[Path, dict[str, Any]]:
    """The syntax tree of every module."""
    return {path: _tree(opa, ROOT / path) for path in MODULES}


def _tree(opa: Path, path: Path) -> dict[str, Any]:
    said = subprocess.run([opa, "parse", "--format", "json", path], capture_output=True, check=True)
    tree: dict[str, Any] = json.loads(said.stdout)
    return tree


def _walk(node: Any) -> Iterator[dict[str, Any]]:
    """Every object in a syntax tree."""
    if isinstance(node, dict):
        yield node
        for below in node.values():
            yield from _walk(below)
    elif isinstance(node, list):
        for below in node:
            yield from _walk(below)


def _calls(node: Any) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Every call: the function's dotted name and its arguments."""
    for below in _walk(node):
        terms = below.get("terms") if "terms" in below else below.get("value")
        if isinstance(terms, list) and terms and isinstance(terms[0], dict) and terms[0].get("type") == "ref":
            yield ".".join(str(part.get("value")) for part in terms[0]["value"]), terms[1:]


def _metadata(path: Path) -> dict[str, Any]:
    """The METADATA block above the package."""
    lines = (ROOT / path).read_text().split("\npackage ")[0].splitlines()
    block = "\n".join(line.removeprefix("#").removeprefix(" ") for line in lines if line != "# METADATA")
    found: dict[str, Any] = yaml.safe_load(block)
    return found


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_globs_name_their_delimiters(path: Path, trees: dict[Path, dict[str, Any]]) -> None:
    """No delimiters means `.`, so that `gpt-4*` would miss `gpt-4.1`: it must be null or a list of some."""
    for name, arguments in _calls(trees[path]):
        if name == "glob.match":
            delimiters = arguments[1]
            assert delimiters["type"] == "null" or delimiters["value"]


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_only_rules_are_negated(path: Path, trees: dict[Path, dict[str, Any]]) -> None:
    """`not` of what reads an absent field doesn't fire; `not` of a rule, or of a test on variables, does."""
    for expression in _walk(trees[path]):
        if not expression.get("negated"):
            continue
        terms = expression["terms"]
        if isinstance(terms, dict):
            root = terms["value"][0]["value"] if terms["type"] == "ref" else terms["value"]
            assert root not in {"input", "data"}
            assert terms["type"] == "var" or len(terms["value"]) == 2  # a rule of an imported package
        else:
            assert {argument["type"] for argument in terms[1:]} <= {"var"}


@pytest.mark.parametrize("path", RULES, ids=str)
def test_reasons_read_nothing_that_can_be_absent(path: Path, trees: dict[Path, dict[str, Any]]) -> None:
    """A reason whose text reads a missing field is undefined, and the refusal vanishes with it."""
    for rule in trees[path].get("rules", ()):
        if rule["head"].get("name") != "deny":
            continue
        reasons = [a[1] for name, a in _calls(rule) if name == "assign" and a[0]["value"] == "reason"]
        assert len(reasons) == 1
        (reason,) = reasons
        assert reason["type"] == "object"
        assert {"id", "user", "admin", "controls"} == {key["value"] for key, _ in reason["value"]}
        assert not [name for name, _ in _calls(reason) if name.split(".")[0] in {"input", "sprintf"}]
        roots = {n["value"][0]["value"] for n in _walk(reason) if n.get("type") == "ref"}
        assert roots <= {"said"}  # a label's own reason, whole in the data or not given at all


@pytest.mark.parametrize("path", RULES, ids=str)
def test_metadata_is_complete(path: Path) -> None:
    """Each rule says what it is, how grave a breach is, which controls it serves, which reasons it gives."""
    metadata = _metadata(path)
    custom = metadata["custom"]
    assert metadata["title"]
    assert metadata["description"]
    assert custom["id"] == path.stem
    assert custom["severity"] in SEVERITIES
    assert custom["enforcement"] in ENFORCEMENTS
    assert custom["controls"]
    given = set(re.findall(r'"id": "([^"]+)"', (ROOT / path).read_text()))
    assert given <= set(custom["reasons"])
    assert given == set(custom["reasons"]) or path.parts[2] == "grants"  # the frame speaks for grants


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_a_rule_has_a_folder_and_tests(path: Path, trees: dict[Path, dict[str, Any]]) -> None:
    """Folder, file and package have one name, and the tests lie beside."""
    package = [part["value"] for part in trees[path]["package"]["path"][1:]]
    assert package == list(path.parts[:-1])
    assert path.stem == path.parts[-2]
    tests = (ROOT / path).with_name(f"{path.stem}_test.rego").read_text()
    assert tests.startswith(f"package {'.'.join(package)}_test\n")


@pytest.mark.parametrize("path", RULES, ids=str)
def test_a_rule_exports_what_its_place_promises(path: Path, trees: dict[Path, dict[str, Any]]) -> None:
    """What the frame doesn't ask for would be written in vain."""
    promised = {
        "grants": {"allow"},
        "denies": {"deny"},
        "routes": {"permitted", "deny"},
        "obligations": {"obligation", "deny"},
    }
    custom = _metadata(path)["custom"]
    besides = {"enforcement"} if custom["enforcement"] != "enforce" else set()
    besides |= {"excusable"} if "excusable" in custom else set()
    assert _exported(trees[path]) == promised[path.parts[2]] | besides


@pytest.mark.parametrize("path", RULES, ids=str)
def test_what_metadata_says_is_what_the_frame_is_told(path: Path) -> None:
    """A rule that isn't enforced, or may be excused, exports that from its METADATA and from nowhere else."""
    custom, lines = _metadata(path)["custom"], (ROOT / path).read_text().splitlines()
    assert (custom["enforcement"] != "enforce") is (STATED in lines)
    assert ("excusable" in custom) is (EXCUSABLE in lines)
    assert {type(custom.get("excusable", True))} == {bool}


def test_one_name_is_one_rule_in_a_phase() -> None:
    """The data names rules by their ids alone; two of one name in a phase couldn't be told apart."""
    names = [(path.parts[1], path.stem) for path in RULES]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("path", RULES, ids=str)
def test_a_rule_lives_in_a_phase_that_the_frame_asks(path: Path) -> None:
    """A rule in a folder that no router looks into would never be asked."""
    asked = (ROOT / "gateway" / path.parts[1] / f"{path.parts[1]}.rego").read_text()
    assert f"data.rules.{path.parts[1]}.{path.parts[2]}[name]" in asked


def _exported(tree: dict[str, Any]) -> set[str]:
    """Names of the public rules: those with a dynamic head have them in its reference."""
    heads = [rule["head"] for rule in tree["rules"]]
    names = {head.get("name") or head["ref"][0]["value"] for head in heads}
    return {name for name in names if not name.startswith("_")}
