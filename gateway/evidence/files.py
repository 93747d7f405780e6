"""`/v1/audit/log/...`, the log's files for verifiers, and `/v1/audit/consistency`; many reads, few records.

Each request is decided. What a reader asks for is counted, found or not: a reader who is told 404 all day
writes no more records than one who reads. `n` of a record says how often was asked, whatever came of it.
"""

from __future__ import annotations

import base64
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

import orjson

from audit.errors import AuditError
from gateway.answers import JSON, naming, refused
from gateway.conclusion import Conclusion
from gateway.errors import Refused
from gateway.evidence import asking
from gateway.evidence.accesses import counted, evidence, refusal
from gateway.permission import permit
from gateway.types import Answer, Trail

if TYPE_CHECKING:
    from audit.reading.proving import Consistency
    from audit.reading.published import Published
    from gateway.answers import Headers
    from gateway.conclusion import Deliver
    from gateway.ports import Ports
    from gateway.types import RawRequest

    Found = tuple[Headers, bytes] | Refused

_TEXT: Final = (b"content-type", b"text/plain; charset=utf-8")
_BYTES: Final = (b"content-type", b"application/octet-stream")
# Private: a cache that others share would hand out what is only for who may read it.
_LASTING: Final = (b"cache-control", b"private, max-age=31536000, immutable")
_FLEETING: Final = (b"cache-control", b"private, no-cache")


async def serve(raw: RawRequest, house: Ports, deliver: Deliver) -> None:
    """Hand a file of the log over, or say that there is none of this name."""
    trail = Trail(raw)
    found: Found
    async with Conclusion(trail, house, deliver):
        await permit(trail, house)
        desk = evidence(house).desk
        with ExitStack() as held:
            try:
                held.enter_context(desk.place())
                file = await desk.file(raw.subpath) if not raw.parameters else None
                found = _file(file) if file else Refused("route.unknown")
            except AuditError as error:
                found = refusal(error)
            await _conclude(trail, house, deliver, found)


async def compare(raw: RawRequest, house: Ports, deliver: Deliver) -> None:
    """Prove that one size of the log is the beginning of another."""
    trail = Trail(raw)
    found: Found
    async with Conclusion(trail, house, deliver):
        await permit(trail, house)
        try:
            old, new = asking.sizes(raw.parameters)
            proof = await evidence(house).desk.consistency(old, new)
            found = ((*JSON, _FLEETING), _proof(proof)) if proof else _no_such_sizes()
        except AuditError as error:
            found = refusal(error)
        except Refused as error:
            found = error
        await _conclude(trail, house, deliver, found)


async def _conclude(trail: Trail, house: Ports, deliver: Deliver, found: Found) -> None:
    """Count the access, then answer."""
    record_id = await counted(trail, house)
    revision = trail.decision.origin.revision if trail.decision else None
    names = naming(trail.raw.request_id, record_id, revision, trail.delivery.receipt)
    if isinstance(found, Refused):
        answer = refused(found, names, record_id)
    else:
        headers, body = found
        answer = Answer(200, (*headers, *names), body)
    trail.delivery.status = answer.status
    await deliver(answer)


def _file(found: Published) -> tuple[Headers, bytes]:
    headers = (_TEXT if found.text else _BYTES, _LASTING if found.lasting else _FLEETING)
    return headers, found.data


def _no_such_sizes() -> Refused:
    return Refused(
        "input.invalid",
        "`from` is at most `to`, and `to` at most the size of the published checkpoint.",
        param="to",
    )


def _proof(found: Consistency) -> bytes:
    def text(data: bytes) -> str:
        return base64.b64encode(data).decode()

    return orjson.dumps(
        {
            "from": {"size": found.old_size, "root": text(found.old_root)},
            "to": {"size": found.new_size, "root": text(found.new_root)},
            "hashes": [text(each) for each in found.hashes],
        }
    )
