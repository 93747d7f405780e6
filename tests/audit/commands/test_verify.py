"""Pins `regent audit verify`, `checkpoint`, `head` and `python -m audit.verify`: options, exit codes."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result
from typing_extensions import override

from audit.cli import app
from audit.verify.__main__ import main
from audit.verify.asked import Asked, Unusable, span_s
from audit.verify.progress import Bar
from audit.verify.terms import Entries
from tests.audit.verify.builder import LOG, WITNESS, checkpoint, honest, policy, publish, witnessed

Run = Callable[..., Result]


@dataclass(frozen=True)
class House:
    """What the commands ask of the program around them."""

    folder: Path
    policy: Path | None = None

    def audit_folder(self) -> Path:
        return self.folder

    def audit_policy(self) -> Path | None:
        return self.policy


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Make the honest log, with its key beside it."""
    sample = honest()
    signed = checkpoint(sample.entries, cosigned=[(WITNESS, sample.now_s)])
    publish(tmp_path / "log", sample.entries, signed, sample.origin_json)
    (tmp_path / "log" / "log.vkey").write_text(LOG.vkey + "\n", encoding="utf-8")
    return tmp_path / "log"


@pytest.fixture
def run(log: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `regent audit` as the gateway's command line does."""
    monkeypatch.chdir(log.parent)
    return lambda *arguments: CliRunner().invoke(app, list(arguments), obj=House(log))


def kept(folder: Path, data: bytes, name: str = "kept.note") -> str:
    """Keep something in a file outside of the log."""
    (folder.parent / name).write_bytes(data)
    return str(folder.parent / name)


def test_a_kept_checkpoint_verifies_a_log_later(run: Run, log: Path) -> None:
    """`checkpoint` prints what `verify --since` takes; without it the exit code is 10."""
    printed = run("checkpoint")
    assert (printed.exit_code, printed.stdout) == (0, (log / "checkpoint").read_text())
    assert run("checkpoint", "--unchecked").stdout == printed.stdout
    assert run("verify").exit_code == 10
    result = run("verify", "--since", kept(log, printed.stdout.encode()))
    assert (result.exit_code, result.stdout.splitlines()[0][:8]) == (0, "VERIFIED")
    assert "Not proven:" in result.stdout


def test_each_demand_has_its_exit_code(run: Run, log: Path) -> None:
    """Witnesses, age, receipts, entries that are none: asked for on the command line as in the library."""
    trust, nobody = kept(log, witnessed(), "w.policy"), kept(log, policy(), "n.policy")
    receipts = kept(log, "\n".join(honest().receipts).encode() + b"\n", "receipts")
    assert run("verify", "--policy", trust, "--receipts", receipts, "--deep").exit_code == 0
    assert run("verify", "--policy", nobody, "--require-witness").exit_code == 32
    assert run("verify", "--policy", trust, "--max-age", "1s").exit_code == 31
    assert run("verify", str(log), "--policy", trust, "--entries", "any").exit_code == 0
    assert run("verify", "nowhere").exit_code == 40
    assert run("verify", "--max-age", "soon").exit_code == 40
    assert run("verify", "--policy", "nowhere").exit_code == 40
    assert run("verify", "--policy", receipts).exit_code == 40


def test_the_report_as_json_says_the_same(run: Run) -> None:
    """One object, with the verdict, what was checked and what was not proven."""
    facts = json.loads(run("verify", "--json").stdout)
    assert (facts["verdict"], facts["exit_code"], facts["findings"]) == ("operator_asserted", 10, [])
    assert facts["checkpoint"]["size"] == facts["records"] == len(honest().entries)
    assert facts["unproven"]
    assert facts["checked"]


def test_a_fork_is_written_down(run: Run, log: Path) -> None:
    """Exit code 21, and a file with both signed statements."""
    other = checkpoint([*honest().entries[:8], b"other"])
    result = run("verify", "--since", kept(log, other), "--evidence", str(log.parent / "evidence.txt"))
    assert result.exit_code == 21
    assert other.decode() in (log.parent / "evidence.txt").read_text(encoding="utf-8")
    result = run("verify", "--since", kept(log, other), "--evidence", str(log / "no" / "folder"))
    assert (result.exit_code, "cannot be written" in result.stderr) == (21, True)


def test_a_log_that_contradicts_itself_has_nothing_to_keep(run: Run, log: Path) -> None:
    """Neither checkpoint nor head is printed; and a log that was never merged has no checkpoint."""
    (log / "origin.json").write_bytes((log / "origin.json").read_bytes().replace(b"1790", b"1791"))
    for command in ("checkpoint", "head"):
        result = run(command)
        assert (result.exit_code, result.stdout) == (20, "")
    (log / "checkpoint").unlink()
    result = run("checkpoint", "--unchecked")
    assert (result.exit_code, result.stdout) == (40, "")


def test_the_head_of_a_merged_log_names_its_writers(run: Run) -> None:
    """Size and root of each, as they stand in the merged log."""
    assert [each["writer"] for each in json.loads(run("head").stdout)["writers"]] == ["w0", "w1"]


def test_without_regent_it_is_a_module(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same options and codes; a call that is none is a check that could not be made."""
    assert main([str(log)]) == 10
    assert main([str(log), "--since", kept(log, (log / "checkpoint").read_bytes())]) == 0
    assert main([]) == 40
    assert main(["--help"]) == 0
    assert main([str(log / "nowhere")]) == 40
    assert main([str(log), "--since", kept(log, b"neither")]) == 40
    capsys.readouterr()


def test_what_was_asked_becomes_the_terms(tmp_path: Path) -> None:
    """Receipts of a folder, heads and notes told apart, spans in seconds."""
    (tmp_path / "receipts").mkdir()
    (tmp_path / "receipts" / "a").write_text("one\n\ntwo\n", encoding="utf-8")
    (tmp_path / "head").write_text('{"format": 1}', encoding="utf-8")
    (tmp_path / "note").write_bytes(checkpoint([]))
    asked = Asked(
        since=(tmp_path / "head", tmp_path / "note"),
        receipts=(tmp_path / "receipts",),
        max_age="2h",
        entries=Entries.ANY,
    )
    terms = asked.terms()
    assert (terms.heads, terms.kept, terms.receipts) == ({"format": 1}, (checkpoint([]),), ("one", "two"))
    lines = [f"{tmp_path / 'receipts' / 'a'}:{row}" for row in (1, 3)]
    assert terms.receipts_at == tuple(lines)
    assert (terms.max_age_s, span_s("90s"), span_s("7d")) == (7_200, 90, 604_800)
    for path in (tmp_path / "nothing", tmp_path / "receipts" / "a"):
        with pytest.raises(Unusable):
            Asked(since=(path,)).terms()


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    @override
    def isatty(self) -> bool:
        return True


def test_progress_is_shown_at_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that goes away again, now and then; in a pipe nothing at all."""
    now = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    terminal, pipe = Terminal(), io.StringIO()
    bars = [Bar(terminal), Bar(pipe)]
    for now in (0.1, 1.0, 1.1, 2.0):
        for bar in bars:
            bar(int(now * 10), 20)
    for bar in bars:
        bar.close()
    assert terminal.getvalue().count("of 20 records") == 2
    assert terminal.getvalue().endswith("\x1b[K")
    assert pipe.getvalue() == ""


def test_the_houses_own_log_is_held_to_the_houses_witnesses(log: Path, tmp_path: Path) -> None:
    """By the settings' policy, which `--policy` outranks; no other log is, as it has other witnesses."""
    trust, other = tmp_path / "trust.policy", tmp_path / "none.policy"
    trust.write_bytes(witnessed())
    other.write_bytes(policy())

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments), obj=House(log, trust))

    assert run("verify").exit_code == 0
    assert f"policy: {trust}" in run("verify").stderr
    assert run("verify", "--policy", str(other)).exit_code == 10
    assert run("verify", str(log)).exit_code == 10
    (tmp_path / "copy").symlink_to(log)
    assert run("--folder", str(tmp_path / "copy"), "verify").exit_code == 10
