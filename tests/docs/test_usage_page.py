"""The blocks of `docs/usage.md` run as they stand, against a gateway that answered; its tables are whole."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from audit.labels import MOST_TAGS
from audit.usage import focus
from audit.usage.answering import FORMS
from audit.usage.wanted import DIMENSIONS, MEASURES
from bundles.schemas import check_data
from gateway.evidence import spending
from tests.docs.pasting import paste, promised

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.servers.gateway_server import GatewayServer
    from tests.servers.policy_bundles import Variant

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "usage.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(bash|text|json)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
ROW = '{"regent"'


@pytest.mark.engine("embedded")
def test_the_page_prints_what_it_says(
    gateway_server: Callable[..., GatewayServer], typed_regent: Callable[[Path], None]
) -> None:
    """All blocks in one shell, once the call has ended in the log."""
    gateway = gateway_server()
    wanted = [(kind, block) for kind, block in BLOCKS if not block.startswith(ROW)]
    blocks = [block for kind, block in wanted if kind == "bash"]
    ended = "until grep -qs outcome data/audit/writers/*/seg/*.log; do sleep 0.1; done\n"
    shown = paste(gateway, blocks, typed_regent, after=ended, timeout_s=90)
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
