"""Building with a real `opa`: the same bytes everywhere, and a policy that lost a rule allows nothing."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bundles import build as building
from bundles import bundle, default_path
from bundles.authoring import checking, testing
from bundles.cli import app
from bundles.errors import BundleError

pytestmark = pytest.mark.server

QUESTION = {
    "version": 1,
    "subject": {
        "type": "user",
        "id": "bob",
        "properties": {"issuer": "i", "roles": ["engineer"], "team": "eng"},
    },
    "action": {"name": "chat.completions", "properties": {}},
    "resource": {
        "type": "model",
        "id": "demo-small",
        "properties": {"deployments": [{"id": "echo", "zone": "cloud"}]},
    },
    "context": {"content": {"labels": []}},
}


def test_shipped_bundle_is_what_the_sources_build(sources: Path, opa: Path) -> None:
    """Whoever changes a policy ships it; and where the checkout lies leaves no trace in the bundle."""
    assert building.differences(building.build(sources, opa), default_path()) == []


def test_builds_are_byte_identical(sources: Path, opa: Path, tmp_path: Path) -> None:
    """Two builds of the same sources in different places give the same bytes, and the plan names no place."""
    elsewhere = tmp_path / "deep" / "er" / "sources"
    shutil.copytree(sources, elsewhere)
    first, second = building.build(sources, opa), building.build(elsewhere, opa)
    assert first == second
    named = {file["value"] for file in json.loads(first["plan.json"])["static"]["files"]}
    assert named <= first.keys()


def test_holds_no_tests_and_no_schemas(sources: Path, opa: Path) -> None:
    """A bundle holds what is needed to decide."""
    kinds = {name.rsplit("/", 1)[-1] for name in building.build(sources, opa) if not name.endswith(".rego")}
    assert kinds == {".manifest", "data.json", "plan.json"}


def test_manifest_lists_the_rules(sources: Path, opa: Path) -> None:
    """The METADATA of every rule travels in the manifest."""
    manifest = json.loads(building.build(sources, opa)[".manifest"])
    rules = manifest["metadata"]["rules"]
    assert [rule for rule in rules if rule["package"] == "rules.request.routes.residency"] == [
        {
            "package": "rules.request.routes.residency",
            "file": "rules/request/routes/residency/residency.rego",
            "title": "Labelled data stays where it may be",
            "description": next(r for r in rules if r["package"].endswith("t.routes.residency"))[
                "description"
            ],
            "id": "residency",
            "severity": "critical",
            "enforcement": "enforce",
            "controls": ["GDPR-44"],
            "reasons": ["residency.unknown_label", "residency.unknown_team"],
        }
    ]


@pytest.mark.parametrize(
    "lost", ["denies/known_content", "routes/residency", "obligations/retain", "grants/model_access"]
)
def test_a_lost_rule_closes_the_policy(lost: str, sources: Path, opa: Path, tmp_path: Path) -> None:
    """A required rule that isn't in the bundle refuses everything, instead of simply not objecting."""
    shutil.rmtree(sources / "rules" / "request" / lost)
    folder = tmp_path / "built"
    building.write(building.build(sources, opa), folder)
    said = subprocess.run(
        [
            opa,
            "eval",
            "--bundle",
            folder,
            "--stdin-input",
            "--format",
            "raw",
            "data.gateway.request.decision",
        ],
        input=json.dumps(QUESTION).encode(),
        capture_output=True,
        check=True,
    )
    decision = json.loads(said.stdout)
    assert decision["allow"] is False
    assert "policy.incomplete" in [reason["id"] for reason in decision["reasons"]]


def test_a_new_rule_needs_no_central_file(sources: Path, opa: Path, tmp_path: Path) -> None:
    """A deny rule in a folder of its own is asked, without a word about it anywhere else."""
    rule = sources / "rules" / "request" / "denies" / "closed" / "closed.rego"
    rule.parent.mkdir()
    rule.write_text(
        "package rules.request.denies.closed\n\ndeny contains reason if {\n\tinput.version == 1\n"
        '\treason := {"id": "house.closed", "user": "u", "admin": "a", "controls": []}\n}\n'
    )
    folder = tmp_path / "built"
    building.write(building.build(sources, opa), folder)
    said = subprocess.run(
        [
            opa,
            "eval",
            "--bundle",
            folder,
            "--stdin-input",
            "--format",
            "raw",
            "data.gateway.request.decision",
        ],
        input=json.dumps(QUESTION).encode(),
        capture_output=True,
        check=True,
    )
    assert [reason["id"] for reason in json.loads(said.stdout)["reasons"]] == ["house.closed"]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("rules/bad.rego", "package rules.bad\n\nx := ", "bundle.tool"),
        ("rules/bad.rego", "package rules.bad\n\nx := time.now_ns()\n", "bundle.tool"),
        ("outside/bad.rego", "package outside.bad\n\nx := 1\n", "bundle.tool"),
        ("data.yaml", "regent: {}\nhouse: {}\n", "bundle.tool"),
        ("data.yaml", "regent: {}\nregent: {}\n", "bundle.malformed"),
        ("regent/data.json", '{"roles": {}, "roles": {}}', "bundle.malformed"),
        ("data.yaml", "regent: {}\nrules: {request: {grants: {x: {allow: true}}}}\n", "bundle.malformed"),
        ("regent/roles/data.yaml", "analyst: {}\n", "bundle.data_invalid"),
        ("regent/roles/data.yaml", "a: {models: []}\na: {models: []}\n", "bundle.malformed"),
        ("schemas/regent.json", '{"$ref": "https://elsewhere.example/schema"}', "bundle.malformed"),
    ],
)
def test_refuses_bad_sources(name: str, content: str, code: str, sources: Path, opa: Path) -> None:
    """Sources that don't compile, call what they may not, or reach outside their roots build nothing."""
    (sources / name).parent.mkdir(exist_ok=True)
    (sources / name).write_text(content)
    with pytest.raises(BundleError) as raised:
        building.build(sources, opa)
    assert raised.value.code == code


def test_carries_the_schema_of_its_data(sources: Path, opa: Path) -> None:
    """The schema that authors check against is the one that data is held against, and each data needs one."""
    schema = sources / "schemas" / "regent.json"
    carried = json.loads(building.build(sources, opa)[".manifest"])["metadata"]["data_schemas"]
    assert {"regent": json.loads(schema.read_bytes())} == carried
    schema.unlink()
    with pytest.raises(BundleError, match="regent has no schema") as raised:
        building.build(sources, opa)
    assert raised.value.code == "bundle.data_invalid"


def test_needs_capabilities(sources: Path, opa: Path) -> None:
    """Without the list of permitted built-ins nothing is built."""
    (sources / "capabilities.json").unlink()
    with pytest.raises(BundleError, match=r"capabilities\.json"):
        building.build(sources, opa)


def test_command_builds_checks_and_shows(sources: Path, opa: Path, tmp_path: Path) -> None:
    """`build --output`, `build --check` and `show` agree; an edit shows up by the file's name."""
    runner, folder = CliRunner(), tmp_path / "built"
    build = ["build", str(sources), "--opa", str(opa)]
    assert runner.invoke(app, [*build, "--output", str(folder)]).exit_code == 0
    assert runner.invoke(app, [*build, "--check", str(folder)]).exit_code == 0
    assert bundle.read(folder).revision in runner.invoke(app, ["show", str(folder)]).stdout
    (folder / "data.json").write_text('{"regent": {}}')
    checked = runner.invoke(app, [*build, "--check", str(folder)])
    assert checked.exit_code == 1
    assert f"differs: {folder / 'data.json'}" in checked.stderr
    assert ".manifest" not in checked.stderr.split("build it again")[0]


@pytest.mark.parametrize("target", ["elsewhere", "pii.rego"])
def test_a_link_among_the_sources_is_refused(sources: Path, opa: Path, tmp_path: Path, target: str) -> None:
    """`opa` passes over it: the rule behind it would be gone from the bundle, and its tests with it."""
    place = sources / "rules" / "request" / "denies" / "pii"
    if target == "elsewhere":
        place.rename(tmp_path / "elsewhere")
        place.symlink_to(tmp_path / "elsewhere")
    else:
        (place / "pii.rego").rename(tmp_path / "pii.rego")
        (place / "pii.rego").symlink_to(tmp_path / "pii.rego")
    for attempt in (
        lambda: building.build(sources, opa),
        lambda: testing.run(sources, opa),
        lambda: checking.check(sources, opa),
    ):
        with pytest.raises(BundleError, match=r"bundle\.unreadable: rules/request/denies/pii.* is a link"):
            attempt()


def test_sources_that_are_no_text_are_refused_in_one_line(sources: Path, opa: Path) -> None:
    """`opa` quotes what it can't read, byte for byte."""
    (sources / "rules" / "request" / "denies" / "pii" / "pii.rego").write_bytes(b"\xff\xfe")
    for attempt in (lambda: building.build(sources, opa), lambda: testing.run(sources, opa)):
        with pytest.raises(BundleError) as raised:
            attempt()
        assert raised.value.code == "bundle.tool"
