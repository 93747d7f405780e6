"""The blocks of `docs/auditors-handbook.md` run as they stand, on two days of a gateway; what they print."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bundles.repetition.repeat import Result
from tests.end_to_end.conftest import hello, send
from tests.end_to_end.test_backtest import stricter, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.servers.gateway_server import GatewayServer

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "auditors-handbook.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(bash|text)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
FIRST_DAY = 3  # blocks


def plain(text: str) -> list[list[str]]:
    """Lines as words; revisions and counts of entries are all alike."""
    text = re.sub(r"r-[0-9a-f]+", "REVISION", text)
    text = re.sub(r"\d+ records, whole, of \d+", "N records, whole, of N", text)
    return [words for line in text.splitlines() if (words := line.split())]


def run(gateway: GatewayServer, script: str) -> str:
    """Run a block where the gateway's settings are, as in a checkout of the source."""
    for name, command in (("regent", '"{}" -m gateway "$@"'), ("python3", '"{}" "$@"')):
        path = gateway.folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\nexec {command.format(sys.executable)}\n", encoding="utf-8")
        path.chmod(0o755)
    if not (gateway.folder / "audit").exists():
        (gateway.folder / "audit").symlink_to(ROOT / "audit")
    searched = "" if "audit.verify" in script else str(ROOT)  # the auditor has a copy, and nothing else
    found = f"{gateway.folder / 'bin'}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=gateway.folder,
        env=os.environ | {"PATH": found, "PYTHONPATH": searched},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, script + done.stdout + done.stderr
    return done.stdout


@pytest.mark.engine("embedded")
def test_the_page_prints_what_it_says(gateway_server: Callable[..., GatewayServer]) -> None:
    """The first day after two calls, the rest after three more; the gateway doesn't run meanwhile."""
    gateway = gateway_server()
    write(gateway.folder / "candidate", stricter)
    serve(gateway, "demo-small", "demo-small")
    for _, block in BLOCKS[:FIRST_DAY]:
        run(gateway, block)
    gateway.start()
    serve(gateway, "demo-small", "demo-small", "hr")
    shown = ""
    for kind, block in BLOCKS[FIRST_DAY:]:
        if kind == "text":
            printed = iter(plain(shown))
            assert all(any(line[: len(wanted)] == wanted for line in printed) for wanted in plain(block)), (
                shown
            )
        else:
            shown = run(gateway, block)


def serve(gateway: GatewayServer, *models: str) -> None:
    """Serve calls, and stop."""
    for model in models:
        if model == "hr":
            answer = send(gateway, hello("demo-cloud-only"), token=gateway.token("heidi", "hr"))
            assert answer.status == 403
        else:
            assert send(gateway, hello(model), token=gateway.token()).status == 200
    gateway.stop()


def test_the_page_names_every_result() -> None:
    """In its table, and no other."""
    assert re.findall(r"^\| `([A-Z_]+)` \|", PAGE, re.MULTILINE) == [result.name for result in Result]
