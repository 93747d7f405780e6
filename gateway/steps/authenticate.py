"""authenticate: credential -> Principal. Takes the one bearer token; never a header's word for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.errors import Refused
from gateway.types import UnverifiedToken

if TYPE_CHECKING:
    from gateway.ports import Identity
    from gateway.types import Principal, RawRequest

_SCHEME = b"bearer "


async def authenticate(raw: RawRequest, identity: Identity) -> Principal:
    """Say who calls.

    Raises:
        Refused: an `identity.*` code. Two Authorization headers are refused, because proxies and
            servers disagree on which of them counts (credential smuggling).
    """
    values = raw.values(b"authorization")
    if not values:
        raise Refused("identity.missing")
    if len(values) > 1:
        raise Refused("identity.ambiguous")
    value = values[0]
    if value[: len(_SCHEME)].lower() != _SCHEME:
        raise Refused("identity.missing")
    try:
        token = value[len(_SCHEME) :].strip(b" ").decode("ascii")
    except UnicodeDecodeError:
        raise Refused("identity.malformed") from None
    if not token:
        raise Refused("identity.missing")
    return await identity.principal(UnverifiedToken(token))
