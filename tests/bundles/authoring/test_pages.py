"""`regent policy docs`: pages say what rules and schema say, and those in the tree are up to date."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bundles.authoring import data_pages, described, pages, tables
from bundles.authoring import sources as reading

ROOT = Path(__file__).parents[3]
POLICIES = ROOT / "policies"
SCHEMA = json.loads((POLICIES / "schemas" / "regent.json").read_bytes())


@pytest.fixture(scope="module")
def sources(opa: Path) -> reading.Sources:
    """The shipped sources."""
    return reading.read(POLICIES, opa)


def test_the_pages_of_the_rules_are_up_to_date(sources: reading.Sources) -> None:
    """`docs/rules` is what `regent policy docs --output docs/rules` writes: none differs or is left over."""
    written = pages.pages(described.rules(sources), described.of_the_frame(sources), SCHEMA)
    there = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "rules").glob("*.md")}

    assert {name for name in {*written, *there} if written.get(name) != there.get(name)} == set()


def test_the_reference_of_the_data_is_up_to_date() -> None:
    """`docs/policy-data.md` is what `regent policy docs --data docs/policy-data.md` writes."""
    files = [(file.name, file.at) for file in tables.read(POLICIES)]

    assert data_pages.page(SCHEMA, files) == (ROOT / "docs" / "policy-data.md").read_text(encoding="utf-8")


def test_every_reason_is_on_a_page(sources: reading.Sources) -> None:
    """A reason that a user meets can be looked up."""
    rules = described.rules(sources)
    written = "\n".join(pages.pages(rules, described.of_the_frame(sources), SCHEMA).values())
    reasons = {reason.id for rule in rules for reason in rule.reasons} | {"policy.incomplete"}

    assert {reason for reason in reasons if f"`{reason}`" not in written} == set()


def test_every_place_of_the_data_is_described() -> None:
    """No field of the schema is left out of the reference."""
    page = data_pages.page(SCHEMA, [])

    def names(part: object) -> set[str]:
        if not isinstance(part, dict):
            return set()
        below = [*part.get("properties", {}).values(), part.get("additionalProperties"), part.get("items")]
        return set(part.get("properties", {})).union(*map(names, below))

    assert {name for name in names(SCHEMA) if not re.search(rf"[`.]{name}`", page)} == set()


def test_every_link_leads_somewhere(sources: reading.Sources) -> None:
    """The index links pages that are written."""
    written = pages.pages(described.rules(sources), [], SCHEMA)

    assert set(re.findall(r"\]\(([^)]+)\)", written[pages.INDEX])) == written.keys() - {pages.INDEX}


def test_a_rules_page(small: Path, opa: Path) -> None:
    """A page says what the rule is, how it refuses, which data it reads, and its tests."""
    rules = described.rules(reading.read(small, opa))
    schema = json.loads((small / "schemas" / "regent.json").read_bytes())

    page = pages.page(next(rule for rule in rules if rule.place.name == "known_model"), schema)

    assert "# The model is known\n\nRefuses a model that the house does not list.\n" in page
    assert (
        "| `model.unknown` | This model is not known here. | The model is not listed under regent.known. |"
        in page
    )
    assert "### `regent.known`\n\nModels that may be used.\n" in page
    assert "- denies: “a list”, “nothing”" in page
