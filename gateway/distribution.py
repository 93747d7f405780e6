"""Hands the active policy bundle on: OPA's bundle protocol, decided and recorded like any call.

https://www.openpolicyagent.org/docs/management-bundles/#bundle-service-api
Whole bundles only: a delta isn't covered by signatures. Who waits for news is decided about when they come,
so a bundle that takes somebody's right away isn't handed to them any more.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Final, Literal

from gateway.answers import naming
from gateway.conclusion import Conclusion
from gateway.errors import Refused
from gateway.permission import permit
from gateway.steps import record
from gateway.types import Answer, Trail

if TYPE_CHECKING:
    from gateway.conclusion import Deliver
    from gateway.ports import Policies, Ports, Release
    from gateway.types import RawRequest

PATH: Final = "/v1/policy/bundles/regent.tar.gz"
MAX_WAIT_S: Final = 300
"""Seconds that a question is held at most; OPA's configuration can ask for more."""

_WAIT: Final = re.compile(rb"(?:^|[\s,;])wait\s*=\s*\"?([0-9]{1,9})\"?\s*(?:$|[\s,;])")
_ETAGS: Final = re.compile(rb'"([^"]*)"')
# The type by which OPA knows that questions are held here.
_TYPE: Final = ((b"content-type", b"application/vnd.openpolicyagent.bundles"),)


async def serve(raw: RawRequest, house: Ports, deliver: Deliver) -> None:
    """Hand the active bundle on, or say that there is none but the one that the caller has."""
    trail = Trail(raw)
    async with Conclusion(trail, house, deliver):
        release = await permit(trail, house)
        if await _waited(raw, house.policies):
            release = await permit(trail, house)
        if release is None:
            # The engine has its bundle from elsewhere, so there is none to hand on.
            raise Refused("route.unknown")
        await record.opening(trail, house)
        answer = _answer(raw, release, trail.delivery.receipt)
        trail.delivery.status = answer.status
        await deliver(answer)
        record.listed(trail, house.log, house.now_us())


async def _waited(raw: RawRequest, policies: Policies) -> bool:
    """Wait until there is something else than what the caller has, as long as he asks for.

    Returns:
        whether any time has passed.
    """
    wait_s = _wait_s(raw)
    if not wait_s or not _has(raw, policies.release):
        return False
    stopping = asyncio.Event()
    raw.on_stop(stopping.set)
    stopped = asyncio.ensure_future(stopping.wait())
    try:
        async with asyncio.timeout(wait_s):
            while _has(raw, policies.release) and not stopped.done():
                await _first(asyncio.ensure_future(policies.change()), stopped)
    except TimeoutError:
        pass
    finally:
        stopped.cancel()
    return True


async def _first(change: asyncio.Future[None], stopped: asyncio.Future[Literal[True]]) -> None:
    try:
        await asyncio.wait((change, stopped), return_when=asyncio.FIRST_COMPLETED)
    finally:
        change.cancel()


def _wait_s(raw: RawRequest) -> int:
    """Seconds that the caller wants to wait (`Prefer: wait=10`, RFC 7240; OPA writes it behind `modes`)."""
    asked = [int(found) for value in raw.values(b"prefer") for found in _WAIT.findall(value)]
    return min(max(asked, default=0), MAX_WAIT_S)


def _has(raw: RawRequest, release: Release | None) -> bool:
    """Whether the caller says that he has this bundle (`If-None-Match`, RFC 9110 section 13.1.2)."""
    if release is None:
        return False
    revision = release.revision.encode()
    known = b",".join(raw.values(b"if-none-match"))
    return known.strip() == b"*" or revision in _ETAGS.findall(known)


def _answer(raw: RawRequest, release: Release, receipt: str | None) -> Answer:
    etag = (b"etag", b'"%b"' % release.revision.encode())
    names = naming(raw.request_id, raw.decision_id, release.revision, receipt)
    headers = (*_TYPE, etag, (b"cache-control", b"no-cache"), *names)
    return Answer(304, headers, b"") if _has(raw, release) else Answer(200, headers, release.archive)
