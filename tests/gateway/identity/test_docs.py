"""The page on identity says what the code does: its examples load and its codes exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from gateway.identity import build
from gateway.reasons import REASONS
from gateway.settings import IdentitySettings, Limits

PAGE = (Path(__file__).parents[3] / "docs" / "identity.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("example", re.findall(r"```yaml\n(.+?)```", PAGE, re.DOTALL))
async def test_every_example_is_a_working_configuration(example: str, tmp_path: Path) -> None:
    """What the page shows can be pasted into `regent.yaml`."""
    settings = IdentitySettings.model_validate(yaml.safe_load(example)["identity"])
    await build(settings, tmp_path, Limits()).close()


def test_the_codes_are_all_of_them() -> None:
    """The page's table has every code of this room, with its status."""
    told = dict(re.findall(r"^\| `(identity\.\w+)` \| (\d+) \|", PAGE, re.MULTILINE))
    known = {code: str(reason.status) for code, reason in REASONS.items() if code.startswith("identity.")}
    assert known == told


def test_the_defaults_are_the_settings() -> None:
    """The page's defaults for all issuers are those of the code."""
    told = dict(re.findall(r"^\| `(\w+_s|cache_entries)` \| (\d+) \|", PAGE, re.MULTILINE))
    settings = IdentitySettings()
    assert {name: str(getattr(settings, name)) for name in told} == told
    assert len(told) == 4
