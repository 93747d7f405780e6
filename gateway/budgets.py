"""The administrators' door to budgets: how one stands, and its reset, top-up and carry-over.

Whoever may is decided by policy (`budget.read`, `budget.correct`); a change is on record before it is made.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from audit import record as records
from audit.instants import instant_text
from gateway.accounts import Correction, Period, Purse, recorded
from gateway.answers import JSON, naming
from gateway.conclusion import Conclusion
from gateway.errors import LedgerError, Refused
from gateway.evidence import accesses, asking
from gateway.ledger.periods import is_zone
from gateway.permission import permit
from gateway.steps.receive import read_object
from gateway.steps.record import ALLOWED, deciding, insisting
from gateway.types import Answer, Trail
from rego.output import to_text

if TYPE_CHECKING:
    from gateway.accounts import Standing
    from gateway.conclusion import Deliver
    from gateway.ports import Counting, Ports
    from gateway.types import RawRequest

CORRECTIONS: Final = "/v1/budgets/corrections"
STANDING: Final = "/v1/budgets/standing"
_Said = TypeVar("_Said", bound="Account")
_SECOND_US: Final = 1_000_000
_MOST: Final = 2**53 - 1
_LONGEST_S: Final = 366 * 86_400
_UNKNOWN: Final = "Nothing is counted under this key in this period or the one before."
_UNFIT: Final = (
    "With what was added before, the budget's sum would be below 0 or above 2^53 - 1. Nothing was changed: "
    "is `sum_usd_micros` what the budget's row says?"
)


class Account(BaseModel):
    """Whose budget: a key as the policy spells it, or a row of `budgets` and the user that it is about.

    Args:
        sum_usd_micros: of the budget, as its row says it; without what was added since.
        period, time_zone: of a budget of the calendar, likewise.
        window_s: of a rolling one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    row: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")] | None = None
    issuer: Annotated[str, Field(min_length=1, max_length=512)] | None = None
    user: Annotated[str, Field(min_length=1, max_length=512)] | None = None
    sum_usd_micros: Annotated[int, Field(ge=1, le=_MOST)]
    period: Period | None = None
    time_zone: Annotated[str, Field(min_length=1, max_length=64)] = "UTC"
    window_s: Annotated[int, Field(ge=1, le=_LONGEST_S)] | None = None

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        person = (self.row, self.issuer, self.user)
        if (self.key is None) == any(each is None for each in person) or (self.key and any(person)):
            raise ValueError("say `key`, or all of `row`, `issuer` and `user`")
        if (self.period is None) == (self.window_s is None):
            raise ValueError("say `period` or `window_s`, as the budget has it")
        if not is_zone(self.time_zone):
            raise ValueError("there is no such time zone here")
        return self

    def purse(self) -> Purse:
        """The purse that is meant."""
        key = self.key
        if key is None:  # spelt by `facts.accounts` in policies/
            digest = sha256(str(to_text((self.issuer, self.user))).encode()).hexdigest()
            key = f"{self.row}/user#{digest}"
        window_us = None if self.window_s is None else self.window_s * _SECOND_US
        return Purse(key, self.sum_usd_micros, self.period, window_us, self.time_zone)


class Wish(Account):
    """What is to be done to a budget's present period.

    Args:
        create: whether it may be a budget under which nothing is counted yet.
    """

    kind: Literal["reset", "top_up", "carry_over"]
    create: bool = False
    usd_micros: Annotated[int, Field(ge=-_MOST, le=_MOST)] = 0

    @model_validator(mode="after")
    def _says_how_much(self) -> Self:
        if self.kind == "top_up" and not self.usd_micros:
            raise ValueError("a top-up says in `usd_micros` how much is added, and that isn't 0")
        if self.kind != "top_up" and self.usd_micros:
            raise ValueError("`usd_micros` is said of a top-up, and of nothing else")
        if self.kind == "carry_over" and self.period is None:
            raise ValueError("a rolling budget has no period before it")
        return self


async def show(raw: RawRequest, house: Ports, deliver: Deliver) -> None:
    """Show how a budget stands."""
    trail = Trail(raw)
    async with Conclusion(trail, house, deliver):
        await permit(trail, house)
        given = asking.fields(raw.parameters, tuple(Account.model_fields), bounds={"key": 256, "issuer": 512})
        account = _read(Account, {name: values[0] for name, values in given.items()}, strict=False)
        purse = account.purse()
        try:
            standing = await _counting(house).ledger.standing(purse)
        except LedgerError as error:
            raise _refusal(error, _UNKNOWN) from error
        await accesses.shown(trail, house, {"key": recorded(purse.key)}, 1)
        await _answer(trail, deliver, purse, standing)


async def correct(raw: RawRequest, house: Ports, deliver: Deliver) -> None:
    """Change a budget's present period, once it is on record that somebody does."""
    trail = Trail(raw)
    async with Conclusion(trail, house, deliver):
        await permit(trail, house)
        payload, said = await read_object(raw, house.limits)
        _insist_on_one(payload)
        wish = _read(Wish, said, strict=True)
        purse, ledger = wish.purse(), _counting(house).ledger
        with insisting(trail, house):
            record = await _begun(trail, house, wish, purse)
            trail.shown = True
            trail.delivery.receipt = house.log.certify(await house.log.append(record))
        try:
            change = Correction(wish.kind, wish.usd_micros, known=not wish.create)
            standing = await ledger.correct(purse, change)
        except LedgerError as error:
            house.log.append_soon(_failed(wish, purse, record))
            raise _refusal(error, f"{_UNKNOWN[:-1]}; `create` makes it an account.") from error
        trail.reason = ALLOWED
        await _answer(trail, deliver, purse, standing)


def _counting(house: Ports) -> Counting:
    if house.counting is None:
        raise Refused("ledger.unavailable")
    return house.counting


def _refusal(error: LedgerError, unknown: str) -> Refused:
    if error.code == "budget.unknown_account":
        return Refused(error.code, unknown, param="key")
    if error.code == "budget.correction_unfit":
        return Refused(error.code, _UNFIT, param="usd_micros")
    return Refused(error.code)


def _insist_on_one(payload: bytes) -> None:
    """Refuse a field that is said twice: readers differ in which one counts, and one is who approved it."""
    try:
        json.loads(payload, object_pairs_hook=_pairs, parse_int=str, parse_float=str)
    except _Twice as error:
        name = str(error)
        param = name if name in Wish.model_fields else None
        raise Refused("input.invalid", "A field is said twice.", param=param) from None


class _Twice(Exception):
    """A name of an object that stands there twice."""


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise _Twice(name)
        found[name] = value
    return found


def _read(kind: type[_Said], said: Any, *, strict: bool) -> _Said:
    """Read what was said; strictly where numbers can be told from text: `true` isn't a micro-dollar."""
    try:
        return kind.model_validate(said, strict=strict)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        param = ".".join(str(part) for part in first["loc"]) or None
        raise Refused("input.invalid", str(first["msg"]).removeprefix("Value error, "), param=param) from None


async def _begun(trail: Trail, house: Ports, wish: Wish, purse: Purse) -> records.Record:
    principal, decision, raw = trail.principal, trail.decision, trail.raw
    assert principal is not None  # noqa: S101 - `permit` has seen to both; tells the type checker
    assert decision is not None  # noqa: S101 - as above
    return records.ledger_correct(
        stage="begun",
        kind=wish.kind,
        account=_account(purse),
        usd_micros=wish.usd_micros,
        actor={"kind": principal.type, "auth": principal.method},
        sref=await house.log.sref(principal.id),
        tenant=principal.organization,
        request_id=raw.request_id,
        policy=deciding(trail, decision.origin, "allow"),
        record_id=raw.decision_id,
    )


def _failed(wish: Wish, purse: Purse, begun: records.Record) -> records.Record:
    return records.ledger_correct(
        stage="failed",
        kind=wish.kind,
        account=_account(purse),
        usd_micros=wish.usd_micros,
        actor=dict(begun.body["actor"]),
        ref=begun.id,
    )


def _account(purse: Purse) -> dict[str, Any]:
    if purse.period is None:
        return {"key": recorded(purse.key), "window_s": (purse.window_us or 0) // _SECOND_US}
    return {"key": recorded(purse.key), "period": purse.period, "time_zone": purse.time_zone}


async def _answer(trail: Trail, deliver: Deliver, purse: Purse, standing: Standing) -> None:
    raw, revision = trail.raw, trail.decision.origin.revision if trail.decision else None
    names = naming(raw.request_id, raw.decision_id, revision, trail.delivery.receipt)
    trail.delivery.status = 200
    body = {
        "object": "budget.standing",
        **_account(purse),
        "key": purse.key,
        "usd_micros": standing.most,
        "added_usd_micros": standing.most - purse.usd_micros,
        "spent_usd_micros": standing.used,
        "reserved_usd_micros": standing.reserved,
        "remaining_usd_micros": standing.remaining,
        "resets_at": instant_text(standing.resets_at_us),
    }
    await deliver(Answer(200, (*JSON, *names), orjson.dumps(body)))
