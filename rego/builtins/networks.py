"""Networks in CIDR notation, IPv4 and IPv6; looks nothing up."""

from __future__ import annotations

import ipaddress
import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from rego.builtins.operands import bounded, refuse, text
from rego.values import RegoSet, Value, sorted_items

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_Network: TypeAlias = IPv4Network | IPv6Network
_Address: TypeAlias = IPv4Address | IPv6Address
_CIDR: Final = re.compile(r"[0-9a-fA-F:.]+/(?:0|[1-9][0-9]*)")
_ADDRESS: Final = re.compile(r"[0-9a-fA-F:.]+")


def _network(value: str) -> _Network:
    if _CIDR.fullmatch(value) is None:
        raise refuse(f"invalid CIDR address: {value}")
    try:
        return ipaddress.ip_network(value, strict=False)
    except ValueError as error:
        raise refuse(f"invalid CIDR address: {value}") from error


def _address(value: str) -> _Address | None:
    if _ADDRESS.fullmatch(value) is None:
        return None
    try:
        found = ipaddress.ip_address(value)
    except ValueError:
        return None
    # Go takes an IPv4 address in IPv6 clothes for what it is.
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


def _holds(network: _Network, first: _Address, last: _Address) -> bool:
    return network.version == first.version and first in network and last in network


def _intersects(left: Value, right: Value) -> bool:
    one, two = _network(text(left, 1)), _network(text(right, 1))
    same = one.version == two.version
    return same and (one.network_address in two or two.network_address in one)


def _contains(left: Value, right: Value) -> bool:
    network, value = _network(text(left, 1)), text(right, 1)
    address = _address(value)
    if address is not None:
        return _holds(network, address, address)
    inner = _network(value)
    return _holds(network, inner.network_address, inner.broadcast_address)


def _candidates(value: Value, place: int) -> list[tuple[Value, Value]]:
    """Return networks with the index that names each in the result."""
    if type(value) is str:
        return [(value, value)]
    if type(value) is list:
        found = list(enumerate(value))
    elif type(value) is RegoSet:
        found = [(member, member) for member in value]
    elif type(value) is dict:
        found = sorted_items(value)
    else:
        return []
    return [(_first(item, place), name) for name, item in found]


def _first(item: Value, place: int) -> Value:
    if type(item) is list and item:
        return item[0]
    if type(item) is not str:
        raise refuse(f"operand {place}: element must be string or non-empty array")
    return item


def _contains_matches(left: Value, right: Value) -> RegoSet:
    networks, others = _candidates(left, 1), _candidates(right, 2)
    bounded(len(networks) * len(others) * 10)
    return RegoSet(
        [one, two] for network, one in networks for other, two in others if _contains(network, other)
    )


def _expand(value: Value) -> RegoSet:
    network = _network(text(value, 1))
    bounded(network.num_addresses * 10)
    return RegoSet(map(str, network))


def _is_valid(value: Value) -> bool:
    if type(value) is not str or _CIDR.fullmatch(value) is None:
        return False
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        return False
    return True


def _merge(values: Value) -> RegoSet:
    if type(values) not in {list, RegoSet}:
        raise refuse("operand must be an array")
    found = [_given(value) for value in values]
    fours = [network for network in found if isinstance(network, IPv4Network)]
    sixes = [network for network in found if isinstance(network, IPv6Network)]
    merged: list[_Network] = [*ipaddress.collapse_addresses(fours), *ipaddress.collapse_addresses(sixes)]
    return RegoSet(map(str, merged))


def _given(value: Value) -> _Network:
    if type(value) is not str:
        raise refuse("element must be string")
    address = _address(value)
    if address is None:
        return _network(value)
    if isinstance(address, IPv6Address):
        raise refuse("IPv6 invalid: needs prefix length")
    return IPv4Network((address, _class_bits(address)), strict=False)


def _class_bits(address: IPv4Address) -> int:
    first = address.packed[0]
    if first >= 224:  # noqa: PLR2004 - class D and E have no default mask
        raise refuse("address has no default mask")
    return 8 if first < 128 else 16 if first < 192 else 24  # noqa: PLR2004 - classes A, B and C


TABLE: Final[Mapping[str, Callable[..., Any]]] = {
    "net.cidr_intersects": _intersects,
    "net.cidr_contains": _contains,
    "net.cidr_overlap": _contains,
    "net.cidr_contains_matches": _contains_matches,
    "net.cidr_expand": _expand,
    "net.cidr_is_valid": _is_valid,
    "net.cidr_merge": _merge,
}
