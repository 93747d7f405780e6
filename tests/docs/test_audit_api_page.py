"""The blocks of `docs/audit-api.md` run as they stand against a gateway that has answered one call."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from audit.reading import desk, published
from bundles.schemas import check_data
from gateway.evidence import asking
from tests.docs.pasting import paste, promised

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.servers.gateway_server import GatewayServer
    from tests.servers.policy_bundles import Variant

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "audit-api.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(bash|text|json)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


@pytest.mark.engine("embedded")
def test_the_page_prints_what_it_says(
    gateway_server: Callable[..., GatewayServer], typed_regent: Callable[[Path], None]
) -> None:
    """All blocks in one shell, as an auditor pastes them."""
    gateway = gateway_server()
    shown = paste(gateway, [block for kind, block in BLOCKS if kind == "bash"], typed_regent, timeout_s=60)
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
