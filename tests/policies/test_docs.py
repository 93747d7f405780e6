"""The pages for authors name every rule, reason, table of the data and field of the contract."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bundles import bundle, default_path

DOCS = Path(__file__).parents[2] / "docs"


def test_every_rule_and_reason_is_described() -> None:
    """A reason that a user meets can be looked up."""
    page = (DOCS / "policies.md").read_text()
    rules = bundle.read(default_path()).manifest["metadata"]["rules"]
    named = {rule["id"] for rule in rules} | {reason for rule in rules for reason in rule["reasons"]}
    assert {name for name in named if f"`{name}`" not in page} == set()


def test_every_table_of_the_data_is_described(schemas: Mapping[str, dict[str, Any]]) -> None:
    """Whoever edits the data finds each of its tables explained."""
    page = (DOCS / "policies.md").read_text()
    assert {name for name in schemas["regent"]["properties"] if f"| `{name}` |" not in page} == set()


def test_every_field_of_the_contract_is_described(schemas: Mapping[str, dict[str, Any]]) -> None:
    """The contract's page leaves no field of the question or the decision out."""
    page = (DOCS / "decision-contract.md").read_text()
    fields = {name for schema in ("input", "decision") for name in _names(schemas[schema])}
    assert {name for name in fields if f"`{name}`" not in page and f".{name}`" not in page} == set()


def _names(schema: Any) -> set[str]:
    """Names of the leaves: objects are described by what they hold."""
    if isinstance(schema, list):
        return {name for below in schema for name in _names(below)}
    if not isinstance(schema, dict):
        return set()
    found = {
        name
        for name, below in schema.get("properties", {}).items()
        if isinstance(below, dict) and "type" in below and not below.get("properties")
    }
    below = (schema.get(key) for key in ("properties", "items", "oneOf", "anyOf"))
    return found.union(
        *(_names(list(b.values()) if isinstance(b, dict) and "type" not in b else b) for b in below)
    )
