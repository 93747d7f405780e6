"""Networks in CIDR notation, IPv4 and IPv6, as Go's `net` reads them; looks nothing up."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import (
    AddressValueError,
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    summarize_address_range,
)
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from rego.builtins.operands import bounded, refuse, text
from rego.errors import BuiltinError
from rego.values import RegoSet, Value, sorted_items

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_Network: TypeAlias = IPv4Network | IPv6Network
_Address: TypeAlias = IPv4Address | IPv6Address
_CIDR: Final = re.compile(r"([0-9a-fA-F:.]+)/([0-9]+)")
_ADDRESS: Final = re.compile(r"[0-9a-fA-F:.]+")
_MAPPED_BITS: Final = 96  # ::ffff:0:0/96 are the IPv4 addresses in IPv6 clothes
_MAX_PREFIX_DIGITS: Final = 1000
_IPV4_ADDRESSES: Final = 2**32
_MAPPED: Final = 0xFFFF * _IPV4_ADDRESSES


def _parsed(value: str) -> _Address | None:
    if _ADDRESS.fullmatch(value) is None:
        return None
    try:
        return IPv6Address(value) if ":" in value else IPv4Address(value)
    except AddressValueError:
        return None


def _address(value: str) -> _Address | None:
    """Return an address, or None; Go takes an IPv4 address in IPv6 clothes for what it is."""
    found = _parsed(value)
    return None if found is None else _unmapped(found)


def _unmapped(address: _Address) -> _Address:
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


def _network(value: str) -> _Network:
    match = _CIDR.fullmatch(value)
    address = _parsed(match[1]) if match else None
    if match is None or address is None or len(match[2]) > _MAX_PREFIX_DIGITS:
        raise refuse(f"invalid CIDR address: {value}")
    bits = int(match[2])
    if bits > address.max_prefixlen:
        raise refuse(f"invalid CIDR address: {value}")
    if isinstance(address, IPv4Address):
        return IPv4Network((address, bits), strict=False)
    if address.ipv4_mapped is not None and bits >= _MAPPED_BITS:
        return IPv4Network((address.ipv4_mapped, bits - _MAPPED_BITS), strict=False)
    return IPv6Network((address, bits), strict=False)


def _holds(network: _Network, first: _Address, last: _Address) -> bool:
    """Tell whether both ends are in a network; an end in IPv6 clothes is in none of IPv6, as in Go."""
    ends = (_unmapped(first), _unmapped(last))
    return all(end.version == network.version and end in network for end in ends)


def _intersects(left: Value, right: Value) -> bool:
    one = _network(text(left, 1))
    two = _network(text(right, 2))
    same = one.version == two.version
    return same and (one.network_address in two or two.network_address in one)


def _contains(left: Value, right: Value) -> bool:
    return _within(_network(text(left, 1)), text(right, 2))


def _within(network: _Network, value: str) -> bool:
    address = _address(value)
    if address is not None:
        return _holds(network, address, address)
    inner = _network(value)
    return _holds(network, inner.network_address, inner.broadcast_address)


def _candidates(value: Value, place: int) -> Iterator[tuple[Value, Value]]:
    """Yield networks with the index that names each in the result."""
    if type(value) is str:
        yield value, value
    elif type(value) is list:
        for name, item in enumerate(value):
            yield _first(item, place), name
    elif type(value) is RegoSet:
        for member in value:
            yield _first(member, place), member
    elif type(value) is dict:
        for name, item in sorted_items(value):
            yield _first(item, place), name


def _first(item: Value, place: int) -> Value:
    if type(item) is list and item:
        return item[0]
    if type(item) is not str:
        raise refuse(f"operand {place}: element must be string or non-empty array")
    return item


def _contains_matches(left: Value, right: Value) -> RegoSet:
    found = RegoSet()
    network = lru_cache(_network)
    if type(left) in {list, dict, RegoSet} and type(right) in {list, dict, RegoSet}:
        bounded(len(left) * len(right) * 10)
    for outer, one in _candidates(left, 1):
        for other, two in _candidates(right, 2):
            if _within(network(text(outer, 1)), text(other, 1)):
                found.add([one, two])
    return found


def _expand(value: Value) -> RegoSet:
    network = _network(text(value, 1))
    bounded(network.num_addresses * 10)
    return RegoSet(map(str, network))


def _is_valid(value: Value) -> bool:
    if type(value) is not str:
        return False
    try:
        _network(value)
    except BuiltinError:
        return False
    return True


# ── merging ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Range:
    """Addresses from the first to the last, all as IPv6; `name` is how the operand wrote them, if alone."""

    last: int
    first: int
    name: str | None


def _merge(values: Value) -> RegoSet:
    if type(values) not in {list, RegoSet}:
        raise refuse("operand must be an array")
    found: list[_Range] = []
    for value in values:
        name, network = _given(value)
        base = _MAPPED if network.version == 4 else 0  # noqa: PLR2004 - IPv4
        first, last = int(network.network_address) + base, int(network.broadcast_address) + base
        found.append(_Range(last, first, name))
    return RegoSet(_merged(found))


def _given(value: Value) -> tuple[str, _Network]:
    if type(value) is not str:
        raise refuse("element must be string")
    address = _address(value)
    if address is None:
        network = _network(value)
        return str(network), network
    if isinstance(address, IPv6Address):
        raise refuse("IPv6 invalid: needs prefix length")
    bits = _class_bits(address)
    return f"{address}/{bits}", IPv4Network((address, bits), strict=False)


def _class_bits(address: IPv4Address) -> int:
    first = address.packed[0]
    return 8 if first < 128 else 16 if first < 192 else 24  # noqa: PLR2004 - classes A, B and the rest


def _merged(ranges: list[_Range]) -> Iterator[str]:
    rest: list[_Range] = []
    for found in sorted(ranges, key=lambda item: (item.last, item.first)):
        current = found
        while rest and _before(current.first) <= rest[-1].last:
            current = _Range(current.last, min(current.first, rest.pop().first), None)
        rest.append(current)
    for found in rest:
        if found.name is not None:
            yield found.name
        else:
            yield from map(str, summarize_address_range(*_ends(found)))


def _before(first: int) -> int:
    """Return the address before one; nothing is before the first of IPv4 or of IPv6."""
    return first if first in {0, _MAPPED} else first - 1


def _ends(found: _Range) -> tuple[Any, Any]:
    if found.first >= _MAPPED and found.last < _MAPPED + _IPV4_ADDRESSES:
        return IPv4Address(found.first - _MAPPED), IPv4Address(found.last - _MAPPED)
    return IPv6Address(found.first), IPv6Address(found.last)


TABLE: Final[Mapping[str, Callable[..., Any]]] = {
    "net.cidr_intersects": _intersects,
    "net.cidr_contains": _contains,
    "net.cidr_overlap": _contains,
    "net.cidr_contains_matches": _contains_matches,
    "net.cidr_expand": _expand,
    "net.cidr_is_valid": _is_valid,
    "net.cidr_merge": _merge,
}
