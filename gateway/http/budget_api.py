"""The routes of budgets, and what the OpenAPI page says of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import Response  # noqa: TC002 - the framework reads the routes' annotations

from gateway import budgets
from gateway.accounts import PERIODS
from gateway.http.delegated import Delegated
from gateway.http.openapi import SECURED, json_content, query, refusals

if TYPE_CHECKING:
    from fastapi import FastAPI

    from gateway.http.asgi import ASGIApp


@dataclass(frozen=True, slots=True)
class BudgetSurfaces:
    """The endpoints of budgets.

    Args:
        standing: how one stands.
        correction: changes its present period.
    """

    standing: ASGIApp
    correction: ASGIApp


def add(app: FastAPI, surfaces: BudgetSurfaces) -> None:
    """Add the routes."""

    @app.get(budgets.STANDING, tags=["budgets"], **_STANDING)
    async def show_budget() -> Response:
        """How a budget stands in its present period, for who may know."""
        return Delegated(surfaces.standing)

    @app.post(budgets.CORRECTIONS, tags=["budgets"], **_CORRECTION)
    async def correct_budget() -> Response:
        """Reset a budget's present period, add to it, or carry over what the one before left."""
        return Delegated(surfaces.correction)


_MONEY = {"type": "integer", "description": "millionths of a US dollar"}
_ANSWER: dict[str, Any] = {
    "type": "object",
    "required": ["object", "key", "usd_micros", "spent_usd_micros", "reserved_usd_micros", "resets_at"],
    "properties": {
        "object": {"type": "string", "enum": ["budget.standing"]},
        "key": {"type": "string"},
        "usd_micros": _MONEY,
        "added_usd_micros": _MONEY,
        "spent_usd_micros": _MONEY,
        "reserved_usd_micros": _MONEY,
        "remaining_usd_micros": _MONEY,
        "resets_at": {"type": "string", "format": "date-time"},
    },
}
_ANSWERED: dict[int | str, Any] = {
    200: {"description": "How it stands then", "content": json_content(_ANSWER)}
}
_STANDING: dict[str, Any] = {
    "responses": {**_ANSWERED, **refusals(400, 401, 403, 404, 503)},
    "openapi_extra": {
        **SECURED,
        "parameters": [
            query("key", "whose budget, as the policy spells it: `hr/team:hr`"),
            query("row", "or the row of `budgets`, with `issuer` and `user`"),
            query(
                "issuer",
                "the `iss` of the user's tokens; the development identity's is `https://development.regent.invalid`",
            ),
            query("user", "the user's full id"),
            query("sum_usd_micros", "the budget's sum", type="integer", required=True),
            query("period", "of a budget of the calendar", enum=list(PERIODS)),
            query("time_zone", "in which its periods begin", default="UTC"),
            query("window_s", "of a rolling budget: its length in seconds", type="integer"),
        ],
    },
}
_CORRECTION: dict[str, Any] = {
    "responses": {**_ANSWERED, **refusals(400, 401, 403, 404, 413, 415, 503)},
    "openapi_extra": {
        **SECURED,
        "requestBody": {"required": True, "content": json_content(budgets.Wish.model_json_schema())},
    },
}
