"""The built-ins that policies may call: none that reaches out, tells the time or draws lots."""

import json
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.server

# Nothing else is left out, so that an author meets no surprise.
LEFT_OUT = {
    "http.send",
    "io.jwt.decode_verify",
    "io.jwt.encode_sign",
    "io.jwt.encode_sign_raw",
    "json.match_schema",
    "json.verify_schema",
    "net.lookup_ip_addr",
    "opa.runtime",
    "rand.intn",
    "time.now_ns",
    "uuid.rfc4122",
}


def test_left_out_is_what_opa_calls_nondeterministic(policies: Path, opa: Path) -> None:
    """Built-ins whose answer depends on more than their arguments are no part of any policy."""
    said = json.loads(subprocess.check_output([opa, "capabilities", "--current"]))
    fickle = {entry["name"] for entry in said["builtins"] if entry.get("nondeterministic")}
    permitted = json.loads((policies / "capabilities.json").read_bytes())
    names = {entry["name"] for entry in permitted["builtins"]}
    assert names & (fickle | LEFT_OUT) == set()
    assert names | LEFT_OUT <= {entry["name"] for entry in said["builtins"]}
    assert permitted["allow_net"] == []


@pytest.mark.parametrize(
    "builtin", ['http.send({"method": "get", "url": "http://127.0.0.1"})', "time.now_ns()"]
)
def test_a_rule_that_calls_one_is_refused(builtin: str, policies: Path, opa: Path, tmp_path: Path) -> None:
    """`opa check` with the capabilities stops such a rule before it is built."""
    rule = tmp_path / "rule.rego"
    rule.write_text(f"package rule\n\nfetched := {builtin}\n")
    check: list[str | Path] = [opa, "check", "--capabilities", policies / "capabilities.json", rule]
    said = subprocess.run(check, capture_output=True, text=True, check=False)
    assert said.returncode == 1
    assert "undefined function" in said.stderr
