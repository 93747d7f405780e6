"""`/v1/audit/records` and `/v1/audit/proofs`: one record with its exact bytes, and its proof."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Final

import orjson

from audit.errors import AuditError
from audit.tlog.tree import leaf_hash
from gateway.answers import JSON, naming, refused
from gateway.conclusion import Conclusion
from gateway.errors import Refused
from gateway.evidence import asking
from gateway.evidence.accesses import evidence, refusal, shown
from gateway.evidence.decisions import KEPT_BY_NOBODY
from gateway.permission import permit
from gateway.types import Answer, Trail

if TYPE_CHECKING:
    from audit.reading.exact import Exact
    from gateway.answers import Headers
    from gateway.conclusion import Deliver
    from gateway.ports import Ports
    from gateway.types import RawRequest

_ID: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_PROOF: Final = ((b"content-type", b"text/plain; charset=utf-8"),)


async def serve(raw: RawRequest, house: Ports, deliver: Deliver) -> None:
    """Show the record that the path names, by its id or its index in the merged log."""
    trail = Trail(raw)
    async with Conclusion(trail, house, deliver):
        await permit(trail, house)
        name = _name(raw)
        found = await _find(house, name)
        answer = (JSON, _document(found)) if found else Refused("audit.unknown", param="id")
        await _conclude(trail, house, deliver, name, answer)


async def prove(raw: RawRequest, house: Ports, deliver: Deliver) -> None:
    """Give the proof that the record is in the log, under the published checkpoint."""
    trail = Trail(raw)
    async with Conclusion(trail, house, deliver):
        await permit(trail, house)
        name = _name(raw)
        await _conclude(trail, house, deliver, name, await _proof(house, name))


async def _proof(house: Ports, name: str | int) -> tuple[Headers, bytes] | Refused:
    index: int | None
    if isinstance(name, int):
        index = name
    else:
        found = await _find(house, name)
        if found is None:
            return Refused("audit.unknown", param="id")
        index = found.log_index
    try:
        proof = None if index is None else await evidence(house).desk.inclusion(index)
    except AuditError as error:
        raise refusal(error) from error
    return (_PROOF, proof) if proof else Refused("audit.unmerged", param="id")


async def _find(house: Ports, name: str | int) -> Exact | None:
    try:
        return await evidence(house).desk.record(name)
    except AuditError as error:
        raise refusal(error) from error


def _name(raw: RawRequest) -> str | int:
    """What the path names: an id of 32 hex digits, or an index.

    Raises:
        Refused: `input.invalid`.
    """
    asking.nothing(raw.parameters)
    if _ID.fullmatch(raw.subpath):
        return raw.subpath
    index = asking.number(raw.subpath)
    if index is None:
        raise Refused(
            "input.invalid", "A record is named by 32 hex digits, or by its index in the log.", param="id"
        )
    return index


async def _conclude(
    trail: Trail, house: Ports, deliver: Deliver, name: str | int, found: tuple[Headers, bytes] | Refused
) -> None:
    """Record the access, then answer; that there is nothing is an answer, too."""
    raw = trail.raw
    missing = isinstance(found, Refused)
    # An id that the log doesn't have is a word that the caller made up.
    filters = {"index": name} if isinstance(name, int) else {"id": None if missing else name}
    await shown(trail, house, filters, 0 if missing else 1)
    revision = trail.decision.origin.revision if trail.decision else None
    names = (*KEPT_BY_NOBODY, *naming(raw.request_id, raw.decision_id, revision, trail.delivery.receipt))
    if isinstance(found, Refused):
        answer = refused(found, names, raw.decision_id)
    else:
        headers, body = found
        answer = Answer(200, (*headers, *names), body)
    trail.delivery.status = answer.status
    await deliver(answer)


def _document(found: Exact) -> bytes:
    return orjson.dumps(
        {
            "log_index": found.log_index,
            "leaf": base64.b64encode(leaf_hash(found.body)).decode(),
            "bytes": base64.b64encode(found.body).decode(),
            "record": orjson.Fragment(found.body),
        }
    )
