"""Every test of the policies, asked of the embedded engine as well as of OPA."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from rego import Policy

POLICIES = Path(__file__).parents[2] / "policies"
PACKAGE = re.compile(r"^package (\S+)", re.MULTILINE)
TEST = re.compile(r"^(test_\w+)", re.MULTILINE)


def corpus(folder: Path) -> set[str]:
    """Put the policies with their tests there, and beside them a rule that asks for each test.

    Returns:
        the names of the tests.
    """
    shutil.copytree(POLICIES, folder)
    found = set()
    for path in folder.rglob("*_test.rego"):
        source = path.read_text(encoding="utf-8")
        (package,) = PACKAGE.findall(source)
        found |= {f"{package}.{name}" for name in TEST.findall(source)}
    rules = [f'verdicts["{name}"] := data.{name}' for name in sorted(found)]
    (folder / "corpus").mkdir()
    (folder / "corpus" / "corpus.rego").write_text("\n".join(["package corpus", "", *rules, ""]))
    manifest = json.loads((folder / ".manifest").read_text())
    (folder / ".manifest").write_text(json.dumps({**manifest, "roots": [*manifest["roots"], "corpus"]}))
    return found


def holds(verdict: object) -> bool:
    """Whether a test passed: true, or true for each of its cases."""
    return verdict is True or (
        isinstance(verdict, dict) and bool(verdict) and all(case is True for case in verdict.values())
    )


@pytest.mark.server
@pytest.mark.slow
def test_both_engines_pass_the_whole_corpus(opa: Path, tmp_path: Path) -> None:
    """What `opa test` says of each test, the embedded engine says too, with built-in errors as lenient."""
    names = corpus(tmp_path / "policies")
    bundle = tmp_path / "corpus.tar.gz"
    options = ["--bundle", "--target", "plan", "--entrypoint", "corpus/verdicts", "--output", str(bundle)]
    subprocess.run(
        [str(opa), "build", *options, "."],
        cwd=tmp_path / "policies",
        check=True,
        capture_output=True,
        timeout=60,
    )
    policy = Policy.load(
        bundle.read_bytes(), strict_builtin_errors=False, specialise=False, tracing=False, max_steps=10**9
    )
    verdicts = policy.evaluate("corpus/verdicts", {}).value

    assert {name for name in names if not holds(verdicts.get(name))} == set()
    tested = subprocess.run(
        [opa, "test", "--bundle", "--format", "json", POLICIES], capture_output=True, check=True, timeout=60
    )
    assert {
        f"{each['package'].removeprefix('data.')}.{each['name']}" for each in json.loads(tested.stdout)
    } == names
