"""`/v1/usage`: what was used and what it cost, for who may know; and each caller's own at `/v1/usage/own`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from audit.errors import AuditError
from gateway.answers import JSON, naming
from gateway.conclusion import Conclusion
from gateway.errors import Refused
from gateway.evidence import accesses, spending
from gateway.evidence.accesses import evidence, shown
from gateway.evidence.decisions import KEPT_BY_NOBODY
from gateway.permission import permit
from gateway.types import Answer, Trail

if TYPE_CHECKING:
    from audit.usage.answering import Page
    from gateway.answers import Headers
    from gateway.conclusion import Deliver
    from gateway.evidence.spending import Question
    from gateway.ports import Ports
    from gateway.types import RawRequest

NOBODY: Final = "nobody"
"""A pseudonym that nobody has: who isn't known has used nothing, which isn't what everybody has."""
_CSV: Final[Headers] = ((b"content-type", b"text/csv; charset=utf-8"),)
_PARQUET: Final[Headers] = ((b"content-type", b"application/vnd.apache.parquet"),)
_TYPES: Final = {"json": JSON, "csv": _CSV, "focus": _CSV, "parquet": _PARQUET, "focus-parquet": _PARQUET}


async def serve(raw: RawRequest, house: Ports, deliver: Deliver) -> None:
    """Show a page of the report that the caller asks for."""
    trail = Trail(raw)
    async with Conclusion(trail, house, deliver):
        await permit(trail, house)
        question = spending.question(raw.parameters)
        sref = None
        if question.subject is not None:
            try:
                sref = await evidence(house).desk.sref(question.subject)
            except AuditError as error:
                raise _refusal(error) from error
        await _answer(trail, house, deliver, question, sref)


async def serve_own(raw: RawRequest, house: Ports, deliver: Deliver) -> None:
    """Show a page of a report of what the caller alone has used, whatever they ask for."""
    trail = Trail(raw)
    async with Conclusion(trail, house, deliver):
        await permit(trail, house)
        question = spending.question(raw.parameters, own=True)
        assert trail.principal is not None  # noqa: S101 - `permit` has seen to it; tells the type checker
        question = question.about(trail.principal.id)
        await _answer(trail, house, deliver, question, await _own(trail, house))


async def _own(trail: Trail, house: Ports) -> str:
    """The caller's pseudonym, as their calls have it."""
    assert trail.principal is not None  # noqa: S101 - as above
    try:
        return await house.log.sref(trail.principal.id)
    except AuditError as error:
        raise _refusal(error) from error


async def _answer(trail: Trail, house: Ports, deliver: Deliver, question: Question, sref: str | None) -> None:
    try:
        page = await evidence(house).desk.usage(question.asked(sref or NOBODY))
    except AuditError as error:
        raise _refusal(error) from error
    await shown(trail, house, question.noted(sref, found=page.lines > 0), page.lines)
    revision = trail.decision.origin.revision if trail.decision else None
    names = naming(trail.raw.request_id, trail.raw.decision_id, revision, trail.delivery.receipt)
    trail.delivery.status = 200
    await deliver(Answer(200, (*_TYPES[question.form], *KEPT_BY_NOBODY, *names, *_next(page)), page.body))


def _next(page: Page) -> Headers:
    return ((b"x-regent-cursor", page.end.text().encode()),) if page.end else ()


def _refusal(error: AuditError) -> Refused:
    if error.code == "parquet.unavailable":
        return Refused("input.invalid", "This gateway can't write Parquet; ask for `csv`.", param="format")
    if error.code == "usage.too_large":
        return Refused("usage.too_large")
    return accesses.refusal(error)
