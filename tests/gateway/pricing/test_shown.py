"""`regent prices` shows every deployment, what it costs and where that comes from."""

from __future__ import annotations

import json
import os
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from rich.console import Console
from typer.testing import CliRunner

from gateway import settings, welcome
from gateway.cli import app
from gateway.pricing import build, shown

if TYPE_CHECKING:
    from pathlib import Path

NOON_US = 1_795_262_400_000_000  # 21 November 2026, 12:00 UTC
PLACE = {"zone": "z", "region": "r"}
DOCUMENT: dict[str, Any] = {
    "identity": {"development": {"enabled": True}},
    "providers": {
        "openai": {
            "adapter": "openai",
            "base_url": "https://api.openai.com/v1",
            "api_key": "env:REGENT_NOT_SET",
        },
        "google": {
            "adapter": "openai",
            "base_url": "https://generativelanguage.googleapis.com/v1beta/openai",
        },
        "rack": {"adapter": "openai", "base_url": "http://10.0.0.5:8000/v1"},
    },
    "deployments": [
        {"id": "cloud-4o", "provider": "openai", "serves": "gpt-4o", **PLACE},
        {"id": "cloud-pro", "provider": "google", "serves": "gemini-2.5-pro", **PLACE},
        {"id": "rack-llama", "provider": "rack", "serves": "llama", "price": {"per_hour": 4.2}, **PLACE},
        {"id": "rack-qwen", "provider": "rack", "serves": "qwen", **PLACE},
        {"id": "rack-free", "provider": "rack", "serves": "x", "price": {"input": 0, "output": 0}, **PLACE},
    ],
}


@pytest.fixture(autouse=True)
def _configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The document above as the settings file of this process."""
    path = tmp_path / "regent.yaml"
    path.write_text(yaml.safe_dump(DOCUMENT), encoding="utf-8")
    monkeypatch.setitem(os.environ, "REGENT_CONFIG", str(path))


def printed(*arguments: str) -> str:
    """What the command prints."""
    result = CliRunner().invoke(app, ["prices", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_programs_get_every_price_as_json() -> None:
    """Decimal text, a row for each size of prompt, and null where there is no price."""
    rows = json.loads(printed("--json"))

    assert [(row["deployment"], row["above"], row["input"], row["output"]) for row in rows] == [
        ("cloud-4o", 0, "2.5", "10"),
        ("cloud-pro", 0, "1.25", "10"),
        ("cloud-pro", 200_000, "2.5", "15"),
        ("rack-llama", 0, "0", "0"),
        ("rack-qwen", 0, None, None),
        ("rack-free", 0, "0", "0"),
    ]
    assert rows[3]["per_hour"] == "4.2"
    assert [row["origin"] and row["origin"].split()[-1] for row in rows] == [
        "openai/gpt-4o",
        "google/gemini-2.5-pro",
        "google/gemini-2.5-pro",
        "settings",
        None,
        "settings",
    ]


def test_people_get_a_table() -> None:
    """With what has no price in words, and no column for what nobody pays."""
    chosen = settings.upstreams()
    console = Console(width=160, file=StringIO())
    book = build(chosen.deployments, chosen.providers)
    console.print(shown.table(shown.rows(chosen.deployments, book, NOON_US)))
    text = console.file.getvalue()  # type: ignore[attr-defined]

    assert all(each.id in text for each in chosen.deployments)
    assert "no price is known" in text
    assert "200,000" in text
    assert "an hour" in text
    assert "a request" not in text


def test_prices_are_shown_without_the_providers_keys() -> None:
    """Who looks them up need not have the keys at hand."""
    assert "REGENT_NOT_SET" not in printed()


def test_the_start_names_what_has_no_price() -> None:
    """An operator learns of it before a budget refuses a call."""
    chosen = settings.upstreams()
    book = build(chosen.deployments, chosen.providers)
    quiet = chosen.model_copy(update={"identity": settings.IdentitySettings()})

    assert "No price is known of rack-qwen: see `regent prices`." in welcome.text(
        quiet, "regent", book.unpriced
    )
    assert "price" not in welcome.text(quiet, "regent", ())


def test_a_price_that_leads_nowhere_is_told_in_a_line(tmp_path: Path) -> None:
    """And nothing else is shown: a table without that deployment would look whole."""
    document = {**DOCUMENT, "deployments": [{**DOCUMENT["deployments"][0], "price": {"model": "gpt-4p"}}]}
    (tmp_path / "regent.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    result = CliRunner().invoke(app, ["prices"])

    assert result.exit_code == 1
    assert result.output == "regent: deployments: cloud-4o: the price list has no openai/gpt-4p\n"
