"""Readers of the audit log that aren't ours: Tessera's `fsck`, and `xmod` over golang.org/x/mod/sumdb.

The fixtures `fsck` and `xmod` ask one for its verdict about a log; `served` puts a log's folder on HTTP.
Neither reader knows records: they see entries, tiles and a checkpoint, as any auditor's tool would.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import pytest

from tests.interop.http_folder import serving
from tests.servers.processes import executable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ROOT: Final = Path(__file__).parents[2]
PATIENCE_S: Final = 60.0  # neither needs a second from a folder; a reader that hangs has not accepted
SUCCESS: Final = re.compile(r"Successfully fsck'd log with size (\d+) and root (\S+)")


@dataclass(frozen=True)
class Verdict:
    """What a reader says of a log.

    Attributes:
        accepted: whether it found nothing wrong.
        size: the number of entries that it read; None if it refused.
        root: the root hash of 32 bytes; None if it refused.
        code: why `xmod` refused, in the words of its source; `timeout` if a reader hung.
        old_root: the root at the older size that was asked for.
        tiles: how many tiles `xmod` checked.
        output: all that the reader wrote, for the message of a failed test.
    """

    accepted: bool
    size: int | None = None
    root: bytes | None = None
    code: str | None = None
    old_root: bytes | None = None
    tiles: int = 0
    output: str = ""


class Fsck(Protocol):
    """Ask Tessera's `fsck`; `origin` only where it isn't the key's name."""

    def __call__(self, log: Path | str, vkey: str, *, origin: str | None = None) -> Verdict:
        """Return the verdict about a folder or URL."""
        ...


class Xmod(Protocol):
    """Ask the program over x/mod."""

    def __call__(
        self,
        log: Path | str,
        vkey: str,
        indices: Sequence[int] = (),
        old_size: int | None = None,
        *,
        kept: str | bytes | None = None,
    ) -> Verdict:
        """Return the verdict about a folder or URL.

        Args:
            log: where the log is.
            vkey: its Ed25519 verifier key.
            indices: entries whose inclusion is to be proved.
            old_size: a size, at least 1, whose tree must be a prefix; `old_root` then has its root.
            kept: an older checkpoint that the log must extend; goes before `old_size`.
        """
        ...


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the programs, so that `make test-embedded` leaves it out, and nothing skips unseen."""
    for item in items:
        if {"fsck", "xmod"}.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.server)


@pytest.fixture(scope="session")
def fsck(tmp_path_factory: pytest.TempPathFactory) -> Fsck:
    """Tessera's own checker. It exits 0 whatever it finds; only its line of success counts."""
    program = executable("fsck", [ROOT / ".tools"], "tools")
    key = tmp_path_factory.mktemp("fsck") / "log.vkey"

    def ask(log: Path | str, vkey: str, *, origin: str | None = None) -> Verdict:
        remote = isinstance(log, str)
        key.write_text(vkey, encoding="utf-8")
        # With one worker it hangs after the first bad tile; a plain HTTP server can't take many.
        command: list[str | Path] = [program, "-ui=false", "-N", "4" if remote else "64", "-public_key", key]
        command += ["-storage_url", log if isinstance(log, str) else f"file://{log.absolute()}"]
        command += ["-origin", origin] if origin else []
        done = _run(command)
        if done is None:
            return Verdict(accepted=False, code="timeout")
        if done.returncode != 0 or not (line := SUCCESS.search(done.stderr)):
            return Verdict(accepted=False, output=done.stderr)
        root = base64.b64decode(line[2], validate=True)
        return Verdict(accepted=True, size=int(line[1]), root=root, output=done.stderr)

    return ask


@pytest.fixture(scope="session")
def xmod(tmp_path_factory: pytest.TempPathFactory) -> Xmod:
    """Go's own transparency-log library, strict about every length."""
    program = executable("xmod", [ROOT / ".tools"], "tools")
    note = tmp_path_factory.mktemp("xmod") / "kept.note"

    def ask(
        log: Path | str,
        vkey: str,
        indices: Sequence[int] = (),
        old_size: int | None = None,
        *,
        kept: str | bytes | None = None,
    ) -> Verdict:
        command: list[str | Path] = [program, "-vkey", vkey, "-indices", ",".join(map(str, indices))]
        command += [] if old_size is None else ["-old", str(old_size)]
        if kept is not None:
            note.write_bytes(kept.encode() if isinstance(kept, str) else kept)
            command += ["-kept", note]
        done = _run([*command, log])
        if done is None:
            return Verdict(accepted=False, code="timeout")
        said = json.loads(done.stdout)
        assert said["ok"] == (done.returncode == 0), done
        if not said["ok"]:
            return Verdict(accepted=False, code=said["code"], output=done.stdout)
        old = said.get("consistency")
        return Verdict(
            accepted=True,
            size=said["size"],
            root=base64.b64decode(said["root"], validate=True),
            old_root=base64.b64decode(old["root"], validate=True) if old else None,
            tiles=said.get("tiles", 0),
            output=done.stdout,
        )

    return ask


@pytest.fixture(scope="session")
def served() -> Iterator[Callable[[Path], str]]:
    """Serve a log's folder over HTTP until the session ends; the value is its address."""
    with contextlib.ExitStack() as stack:
        yield lambda folder: stack.enter_context(serving(folder))


def _run(command: Sequence[str | Path]) -> subprocess.CompletedProcess[str] | None:
    try:
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
        )
    except subprocess.TimeoutExpired:
        return None
