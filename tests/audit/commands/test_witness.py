"""`regent audit witness`: a witness made and served from the command line, and what it signs."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from audit.tlog.checkpoint import Checkpoint
from audit.tlog.keys import SigningKey
from audit.tlog.note import sign_note
from audit.tlog.tree import EMPTY_ROOT
from audit.tlog.trust import TrustPolicy
from audit.witness.witnesses import Witnesses
from tests.servers.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from typer.testing import Result

    Run = Callable[..., Result]


@pytest.mark.parametrize("more", [(), ("--post-quantum",)], ids=["ed25519", "ml-dsa-44 too"])
async def test_a_witness_is_made_and_served(more: tuple[str, ...], run: Run, tmp_path: Path) -> None:
    """Its key goes into a policy, its process cosigns, and a second make is refused."""
    files = ("--key", str(tmp_path / "w.key"), "--state", str(tmp_path / "w.db"))
    made = run("witness", "keygen", "witness.example/w", *files, *more)
    vkeys = [line for line in made.output.splitlines() if line.startswith("witness.example/w+")]
    assert (made.exit_code, len(vkeys)) == (0, 1 + len(more))
    assert run("witness", "keygen", "witness.example/w", *files).exit_code == 40
    log, port = SigningKey.generate("log.example"), free_port()
    (tmp_path / "log.vkey").write_text(f"{log.verifier}\n")
    command = [sys.executable, "-c", "from audit.cli import app; app()", "witness", "serve"]
    process = _start([*command, str(tmp_path / "log.vkey"), *files, "--port", str(port)])
    try:
        await _answers(port)
        text = f"log {log.verifier}\nwitness w {vkeys[0]} http://127.0.0.1:{port}\nquorum w\n"
        note = sign_note(str(Checkpoint("log.example", 0, EMPTY_ROOT)), [log])
        async with Witnesses(TrustPolicy.parse(text.encode())) as witnesses:
            found = await witnesses.cosign(note, _never)
    finally:
        process.terminate()
        process.wait(20)

    assert found.is_satisfied


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command)


async def _never(old: int, new: int) -> Sequence[bytes]:
    raise AssertionError(f"no proof from {old} to {new} is needed")


async def _answers(port: int) -> None:
    end = time.monotonic() + 20
    async with httpx.AsyncClient(trust_env=False) as http:
        while True:
            try:
                await http.get(f"http://127.0.0.1:{port}/vkey")
            except httpx.TransportError:
                assert time.monotonic() < end
                await asyncio.sleep(0.05)
            else:
                return


def test_a_file_of_keys_that_is_none_is_said(run: Run, tmp_path: Path) -> None:
    """Whatever bytes it holds."""
    (tmp_path / "log.vkey").write_bytes(b"\xff\xfe")
    refused = run("witness", "serve", str(tmp_path / "log.vkey"))
    assert (refused.exit_code, type(refused.exception)) == (40, SystemExit)


def test_what_cannot_be_served_is_said(run: Run, tmp_path: Path) -> None:
    """A key file that is missing, or a log's key that is none, ends with a word."""
    (tmp_path / "log.vkey").write_text("nonsense\n")
    done = run("witness", "serve", str(tmp_path / "log.vkey"), "--key", str(tmp_path / "none"))

    assert done.exit_code == 40
    assert "key." in done.output
