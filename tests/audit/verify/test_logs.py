"""Pins the verdict on whole logs, genuine and tampered with: of the package, and of the one file alone."""

import ast
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from audit.verify import alone
from audit.verify.check import verify
from audit.verify.terms import Entries, Terms
from audit.verify.trust import read_policy
from audit.verify.verdict import Verdict
from tests.audit.verify.attacks import ATTACKS
from tests.audit.verify.builder import Sample, checkpoint, honest, policy, publish, witnessed
from tests.audit.verify.vectors import rows, unpack

ACCEPTED = {Verdict.VERIFIED, Verdict.OPERATOR_ASSERTED}
LINES = 400


def ask(folder: Path, trust: bytes, capsys: pytest.CaptureFixture[str], **more: Any) -> int:
    """Return the verdict of the one file."""
    arguments = [str(folder), "--policy", str(_file(folder.parent / "policy", trust))]
    for name, value in more.items():
        text = str(_file(folder.parent / name, value)) if isinstance(value, bytes) else str(value)
        arguments += [f"--{name.replace('_', '-')}", text]
    found = alone.main(arguments)
    capsys.readouterr()
    return found


def _file(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_whole_logs_follow_the_vectors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each log gets its verdict, with and without the kept checkpoint, from both alike."""
    for number, row in enumerate(rows("logs")):
        folder = unpack(row, tmp_path / str(number) / "log")
        trust = f"log {row['vkey']}\nquorum none\n".encode()
        for kept, wanted in ((None, row["expect"]), (row["kept"], row["expect_with_kept"])):
            if wanted is None:
                continue
            notes = (kept.encode(),) if kept else ()
            report = verify(folder, Terms(policy=read_policy(trust), kept=notes, entries=Entries.ANY))
            found = "accept" if report.verdict in ACCEPTED else "reject"
            assert wanted in {found, "either"}, (row["name"], report.findings)
            since = {"since": kept.encode()} if kept else {}
            assert ask(folder, trust, capsys, entries="any", **since) == report.verdict, row["name"]


@pytest.mark.parametrize("name", ["nothing", *ATTACKS])
def test_the_one_file_detects_each_attack_like_the_package(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the honest log and on twelve forged ones both give the same code, asked for all and for little."""
    sample = honest()
    monkeypatch.setattr("time.time", lambda: float(sample.now_s))
    view = ATTACKS[name][0](sample) if name in ATTACKS else None
    entries, cosigned_s = (view.entries, view.cosigned_s) if view else (sample.entries, sample.now_s)
    cosigned = [] if cosigned_s is None else [(sample.witness, cosigned_s)]
    folder = publish(tmp_path / "log", entries, checkpoint(entries, cosigned=cosigned), sample.origin_json)
    kept, receipts = checkpoint(sample.entries[: sample.kept]), "\n".join(sample.receipts).encode()
    for trust, asked in (
        (policy(), {}),
        (policy(), {"since": kept}),
        (witnessed(), {"since": kept, "max_age": 600, "receipts": receipts}),
    ):
        report = verify(folder, _terms(trust, asked, sample))
        assert ask(folder, trust, capsys, **asked) == report.verdict, asked.keys()


def _terms(trust: bytes, asked: dict[str, Any], sample: Sample) -> Terms:
    return Terms(
        policy=read_policy(trust),
        kept=(asked["since"],) if "since" in asked else (),
        receipts=tuple(asked["receipts"].decode().split("\n")) if "receipts" in asked else None,
        max_age_s=asked.get("max_age"),
        now_us=sample.now_s * 1_000_000,
    )


def test_the_one_file_can_be_read_in_one_sitting_and_stands_alone() -> None:
    """Fewer than 400 lines, and nothing imported but the standard library and cryptography."""
    text = Path(alone.__file__).read_text(encoding="utf-8")
    assert len(text.splitlines()) < LINES
    imports = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {node.module if isinstance(node, ast.ImportFrom) else node.names[0].name for node in imports}
    assert not any(str(name).startswith(("audit", "gateway", "orjson")) for name in names)


@pytest.mark.parametrize("trust", [b"", b"quorum\n", b"log x\nquorum none\n"])
def test_the_one_file_refuses_a_policy_that_is_none(
    trust: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a policy that can be read nothing is checked: 40."""
    entries = honest().entries
    folder = publish(tmp_path / "log", entries, checkpoint(entries))
    assert ask(folder, trust, capsys) == alone.CANNOT_CHECK


def test_the_one_file_reads_policies_as_the_package_does() -> None:
    """Every policy of the vectors is taken or refused by both."""
    for row in rows("policies"):
        if row["expect"] == "either":
            continue
        try:
            alone.Policy(row["policy"].encode())
        except ValueError:
            assert row["expect"] == "invalid", row["id"]
        else:
            assert row["expect"] == "valid", row["id"]


def test_without_a_policy_the_folders_own_key_is_asked(tmp_path: Path) -> None:
    """Then nothing but a kept checkpoint says more than the operator's word."""
    sample = honest()
    folder = publish(tmp_path / "log", sample.entries, checkpoint(sample.entries), sample.origin_json)
    asked = Namespace(policy=None, since=[], receipts=None, max_age=None, entries="regent")
    with pytest.raises(FileNotFoundError):
        alone.examine(folder, asked, [])
    (folder / "log.vkey").write_text(sample.log.vkey + "\n", encoding="utf-8")
    assert verify(folder).verdict == alone.main([str(folder)]) == Verdict.OPERATOR_ASSERTED
