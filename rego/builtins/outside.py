"""Builtins that reach outside or roll dice, ready for a host that wants them; no policy has them otherwise.

Each is made by a function that takes the host's own means (of drawing, of resolving, of sending),
checks operands as OPA does before it uses them, and gives equal calls of one evaluation one answer.
Pass them to `Policy.load`: `builtins={"rand.intn": rand_intn()}`.
"""

from __future__ import annotations

import re
import secrets
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Any, Final

from rego.builtins.context import WithContext
from rego.builtins.operands import refuse, text, whole
from rego.builtins.signing import request as known_request
from rego.errors import BuiltinError, OperandError
from rego.values import RegoSet, canonical, is_number, type_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from rego.builtins.context import Context
    from rego.values import Value

_MAX_INT64: Final = 2**63 - 1
_LOCALHOST: Final = ("127.0.0.1", "::1")
_DURATION: Final = re.compile(r"[-+]?(?:0|(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+)")
_STRINGS: Final = frozenset(
    {
        "method", "url", "raw_body", "tls_ca_cert", "tls_ca_cert_file", "tls_ca_cert_env_variable",
        "tls_client_cert", "tls_client_cert_file", "tls_client_cert_env_variable", "tls_client_key",
        "tls_client_key_file", "tls_client_key_env_variable", "tls_server_name",
    }
)  # fmt: skip
#: Booleans that OPA reads from a value's text: 1 and 0 will do.
_FLAGS: Final = frozenset({"enable_redirect", "tls_use_system_certs", "tls_insecure_skip_verify"})
_STRICT_FLAGS: Final = frozenset({"cache", "force_cache"})


def rand_intn(below: Callable[[int], int] = secrets.randbelow) -> WithContext:
    """Return `rand.intn`.

    Args:
        below: Returns a number from 0 up to, but not including, the one that it is given.
    """

    def intn(context: Context, key: Value, limit: Value) -> int:
        name, size = text(key, 1), abs(whole(limit, 2))
        if size > _MAX_INT64:
            raise OperandError("operand 2 must be integer number but got floating-point number")
        if size == 0:
            return 0
        place = ("rand.intn", name, size)
        if place not in context.cache:
            context.cache[place] = below(size)
        return int(context.cache[place])

    return WithContext(intn)


def _system_addresses(name: str) -> Iterable[str]:
    return (str(found[4][0]) for found in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM))


def net_lookup_ip_addr(resolve: Callable[[str], Iterable[str]] = _system_addresses) -> WithContext:
    """Return `net.lookup_ip_addr`.

    Addresses and `localhost` are answered without asking anybody.

    Args:
        resolve: Returns a name's addresses, or raises `OSError`; the system's resolver, which blocks its
            thread for as long as it takes, where it is not given.
    """

    def lookup(context: Context, name: Value) -> RegoSet:
        wanted = text(name, 1)
        place = ("net.lookup_ip_addr", wanted)
        if place not in context.cache:
            context.cache[place] = RegoSet(_addresses(wanted, resolve))
        found: RegoSet = context.cache[place]
        return found

    return WithContext(lookup)


def _addresses(name: str, resolve: Callable[[str], Iterable[str]]) -> list[str]:
    try:
        return [_written(ip_address(name))]
    except ValueError:
        pass
    if name.lower().rstrip(".") == "localhost":
        return list(_LOCALHOST)
    # The system's resolver takes 010.0.0.1 for an address, and not for the one that it seems to be.
    is_name = not name.replace(".", "").isdigit()
    try:
        found = list(resolve(name)) if name and is_name else []
    except (OSError, UnicodeError) as error:
        raise refuse(f"lookup {name}: no such host") from error
    if not found:
        raise refuse(f"lookup {name}: no such host")
    return found


def _written(address: IPv4Address | IPv6Address) -> str:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


def http_send(send: Callable[[Mapping[str, Any]], Value]) -> WithContext:
    """Return `http.send`.

    What OPA refuses before it connects is refused here; all else is the host's: certificates, caches,
    redirects, retries, and what an answer looks like.

    Args:
        send: Sends a request and returns OPA's answer object. It raises `BuiltinError` where that fails.
    """

    def sent(context: Context, request: Value) -> Value:
        given = request if type(request) is dict else {}
        raises = given.get("raise_error", True)
        if type(raises) is not bool:
            raise refuse("invalid value for raise_error field")
        try:
            checked = known_request(request, 1)
            _check(checked)
            place = ("http.send", canonical(checked))
            if place not in context.cache:
                context.cache[place] = send(checked)
        except BuiltinError as error:
            if raises or type(request) is not dict:
                raise
            return _failure(error)
        return context.cache[place]

    return WithContext(sent)


def _failure(error: BuiltinError) -> dict[str, Any]:
    """Return the answer for a request that was not to raise errors."""
    message = f"{error.code}: http.send: {error}"
    return {"status_code": 0, "error": {"code": "eval_http_send_internal_error", "message": message}}


def _check(request: dict[str, Any]) -> None:
    ignored = request.get("cache_ignored_headers")
    if "cache_ignored_headers" in request and "headers" in request and not _is_strings(ignored):
        raise refuse("cache_ignored_headers must be an array of strings")
    for name in sorted(_STRICT_FLAGS & request.keys()):
        if type(request[name]) is not bool:
            raise refuse(f'invalid value for "{name}" field')
    if request.get("force_cache") is True and "force_cache_duration_seconds" not in request:
        raise refuse("'force_cache' set but 'force_cache_duration_seconds' parameter is missing")
    for name in sorted(request):
        _check_parameter(name, request[name])
    if any(type(value) is not str for value in request.get("headers", {}).values()):
        raise refuse("invalid type for headers value")


def _check_parameter(name: str, value: Value) -> None:
    if name in _STRINGS and type(value) is not str:
        raise refuse(f'"{name}" must be a string')
    if name in _FLAGS and type(value) is not bool and not (is_number(value) and value in {0, 1}):
        raise refuse(f"{name} must be a boolean")
    if name == "headers" and type(value) is not dict:
        raise refuse("invalid type for headers key")
    if name == "timeout":
        _check_timeout(value)


def _check_timeout(value: Value) -> None:
    if type(value) is str:
        if not (_DURATION.fullmatch(value) or re.fullmatch(r"[+-]?[0-9]{1,19}", value)):
            raise refuse("invalid timeout value")
    elif not is_number(value):
        raise OperandError(
            f"operand 1 'timeout' must be one of {{string, number}} but got {type_name(value)}"
        )
    elif type(value) is not int or abs(value) > _MAX_INT64:
        raise refuse("invalid timeout number value, must be int64")


def _is_strings(value: Value) -> bool:
    return type(value) is list and all(type(item) is str for item in value)
