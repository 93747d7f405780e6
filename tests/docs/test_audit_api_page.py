"""The blocks of `docs/audit-api.md` run as they stand against a gateway that has answered one call."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from audit.reading import desk, published
from bundles.schemas import check_data
from gateway.evidence import asking

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.servers.gateway_server import GatewayServer
    from tests.servers.policy_bundles import Variant

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "audit-api.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(bash|text|json)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def promised(shown: Any, page: Any) -> bool:
    """Whether what was shown has everything that the page shows."""
    if isinstance(page, dict):
        return all(key in shown and promised(shown[key], value) for key, value in page.items())
    if isinstance(page, list):
        return len(shown) == len(page) and all(map(promised, shown, page))
    return bool(shown == page)


@pytest.mark.engine("embedded")
def test_the_page_prints_what_it_says(gateway_server: Callable[..., GatewayServer]) -> None:
    """All blocks in one shell, as an auditor pastes them."""
    gateway = gateway_server()
    command = gateway.folder / "bin" / "regent"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gateway "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    call = (
        f"curl -sf {gateway.url}/v1/chat/completions -H 'content-type: application/json' "
        '-H "authorization: Bearer $(regent token --user alice --team sales --role analyst)" '
        """-d '{"model": "demo-small", "messages": [{"role": "user", "content": "Hello"}]}' > /dev/null\n"""
    )
    blocks = [block for kind, block in BLOCKS if kind == "bash"]
    script = call + "\n".join(f"echo '--- {number}'\n{each}" for number, each in enumerate(blocks))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace("http://127.0.0.1:8080", gateway.url)],
        cwd=gateway.folder,
        env=os.environ | {"PATH": f"{command.parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    shown = re.split(r"--- \d+\n", done.stdout)[1:]
    wanted = BLOCKS[[kind for kind, _ in BLOCKS].index("bash") :]
    assert [kind == "bash" for kind, _ in wanted] == [True, False] * len(shown)
    for printed, (kind, block) in zip(shown, wanted[1::2], strict=True):
        if kind == "json":
            assert promised(json.loads(printed), json.loads(block)), printed
        else:
            assert printed.replace("\r", "") == block


def test_the_page_names_every_word_and_bound() -> None:
    """Parameters, files and numbers are those of the code."""
    for name in (*asking.WORDS, *asking.TIMES, "decision", "kind", "limit", "cursor", *published.NAMES):
        assert f"`{name}`" in PAGE, name
    assert f"{asking.LIMIT} unless" in PAGE
    assert f"{asking.MAX_LIMIT:,} at most" in PAGE
    assert f"within {desk.PATIENCE_S:.0f} seconds" in PAGE
    assert f"{desk.FILES} files" in PAGE
    assert desk.QUESTIONS == 2


def test_the_row_of_data_fits_the_schema(bundle_variant: Variant) -> None:
    """What the page tells to write into the data is accepted."""
    bundle = bundle_variant(1)
    row = json.loads(next(block for kind, block in BLOCKS if kind == "json"))["regent"]["administration"]
    rows = bundle.data["regent"]["administration"] | row

    check_data(
        {"regent": {**bundle.data["regent"], "administration": rows}},
        bundle.manifest["metadata"]["data_schemas"],
    )
