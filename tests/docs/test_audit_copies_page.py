"""`docs/audit-copies.md` lists every code of copies, and its example is one that the settings take."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from gateway.settings.server import Audit

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "audit-copies.md").read_text(encoding="utf-8")
SOURCES = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "audit" / "objects").glob("*.py"))


def test_every_code_is_listed() -> None:
    """A code that is added or dropped takes the page with it."""
    rows = re.findall(r"^\| (`copy\..*?`) \|", PAGE, re.MULTILINE)
    listed = [code for row in rows for code in re.findall(r"`(copy\.\w+)`", row)]
    raised = set(re.findall(r'"(copy\.[a-z0-9_]+)"', SOURCES))

    assert set(listed) == raised
    assert len(set(listed)) == len(listed)


def test_the_example_is_taken() -> None:
    """As it stands."""
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    copies = Audit(**yaml.safe_load(block)["audit"]).copies

    assert copies is not None
    assert str(copies.target) == "s3://acme-audit/regent/prod/"
