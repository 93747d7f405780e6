"""Pins `regent audit prove`: a proof to the screen or to files, and a record of what is disclosed with it."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import TYPE_CHECKING

import orjson
import pytest

from audit.index.indexer import Index
from audit.keys import verifiers
from audit.log import AuditLog
from audit.merging.once import merge
from audit.reading.stream import events
from audit.tlog.proof import LogProof
from audit.tlog.trust import Log, TrustPolicy
from audit.vault.commitment import commit, opens

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typer.testing import Result

    from audit.record import Record

    Run = Callable[..., Result]

ORIGIN = "regent.example/audit"
QUESTION = b'{"subject":{"id":"alice"}}'


@pytest.fixture
async def asked(log_folder: Path, make_decision: Callable[..., Record]) -> str:
    """Log one more decision, whose question the vault keeps, and merge; returns its id."""
    made = make_decision(policy_input=commit("input", QUESTION), question=QUESTION)
    async with AuditLog.open(log_folder, ORIGIN) as log:
        await log.append(made)
    merge(log_folder, ORIGIN)
    return made.id


def test_a_proof_verifies(run: Run, log_folder: Path, tmp_path: Path, asked: str) -> None:
    """By id and by index alike; the record's exact bytes stand beside it."""
    path = tmp_path / "one.tlog-proof"
    shown, written = run("prove", "--id", asked), run("prove", "--id", asked, "-o", str(path))
    assert (shown.exit_code, written.exit_code) == (0, 0)
    assert shown.stdout == path.read_text()
    proof, entry = LogProof.parse(path.read_bytes()), (tmp_path / "one.tlog-proof.json").read_bytes()
    assert orjson.loads(entry)["id"] == asked
    (key,) = verifiers(log_folder)
    assert proof.verify(entry, TrustPolicy(logs=(Log(key),))).checkpoint.size > proof.index
    assert run("prove", "--index", str(proof.index)).stdout == shown.stdout
    assert list(events(log_folder, "access")) == []  # nothing but hashes was handed over


def test_what_is_disclosed_opens_the_commitment_and_is_on_record(
    run: Run, log_folder: Path, tmp_path: Path, asked: str
) -> None:
    """Who asked for it stands in the log."""
    path = tmp_path / "one.tlog-proof"
    result = run("prove", "--id", asked, "-o", str(path), "--disclose", "input", "--by", "auditor")
    assert result.exit_code == 0, result.stderr
    line = json.loads((tmp_path / "one.tlog-proof.disclosed.jsonl").read_bytes())
    record = json.loads((tmp_path / "one.tlog-proof.json").read_bytes())
    nonce, data = b64decode(line["nonce"]), b64decode(line["payload"])
    assert data == QUESTION
    assert opens(record["policy"]["input_commit"], nonce=nonce, label="input", data=data)
    (access,) = events(log_folder, "access")
    assert (access["actor"]["name"], access["what"], access["n"]) == ("auditor", "proof", 1)
    assert access["filter"]["disclosed"] == ["input"]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([], 2),
        (["--index", "1", "--id", "0" * 32], 2),
        (["--index", "1", "--disclose", "input"], 2),
        (["--index", "1", "--disclose", "names", "-o", "x"], 2),
        (["--id", "0" * 32], 40),
        (["--index", "999"], 40),
    ],
)
@pytest.mark.usefixtures("asked")
def test_what_cannot_be_proven_is_told(run: Run, options: list[str], code: int) -> None:
    """2 for a command that is none, 40 for a record that is none."""
    result = run("prove", *options)
    assert (result.exit_code, bool(result.stderr)) == (code, True)


def test_nothing_is_written_when_something_is_lacking(run: Run, tmp_path: Path, asked: str) -> None:
    """A content that isn't at hand, or a file that is there already."""
    path = tmp_path / "one.tlog-proof"
    lacking = run("prove", "--id", asked, "-o", str(path), "--disclose", "req")
    assert (lacking.exit_code, path.exists()) == (40, False)
    (tmp_path / "one.tlog-proof.json").write_text("mine")
    there = run("prove", "--id", asked, "-o", str(path))
    assert (there.exit_code, path.exists()) == (40, False)


def test_a_query_has_its_proofs(run: Run, log_folder: Path, tmp_path: Path, asked: str) -> None:
    """`--with-proof` makes the same ones."""
    with Index(log_folder) as index:
        index.catch_up()
    result = run("query", "--id", asked, "--json", "--with-proof", str(tmp_path / "proofs"))
    place = json.loads(result.stdout)["log_index"]
    assert (tmp_path / "proofs" / f"{place}.tlog-proof").read_text() == run("prove", "--id", asked).stdout


async def test_a_record_that_is_not_merged_has_no_proof_yet(
    run: Run, log_folder: Path, asked: str, make_decision: Callable[..., Record]
) -> None:
    """And the command says what to do."""
    made = make_decision()
    async with AuditLog.open(log_folder, ORIGIN) as log:
        await log.append(made)
    result = run("prove", "--id", made.id)
    assert (result.exit_code, "regent audit merge" in result.stderr) == (40, True)
