"""The blocks of `docs/usage.md` run as they stand, against a gateway that answered; its tables are whole."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from audit.labels import MOST_TAGS
from audit.usage import focus
from audit.usage.answering import FORMS
from audit.usage.wanted import DIMENSIONS, MEASURES
from bundles.schemas import check_data
from gateway.evidence import spending

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.servers.gateway_server import GatewayServer
    from tests.servers.policy_bundles import Variant

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "usage.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(bash|text|json)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
ROW = '{"regent"'


def promised(shown: Any, page: Any) -> bool:
    """Whether what was shown has everything that the page shows."""
    if isinstance(page, dict):
        return all(key in shown and promised(shown[key], value) for key, value in page.items())
    if isinstance(page, list):
        return len(shown) == len(page) and all(map(promised, shown, page))
    return bool(shown == page)


@pytest.mark.engine("embedded")
def test_the_page_prints_what_it_says(gateway_server: Callable[..., GatewayServer]) -> None:
    """All blocks in one shell, once the call has ended in the log."""
    gateway = gateway_server()
    command = gateway.folder / "bin" / "regent"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gateway "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    call = (
        f"curl -sf {gateway.url}/v1/chat/completions -H 'content-type: application/json' "
        '-H "authorization: Bearer $(regent token --user alice --team sales --role analyst)" '
        """-d '{"model": "demo-small", "messages": [{"role": "user", "content": "Hello"}]}' > /dev/null\n"""
        "until grep -qs outcome data/audit/writers/*/seg/*.log; do sleep 0.1; done\n"
    )
    wanted = [(kind, block) for kind, block in BLOCKS if not block.startswith(ROW)]
    blocks = [block for kind, block in wanted if kind == "bash"]
    script = call + "\n".join(f"echo '--- {number}'\n{each}" for number, each in enumerate(blocks))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace("http://127.0.0.1:8080", gateway.url)],
        cwd=gateway.folder,
        env=os.environ | {"PATH": f"{command.parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    shown = re.split(r"--- \d+\n", done.stdout)[1:]
    assert [kind == "bash" for kind, _ in wanted] == [True, False] * len(shown)
    for printed, (kind, block) in zip(shown, wanted[1::2], strict=True):
        if kind == "json":
            assert promised(json.loads(printed), json.loads(block)), printed
        else:
            assert printed.replace("\r", "") == block


def rows(title: str) -> set[str]:
    """The names in the first column of a table."""
    table = PAGE[PAGE.index(f"| {title} |") :].split("\n\n")[0]
    return set(re.findall(r"`([a-z_]+)`", " ".join(line.split("|")[1] for line in table.splitlines()[2:])))


def test_the_page_names_every_dimension_figure_and_parameter() -> None:
    """In their tables, and nothing else."""
    assert rows("dimension") == set(DIMENSIONS)
    assert rows("figure") == set(MEASURES)
    for name in (*spending.ONLY, *FORMS, "subject", "limit", "cursor"):
        assert f"`{name}`" in PAGE, name
    assert f"{spending.LIMIT:,} unless" in PAGE
    assert f"{spending.MAX_LIMIT:,} at most" in PAGE
    assert MOST_TAGS == 8


def test_the_page_names_only_columns_that_there_are() -> None:
    """And the version that they are of."""
    section = PAGE[PAGE.index("## FOCUS") : PAGE.index("## How it works")]
    named = set(re.findall(r"`((?:x_)?[A-Z][A-Za-z]+)`", section)) - {"Regent", "Usage", "Adjustment"}
    assert named <= {column.name for column in focus.COLUMNS}
    assert f"(https://focus.finops.org) {focus.VERSION}" in section


def test_the_row_of_data_fits_the_schema(bundle_variant: Variant) -> None:
    """What the page tells to write into the data is accepted."""
    bundle = bundle_variant(1)
    block = next(block for _, block in BLOCKS if block.startswith(ROW))
    rows = bundle.data["regent"]["administration"] | json.loads(block)["regent"]["administration"]

    check_data(
        {"regent": {**bundle.data["regent"], "administration": rows}},
        bundle.manifest["metadata"]["data_schemas"],
    )
