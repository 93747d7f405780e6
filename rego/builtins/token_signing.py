"""JSON Web Tokens made and signed (RFC 7515): `io.jwt.encode_sign` and `io.jwt.encode_sign_raw`.

The imports are heavy: see `ON_DEMAND`. PSS and ECDSA signatures differ each time.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Final

from rego.builtins import encoding
from rego.builtins.operands import refuse, text
from rego.builtins.signatures import ALGORITHMS, sign
from rego.builtins.webkeys import parse_keys
from rego.utf8 import encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rego.values import Value

_TYPE: Final = "JWT"
_marshal: Final[Callable[[Value], str]] = encoding.TABLE["json.marshal"]


def _encode_sign(header: Value, payload: Value, key: Value) -> str:
    try:
        return _signed(_marshal(header), _marshal(payload), _marshal(key))
    except RecursionError as error:
        raise refuse("nested too deeply") from error


def _encode_sign_raw(header: Value, payload: Value, key: Value) -> str:
    source = text(key, 3)
    return _signed(text(header, 1), text(payload, 2), source)


def _signed(header: str, payload: str, key: str) -> str:
    """Return a token of a header and a payload, whose bytes are kept as they are.

    Raises:
        BuiltinError: If the key can't sign, the header names no algorithm, or a JWT's payload is no JSON.
    """
    keys = parse_keys(key)
    if not keys:
        raise refuse("no keys found in JWK set")
    parameters = _parameters(header)
    algorithm = parameters.get("alg")
    if type(algorithm) is not str or algorithm not in ALGORITHMS:
        raise refuse("missing, invalid or unknown 'alg' header")
    kind = parameters.get("typ")
    if (type(kind) is not str or kind == _TYPE) and not _is_json(payload):
        raise refuse("type is JWT but payload is not JSON")
    signed = b".".join(_part(encoded(part)) for part in (header, payload))
    return b".".join((signed, _part(sign(keys[0].material(), algorithm, signed)))).decode()


def _part(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def _parameters(header: str) -> dict[str, Any]:
    """Return a header's parameters; of one that stands there twice the first counts, as in OPA."""
    try:
        found = json.loads(header, object_pairs_hook=_first_of_each, parse_int=float, strict=False)
    except (ValueError, RecursionError) as error:
        raise refuse("missing or invalid 'alg' header") from error
    return found if type(found) is dict else {}


def _first_of_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return dict(reversed(pairs))


def _is_json(source: str) -> bool:
    try:
        json.loads(source, parse_int=str, parse_float=str, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return False
    return True


def _no_constant(name: str) -> None:
    raise ValueError(name)


TABLE: Final[Mapping[str, Callable[..., Any]]] = {
    "io.jwt.encode_sign": _encode_sign,
    "io.jwt.encode_sign_raw": _encode_sign_raw,
}
