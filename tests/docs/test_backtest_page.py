"""The blocks of `docs/backtest.md` run as they stand, after four calls, and print what the page says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import bundles
from tests.end_to_end.conftest import hello, send

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.servers.gateway_server import GatewayServer

PAGE = (Path(__file__).parents[2] / "docs" / "backtest.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(bash|text)\n(.*?)```", PAGE, re.DOTALL)


def plain(text: str) -> list[list[str]]:
    """Lines as words, without rules; ids, revisions and times are all alike."""
    text = re.sub(r"r-[0-9a-f]{16,64}", "REVISION", text)
    text = re.sub(r"\b[0-9a-f]{32}\b", "ID", text)
    text = re.sub(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}", "TIME", text)
    return [words for line in text.splitlines() if (words := line.replace("─", " ").split())]


def run(gateway: GatewayServer, script: str) -> str:
    """Run a block where the gateway's settings and the shipped bundle are."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=gateway.folder,
        env=os.environ | {"PATH": f"{gateway.folder / 'bin'}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.engine("embedded")
def test_the_page_prints_what_it_says(
    gateway_server: Callable[..., GatewayServer],
    deciding: Callable[..., dict[str, Any]],
    typed_regent: Callable[[Path], None],
) -> None:
    """Both commands, the gate's exit code, and the shadow's report once the candidate looked on."""
    gateway = gateway_server(started=False)
    typed_regent(gateway.folder / "bin")
    shutil.copytree(bundles.default_path(), gateway.folder / "bundles" / "default")
    (change, first), (gate, second), (report, third) = [
        (BLOCKS[n][1], BLOCKS[n + 1][1]) for n in range(0, len(BLOCKS), 2)
    ]
    *prepare, backtest = change.splitlines()
    run(gateway, "\n".join(prepare))
    gateway.configure({"policy": {**deciding(), "shadow": "candidate"}})
    gateway.start()
    gateway.await_shadow()
    for model in ("demo-small", "demo-small", "demo-cloud-only", "demo-small"):
        assert send(gateway, hello(model), token=gateway.token()).status == 200
    time.sleep(1)
    gateway.stop()

    assert plain(run(gateway, backtest)) == plain(first)
    assert run(gateway, gate) == second
    assert (gateway.folder / "report.json").read_text(encoding="utf-8").startswith("{")
    assert plain(run(gateway, report)) == plain(third)
