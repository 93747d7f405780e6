"""Runs the verifier as an auditor does: another process, which is given a pack and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("REGENT_VERIFIER", Path(__file__).parents[3]))
"""Where `audit/verify` is: here, unless another checkout is named."""

VERIFIED, OPERATOR_ASSERTED, TAMPERED, INCOMPLETE, CANNOT_CHECK = 0, 10, 20, 30, 40


def verify(pack: Path, *options: str | Path) -> subprocess.CompletedProcess[str]:
    """Check a pack."""
    if not (ROOT / "audit" / "verify" / "packs.py").is_file():
        pytest.skip("this checkout has no verifier of packs")
    return subprocess.run(
        [sys.executable, "-m", "audit.verify", str(pack), *map(str, options)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
