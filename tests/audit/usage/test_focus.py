"""Pins that a report in FOCUS's columns is what version 1.2 of that specification asks for."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from audit.usage import focus
from audit.usage.periods import zone
from audit.usage.report import report
from audit.usage.wanted import Wanted, dimensions, only_where
from audit.usage.writing import comma_separated

if TYPE_CHECKING:
    from pathlib import Path

    from tests.audit.usage.conftest import Book

# Feature level "Mandatory" in FOCUS 1.2.
MANDATORY = {
    "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodEnd",
    "BillingPeriodStart", "ChargeCategory", "ChargeClass", "ChargeDescription", "ChargePeriodEnd",
    "ChargePeriodStart", "ContractedCost", "EffectiveCost", "InvoiceIssuerName", "ListCost",
    "PricingQuantity", "PricingUnit", "ProviderName", "PublisherName", "ServiceCategory", "ServiceName",
    "ServiceSubcategory",
}  # fmt: skip
NEVER_NULL = MANDATORY - {"BillingAccountName", "ChargeClass", "PricingQuantity", "PricingUnit"}
COSTS = ("BilledCost", "ContractedCost", "EffectiveCost", "ListCost")
TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def rows(folder: Path, **more: Any) -> list[dict[str, str]]:
    """The rows, as whoever reads the file has them."""
    out = io.BytesIO()
    with report(folder, focus.charges(Wanted(**more))) as found:
        comma_separated(focus.sheet(found, found.lines(), "regent.example/audit"), out)
    return list(csv.DictReader(io.StringIO(out.getvalue().decode())))


@pytest.fixture
async def charged(filled: Book) -> list[dict[str, str]]:
    """The rows of the filled log, and of something that expired."""
    await filled.expire(["team:hr"], tokens=512, cost_micro=900)
    return rows(filled.folder)


def test_every_mandatory_column_is_there_and_ours_stand_last() -> None:
    """In Pascal case, and `x_` before what FOCUS doesn't know."""
    names = [column.name for column in focus.COLUMNS]
    theirs = [name for name in names if not name.startswith("x_")]
    assert set(theirs) >= MANDATORY
    assert names == sorted(theirs) + sorted(name for name in names if name.startswith("x_"))
    assert all(re.fullmatch(r"(x_)?([A-Z][a-z]+)+", name) and len(name) <= 50 for name in names)


def test_what_must_not_be_absent_is_not(charged: list[dict[str, str]]) -> None:
    """And nothing stands for what is absent."""
    assert charged
    for row in charged:
        assert not {name for name in NEVER_NULL if not row[name]}
        assert not {"None", "null", "N/A", "Not Applicable"} & set(row.values())


def test_values_have_their_formats(charged: list[dict[str, str]]) -> None:
    """Times in UTC, plain decimal numbers, the words that are allowed, units in the plural."""
    for row in charged:
        assert all(TIME.fullmatch(row[name]) for name in row if name.endswith(("PeriodStart", "PeriodEnd")))
        assert all(NUMBER.fullmatch(row[name]) for name in COSTS)
        assert row["BillingCurrency"] == "USD"
        assert row["ChargeCategory"] in {"Usage", "Adjustment"}
        assert row["ChargeClass"] == ""
        assert row["ChargeFrequency"] == "Usage-Based"
        assert (row["ServiceCategory"], row["ServiceSubcategory"]) == (
            "AI and Machine Learning",
            "Generative AI",
        )
        assert bool(row["ResourceId"]) == bool(row["ResourceType"]) == bool(row["ResourceName"])
        assert bool(row["RegionId"]) == bool(row["RegionName"])
        if row["ChargeCategory"] == "Usage":
            assert row["ConsumedUnit"] == row["PricingUnit"] == "Tokens"
            assert int(row["ConsumedQuantity"]) == int(row["PricingQuantity"]) > 0
        else:
            assert not any(row[name] for name in ("ConsumedUnit", "ConsumedQuantity", "PricingUnit"))


def test_costs_and_tokens_are_those_of_the_log(filled: Book) -> None:
    """All rows together: the same millionths, the same tokens, each request once."""
    with report(filled.folder, Wanted()) as found:
        total = found.total
    charged = rows(filled.folder)
    for name in COSTS:
        assert sum(Decimal(row[name]) for row in charged) == Decimal(total.cost_micro) / 1_000_000
    assert sum(int(row["ConsumedQuantity"]) for row in charged) == total.tokens_in + total.tokens_out
    for name, whole in {
        "x_InputTokens": total.tokens_in, "x_OutputTokens": total.tokens_out, "x_CachedTokens": total.cached,
        "x_ReasoningTokens": total.reasoning, "x_Requests": total.requests,
        "x_AbortedRequests": total.aborted, "x_UnpricedRequests": total.unpriced,
        "x_EstimatedRequests": total.estimated,
    }.items():  # fmt: skip
        assert sum(int(row[name]) for row in charged) == whole


def test_whose_charge_it_is(filled: Book) -> None:
    """The organization is billed, the team is its sub account, the cost centre a tag of the house."""
    row = next(row for row in rows(filled.folder) if row["x_CostCenter"] == "cc-1")
    assert (row["BillingAccountId"], row["SubAccountId"], row["ProviderName"]) == ("acme", "hr", "azure")
    assert (row["ServiceName"], row["x_ServedModel"], row["x_PriceList"]) == (
        "gpt-4o",
        "gpt-4o-2026",
        "list-1",
    )
    assert (row["ResourceId"], row["RegionId"]) == ("azure-eu", "westeurope")
    assert json.loads(row["Tags"]) == {"batch": True, "search": True, "regent/cost_center": "cc-1"}
    assert row["BilledCost"] == "0.001000"
    assert row["ChargeDescription"] == "gpt-4o served by azure-eu"


def test_what_has_no_price_is_told_apart_from_what_costs_nothing(filled: Book) -> None:
    """Zero is what FOCUS makes us write; the row says that nobody knows."""
    free, unknown = sorted(
        (row for row in rows(filled.folder) if Decimal(row["BilledCost"]) == 0),
        key=lambda row: row["ServiceName"],
    )
    assert (free["ResourceId"], free["x_UnpricedRequests"]) == ("onprem", "0")
    assert (unknown["ServiceName"], unknown["x_UnpricedRequests"]) == ("llama", "1")
    assert unknown["ChargeDescription"].endswith("no price is known")


def test_what_expired_is_an_adjustment(charged: list[dict[str, str]]) -> None:
    """A sum without a quantity, billed to the house: its calls are not known."""
    (row,) = [row for row in charged if row["ChargeCategory"] == "Adjustment"]
    assert (row["BilledCost"], row["BillingAccountId"]) == ("0.000900", "regent.example/audit")


@pytest.mark.parametrize("period", ["day", "month", "all"])
def test_a_charge_lies_in_its_billing_period(filled: Book, period: str) -> None:
    """Which is a month of the chosen time zone; a charge is never longer."""
    for row in rows(filled.folder, period=period, where=zone("Europe/Berlin")):
        assert row["BillingPeriodStart"] <= row["ChargePeriodStart"] < row["ChargePeriodEnd"]
        assert row["ChargePeriodEnd"] <= row["BillingPeriodEnd"]
        took = datetime.fromisoformat(row["ChargePeriodEnd"]) - datetime.fromisoformat(
            row["ChargePeriodStart"]
        )
        assert took > timedelta(days=2) if period == "month" else took <= timedelta(hours=25)
    assert (
        rows(filled.folder, where=zone("Europe/Berlin"))[-1]["BillingPeriodStart"] == "2026-10-31T23:00:00Z"
    )


async def test_users_and_requests_are_there_if_they_are_asked_for(filled: Book) -> None:
    """By pseudonym; else nobody can be told from the rows."""
    assert not any(row["x_User"] or row["x_Request"] for row in rows(filled.folder))
    by = dimensions("request,user,team")
    bob = only_where("user", await filled.log.sref("bob@acme"))
    found = rows(filled.folder, by=by, only=(bob,))
    assert {(row["x_User"], row["x_Request"]) for row in found} == {(bob[1], "req-bob@acme")}


async def test_what_used_nothing_is_no_charge(book: Book) -> None:
    """A quantity of nothing would be none; a price without tokens is by the request."""
    made = await book.begin(op="models.list")
    await book.end(made.id, usage_in=0, usage_out=0, cost_micro=None, deployment=None)
    assert rows(book.folder) == []
    made = await book.begin()
    await book.end(made.id, usage_in=0, usage_out=0, cost_micro=5)
    (row,) = rows(book.folder)
    assert (row["ConsumedQuantity"], row["ConsumedUnit"], row["BilledCost"]) == ("1", "Requests", "0.000005")
