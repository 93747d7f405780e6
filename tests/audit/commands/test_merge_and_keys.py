"""`regent audit merge` and `keys`: what a gateway does by itself, and a change of keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit import files, rotation
from audit.keys import verifiers
from audit.merging.shelf import Shelf
from audit.tlog.note import open_note
from audit.verify.check import verify
from audit.verify.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typer.testing import Result

    Run = Callable[..., Result]


def test_merge_brings_everything_under_a_checkpoint(run: Run, log_folder: Path) -> None:
    """Once, and again when there is nothing more."""
    first, second = run("merge"), run("merge")

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "6 records merged" in first.output
    assert "0 records merged" in second.output
    assert verify(log_folder).merged
    assert [path.name for path in (log_folder / "checkpoints").iterdir()] == ["7.note"]


def test_merge_leaves_a_gateways_log_to_the_gateway(run: Run, log_folder: Path) -> None:
    """Who merges already isn't disturbed."""
    shelf = Shelf(log_folder)
    done = run("merge")
    shelf.close()

    assert (done.exit_code, "log.merging" in done.output) == (40, True)


def test_keys_are_shown_and_rotated(run: Run, log_folder: Path) -> None:
    """The new key signs the next checkpoint, the old one is named as retired, and the record tells of it."""
    run("merge")
    (old,) = verifiers(log_folder)
    assert run("keys", "show").output.splitlines()[-1] == f"signs   {old}"
    rotated = run("keys", "rotate")
    run("merge")
    (new,) = verifiers(log_folder)

    assert rotated.exit_code == 0
    assert new != old
    assert run("keys", "show").output.splitlines()[-2:] == [f"signs   {new}", f"retired {old}"]
    assert open_note((log_folder / "checkpoint").read_bytes(), [new]).verified
    trusting_the_old = log_folder.parent / "trust.policy"
    trusting_the_old.write_text(f"log {old}\nquorum none\n")
    assert run("verify", "--policy", str(trusting_the_old)).exit_code == Verdict.OPERATOR_ASSERTED


def test_a_rotation_that_fails_changes_nothing_yet(
    run: Run, log_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk ends it with a word; the next one goes on with the key that was prepared."""
    (old,) = verifiers(log_folder)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(files, "replace", full)
        failed = run("keys", "rotate")
    assert (failed.exit_code, "No space" in failed.output) == (40, True)
    assert verifiers(log_folder) == [old]
    assert run("keys", "rotate").exit_code == 0
    assert rotation.retired(log_folder) == [old]


@pytest.mark.parametrize("arguments", [("merge",), ("keys", "rotate")])
def test_without_a_log_there_is_a_plain_word(arguments: tuple[str, ...], run: Run, log_folder: Path) -> None:
    """No traceback, and the exit code of what cannot be read."""
    (log_folder / "origin.json").unlink()
    done = run(*arguments)

    assert (done.exit_code, "there is no log" in done.output) == (40, True)
