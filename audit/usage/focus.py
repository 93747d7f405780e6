"""A report in the columns of FOCUS 1.2, for programs that reckon with the bills of clouds.

FOCUS is the FinOps Open Cost and Usage Specification (https://focus.finops.org, version 1.2 of May 2025): its
mandatory columns and those conditional ones that have a meaning here; what is Regent's own is named `x_...`
and stands behind them. A row is what one team used of one model at one deployment in one day, or month.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Final, NamedTuple

import orjson

from audit.usage.periods import month_of
from audit.usage.report import Line, Report
from audit.usage.sheet import Cell, Column, Sheet, moment
from audit.usage.wanted import DIMENSIONS, TAG_SET, UNPRICED, Dimension, Wanted

VERSION: Final = "1.2"
CURRENCY: Final = "USD"
MINE: Final = "Regent"
COST_CENTER_TAG: Final = "regent/cost_center"
"""Tags that no user made have a prefix of who made them (FOCUS, "Tags"); this is Regent's."""
ALSO: Final = ("user", "request")
"""Dimensions that may be asked for beside those that the columns need."""

COLUMNS: Final = (
    Column("BilledCost", "money"),
    Column("BillingAccountId", "text"),
    Column("BillingAccountName", "text"),
    Column("BillingCurrency", "text"),
    Column("BillingPeriodEnd", "time"),
    Column("BillingPeriodStart", "time"),
    Column("ChargeCategory", "text"),
    Column("ChargeClass", "text"),
    Column("ChargeDescription", "text"),
    Column("ChargeFrequency", "text"),
    Column("ChargePeriodEnd", "time"),
    Column("ChargePeriodStart", "time"),
    Column("ConsumedQuantity", "count"),
    Column("ConsumedUnit", "text"),
    Column("ContractedCost", "money"),
    Column("EffectiveCost", "money"),
    Column("InvoiceIssuerName", "text"),
    Column("ListCost", "money"),
    Column("PricingQuantity", "count"),
    Column("PricingUnit", "text"),
    Column("ProviderName", "text"),
    Column("PublisherName", "text"),
    Column("RegionId", "text"),
    Column("RegionName", "text"),
    Column("ResourceId", "text"),
    Column("ResourceName", "text"),
    Column("ResourceType", "text"),
    Column("ServiceCategory", "text"),
    Column("ServiceName", "text"),
    Column("ServiceSubcategory", "text"),
    Column("SubAccountId", "text"),
    Column("SubAccountName", "text"),
    Column("Tags", "text"),
    Column("x_AbortedRequests", "count"),
    Column("x_CachedTokens", "count"),
    Column("x_CostCenter", "text"),
    Column("x_EstimatedRequests", "count"),
    Column("x_InputTokens", "count"),
    Column("x_OutputTokens", "count"),
    Column("x_PriceList", "text"),
    Column("x_ReasoningTokens", "count"),
    Column("x_Request", "text"),
    Column("x_Requests", "count"),
    Column("x_ServedModel", "text"),
    Column("x_UnpricedRequests", "count"),
    Column("x_User", "text"),
)

_DIMENSIONS: Final = (
    "organization", "team", "cost_center", "model", "served_model", "deployment", "provider", "region",
    "prices",
)  # fmt: skip


class _Words(NamedTuple):
    """The values of a line, in the order in which it is broken down."""

    organization: str | None
    team: str | None
    cost_center: str | None
    model: str | None
    served_model: str | None
    deployment: str | None
    provider: str | None
    region: str | None
    prices: str | None
    tags: str | None
    unpriced: str | None
    user: str | None = None
    request: str | None = None


def charges(wanted: Wanted) -> Wanted:
    """Return the report that has what the columns need.

    Args:
        wanted: of which the stretch of time, what it is narrowed to, and a breakdown by `ALSO` are kept.
    """
    also: list[Dimension] = [DIMENSIONS[each] for each in ALSO if DIMENSIONS[each] in wanted.by]
    by = (*(DIMENSIONS[each] for each in _DIMENSIONS), TAG_SET, UNPRICED, *also)
    return replace(wanted, by=by, period="month" if wanted.period == "month" else "day")


def sheet(report: Report, lines: Iterable[Line], house: str) -> Sheet:
    """Return lines of a report as FOCUS has them; those that used nothing and cost nothing are no charges.

    Args:
        report: of what `charges` has wanted.
        lines: of it.
        house: name of the log: the billing account of what no organization used.
    """
    return Sheet(COLUMNS, _rows(report, lines, house))


def _rows(report: Report, lines: Iterable[Line], house: str) -> Iterator[tuple[Cell, ...]]:
    asked = {"user": DIMENSIONS["user"], "request": DIMENSIONS["request"]}
    also = [name for name in ALSO if asked[name] in report.wanted.by]
    fixed = len(_DIMENSIONS) + 2
    for line in lines:
        sums = line.sums
        if sums.tokens_in or sums.tokens_out or sums.cost_micro:
            words = _Words(*line.values[:fixed], **dict(zip(also, line.values[fixed:], strict=True)))
            cells = _charge(line, words, house) | _when(report, line)
            yield tuple(cells[each.name] for each in COLUMNS)


def _when(report: Report, line: Line) -> dict[str, Cell]:
    month = month_of(report.wanted.where, line.span)
    return {
        "BillingPeriodStart": moment(month.start_us),
        "BillingPeriodEnd": moment(month.end_us),
        "ChargePeriodStart": moment(line.span.start_us),
        "ChargePeriodEnd": moment(line.span.end_us),
    }


def _charge(line: Line, words: _Words, house: str) -> dict[str, Cell]:
    sums = line.sums
    cost = Decimal(sums.cost_micro).scaleb(-6)
    tokens = sums.tokens_in + sums.tokens_out
    # What was reserved and never settled is nobody's measured usage: a sum, and no quantity.
    quantity, unit = (
        (None, None) if line.expired else (tokens, "Tokens") if tokens else (sums.requests, "Requests")
    )
    provider = words.provider or MINE
    return {
        "BilledCost": cost,
        "BillingAccountId": words.organization or house,
        "BillingAccountName": words.organization,
        "BillingCurrency": CURRENCY,
        "ChargeCategory": "Adjustment" if line.expired else "Usage",
        "ChargeClass": None,
        "ChargeDescription": _described(line, words),
        "ChargeFrequency": "Usage-Based",
        "ConsumedQuantity": quantity,
        "ConsumedUnit": unit,
        "ContractedCost": cost,
        "EffectiveCost": cost,
        "InvoiceIssuerName": MINE,
        "ListCost": cost,
        "PricingQuantity": quantity,
        "PricingUnit": unit,
        "ProviderName": provider,
        "PublisherName": provider,
        "RegionId": words.region,
        "RegionName": words.region,
        "ResourceId": words.deployment,
        "ResourceName": words.deployment,
        "ResourceType": "Deployment" if words.deployment else None,
        "ServiceCategory": "AI and Machine Learning",
        "ServiceName": words.model or "Language models",
        "ServiceSubcategory": "Generative AI",
        "SubAccountId": words.team,
        "SubAccountName": words.team,
        "Tags": _tags(words),
        "x_AbortedRequests": sums.aborted,
        "x_CachedTokens": sums.cached,
        "x_CostCenter": words.cost_center,
        "x_EstimatedRequests": sums.estimated,
        "x_InputTokens": sums.tokens_in,
        "x_OutputTokens": sums.tokens_out,
        "x_PriceList": words.prices,
        "x_ReasoningTokens": sums.reasoning,
        "x_Request": words.request,
        "x_Requests": sums.requests,
        "x_ServedModel": words.served_model,
        "x_UnpricedRequests": sums.unpriced,
        "x_User": words.user,
    }


def _described(line: Line, words: _Words) -> str:
    if line.expired:
        return "Reserved by calls whose end is not known"
    said = f"{words.model or 'Calls'} served by {words.deployment or 'nobody known'}"
    return f"{said}; no price is known" if words.unpriced == "1" else said


def _tags(words: _Words) -> str | None:
    """Tags as a JSON object: one that has no value has `true` (FOCUS, "Tags")."""
    declared: list[str] = orjson.loads(words.tags or "[]")
    found: dict[str, object] = dict.fromkeys(declared, True)
    if words.cost_center is not None:
        found[COST_CENTER_TAG] = words.cost_center
    return orjson.dumps(found, option=orjson.OPT_SORT_KEYS).decode() if found else None
