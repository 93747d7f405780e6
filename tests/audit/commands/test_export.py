"""Pins what `regent audit export` takes, says and leaves in the log; tests/audit/evidence pins packs."""

from __future__ import annotations

import json
import sys
import tarfile
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from audit.cli import app
from audit.merging.once import merge
from audit.reading.stream import events

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typer.testing import Result

    Run = Callable[..., Result]

ORIGIN = "regent.example/audit"


@pytest.fixture
def merged(log_folder: Path) -> Path:
    """Merge the log."""
    merge(log_folder, ORIGIN)
    return log_folder


def manifest(path: Path) -> dict[str, Any]:
    """What a pack says of itself."""
    with tarfile.open(path) as tar:
        file = tar.extractfile("manifest.json")
        assert file is not None
        found: dict[str, Any] = json.loads(file.read())
        return found


@pytest.mark.parametrize(
    ("options", "shown", "span"),
    [
        ([], 7, True),
        (["--range", "2-3"], 2, True),
        (["--decision", "deny"], 1, True),
        (["--team", "hr"], 2, True),
        (["--reason", "policy.allowed", "--deployment", "onprem-llama"], 2, True),
        (["--kind", "mode"], 1, True),
        (["--kind", "mode", "--kind", "writer.open"], 2, True),
        (["--subject", "alice"], 2, True),
        (["--since", "1h"], 7, True),
        (["--until", "2100-01-01T00:00:00Z", "--decision", "allow"], 2, True),
        (["--index", "2", "--index", "4"], 2, False),
    ],
)
def test_options_choose_the_entries(
    run: Run,
    merged: Path,
    tmp_path: Path,
    options: list[str],
    shown: int,
    span: bool,  # noqa: FBT001 - a case
) -> None:
    """And the manifest says what was asked for."""
    path = tmp_path / "pack.tar"
    result = run("export", "-o", str(path), "--no-pdf", *options)
    assert result.exit_code == 0, result.stderr
    assert f"{shown} records" in result.stdout
    assert (manifest(path)["range"] is not None) is span
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("merged")
def test_whoever_is_given_a_pack_is_on_record(run: Run, log_folder: Path, tmp_path: Path) -> None:
    """By role, with codes and counts; of a subject only the pseudonym."""
    path = tmp_path / "pack.tar"
    run("export", "-o", str(path), "--subject", "alice", "--disclose", "input", "--by", "auditor", "--no-pdf")
    (access,) = events(log_folder, "access")
    assert (access["actor"]["name"], access["what"], access["n"]) == ("auditor", "export", 2)
    assert len(access["filter"].pop("sref")) == 32
    assert access["filter"] == {"size": 7, "range": [0, 7], "disclosed": ["input"]}
    assert "alice" not in json.dumps(access)


RECEIPT = f"v1 {{}} w0 0 1 {'A' * 43}= 1 10 0123abcd {'A' * 86}=="


@pytest.mark.usefixtures("merged")
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "holds no receipt"),
        (b"\n \n", "holds no receipt"),
        (b"\x89PNG\x00", ":1: it is no receipt"),
        (RECEIPT.format("regent.example/audit").encode() + b"\n\nsecret prompt\n", ":3: it is no receipt"),
        (RECEIPT.format("somebody.else/audit").encode(), ":1: it is a receipt of another log"),
    ],
)
def test_only_receipts_of_this_log_go_into_a_pack(
    run: Run, tmp_path: Path, content: bytes, said: str
) -> None:
    """Anything else that a file holds would leave the house with it."""
    (tmp_path / "receipts").write_bytes(content)
    options = ["--receipts", str(tmp_path / "receipts"), "--no-pdf"]
    result = run("export", "-o", str(tmp_path / "pack.tar"), *options)
    assert (result.exit_code, said in result.stderr) == (40, True)
    assert not (tmp_path / "pack.tar").exists()
    (tmp_path / "receipts").write_text(RECEIPT.format("regent.example/audit") + "\r\n\n", encoding="utf-8")
    assert run("export", "-o", str(tmp_path / "pack.tar"), *options).exit_code == 0


@pytest.mark.usefixtures("merged")
@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--subject", "nobody"], 40),
        (["--id", "0" * 32], 40),
        (["--range", "5-99"], 40),
        (["--until", "2000-01-01T00:00:00Z"], 40),
        (["--kept", "99"], 40),
        (["--kept", "no-such-file"], 40),
        (["--receipts", "no-such-file"], 40),
        (["--trust", "no-such-file"], 40),
        (["--range", "x"], 2),
        (["--kind", "nope"], 2),
        (["--disclose", "names"], 2),
        (["--by", "Alice Smith"], 2),
        (["--since", "yesterday"], 2),
        (["--index", "1", "--team", "hr"], 2),
    ],
)
def test_what_cannot_be_done_leaves_no_file_and_no_record(
    run: Run, log_folder: Path, tmp_path: Path, options: list[str], code: int
) -> None:
    """With a word instead."""
    result = run("export", "-o", str(tmp_path / "pack.tar"), "--no-pdf", *options)
    assert (result.exit_code, bool(result.stderr)) == (code, True)
    assert not (tmp_path / "pack.tar").exists()
    assert list(events(log_folder, "access")) == []


def test_a_log_that_is_not_merged_says_what_to_do(run: Run, tmp_path: Path) -> None:
    """Nothing can be proven of it yet."""
    result = run("export", "-o", str(tmp_path / "pack.tar"))
    assert (result.exit_code, "regent audit merge" in result.stderr) == (40, True)


@pytest.mark.usefixtures("merged")
def test_a_trust_policy_that_is_none_is_refused(run: Run, tmp_path: Path) -> None:
    """It would mislead who reads the report."""
    policy = tmp_path / "trust.policy"
    policy.write_text("witness without a key\n")
    result = run("export", "-o", str(tmp_path / "pack.tar"), "--trust", str(policy), "--no-pdf")
    assert (result.exit_code, "trust policy" in result.stderr) == (40, True)


@pytest.mark.usefixtures("merged")
def test_without_reportlab_the_pack_has_no_pdf(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless it was asked for: then there is no pack, and a word what to install."""
    monkeypatch.setitem(sys.modules, "reportlab.lib.pagesizes", None)
    refused = run("export", "-o", str(tmp_path / "a.tar"), "--pdf")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    without = run("export", "-o", str(tmp_path / "b.tar"))
    assert (refused.exit_code, "regent[pdf]" in refused.stderr) == (40, True)
    assert (without.exit_code, "regent[pdf]" in without.stderr) == (0, True)
    assert "report.pdf" not in manifest(tmp_path / "b.tar")["files"]


class House:
    """A program around the commands that knows policies."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def audit_folder(self) -> Path:
        return self.folder

    def bundle_archive(self, revision: str, digest: str) -> bytes | None:
        return b"archive of " + revision.encode()

    def sealing_key(self) -> bytes | None:
        return None


def test_the_house_brings_the_policies(merged: Path, tmp_path: Path) -> None:
    """Where there is one, and they are wanted."""
    for option, wanted in (("--bundles", True), ("--no-bundles", False)):
        path = tmp_path / f"{wanted}.tar"
        result = CliRunner().invoke(
            app, ["export", "-o", str(path), "--no-pdf", option, "--disclose", "req"], obj=House(merged)
        )
        assert result.exit_code == 0, result.stderr
        assert ("bundles/r1.tar.gz" in manifest(path)["files"]) is wanted
        assert ("r1 is not in the pack" in result.stderr) is not wanted
