"""The blocks of `docs/audit-query.md` run as they stand, on a log of two requests; its tables are whole."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from audit.doctor.finding import KINDS
from audit.index.row import COLUMNS
from audit.log import AuditLog
from audit.ports import Ports
from audit.record import Action, decision, outcome
from tests.audit.index.merging import merge

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "audit-query.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(bash|text)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
T_US = 1_763_629_200_000_000
_REQUESTS: tuple[tuple[str, Action, str], ...] = (
    ("req-1", "allow", "allowed"),
    ("req-2", "deny", "limits.team"),
)


async def write_log(folder: Path) -> None:
    """Log one request that was answered and one that was refused."""
    now_us = T_US

    def wall_us() -> int:
        return now_us

    async with AuditLog.open(folder, "regent.example/audit", ports=Ports(wall_us=wall_us)) as log:
        for request, action, reason in _REQUESTS:
            made = decision(
                request_id=request, action=action, reason_code=reason, tenant="acme", team="hr",
                sref=await log.sref("alice@acme.example"), actor_kind="user", auth="oidc",
                op="chat.completions", req_model="gpt-4o", stream=False, engine="embedded", bundle=None,
                revision="r1", path="p",
            )  # fmt: skip
            await log.append(made)
            if action == "allow":
                await log.append(
                    outcome(
                        ref=made.id, deployment="onprem-llama", provider="vllm", region="x", resp_model="m",
                        resp_id="i", finish="stop", in_tok=10, out_tok=20, usage_in=10, usage_out=20,
                        estimated=False, total_us=1, upstream_us=1,
                    )
                )  # fmt: skip
            now_us += 2_000_000
    merge(folder)


@pytest.fixture
def work(tmp_path: Path, typed_regent: Callable[[Path], None]) -> Path:
    """Make a folder with settings, a merged log and this code's `regent`."""
    asyncio.run(write_log(tmp_path / "data" / "audit"))
    shutil.copy(ROOT / "gateway" / "starter.yaml", tmp_path / "regent.yaml")
    typed_regent(tmp_path / "bin")
    return tmp_path


def words(text: str) -> list[list[str]]:
    """Lines as words, without rules."""
    return [found for line in text.splitlines() if (found := line.replace("─", " ").split())]


def test_the_page_prints_what_it_says(work: Path) -> None:
    """One shell, block after block; of a line that ends with figures, the words before them."""
    shown: list[str] = []
    for kind, block in BLOCKS:
        if kind == "text":
            # In order; a disk that is nearly full here would be one finding more.
            printed = iter(words(shown[-1]))
            assert all(any(line[: len(wanted)] == wanted for line in printed) for wanted in words(block))
            continue
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block],
            cwd=work,
            env=os.environ | {"PATH": f"{work / 'bin'}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        shown.append(done.stdout)
    assert len(shown) == 4


def test_the_page_names_every_field_and_every_finding() -> None:
    """In their tables, and nothing else."""
    fields, findings = PAGE[PAGE.index("| field |") : PAGE.index("## Proofs")], PAGE[PAGE.index("| code |") :]
    named = {name for line in re.findall(r"^\| (`.*?) \|", fields, re.MULTILINE) for name in line.split(", ")}
    assert {name.strip("`") for name in named} == set(COLUMNS)
    assert re.findall(r"^\| `([a-z._]+)` \|", findings, re.MULTILINE) == list(map(str, KINDS))
