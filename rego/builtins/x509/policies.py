"""Certificate policies (RFC 5280 section 6.1, RFC 9618): whether a chain has one if it must have one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rego.builtins.x509.certificates import Certificate

#: The contents of 2.5.29.32.0.
ANY_POLICY: Final = b"\x55\x1d\x20\x00"


class _Node:
    """A policy that is valid at some depth of the chain, and those that it is said to equal below."""

    __slots__ = ("children", "expected", "parents", "policy")

    def __init__(self, policy: bytes, parents: Sequence[_Node] = ()) -> None:
        self.policy = policy
        self.expected = [policy]
        self.parents = list(parents)
        self.children = 0
        for parent in parents:
            parent.children += 1

    def drop(self) -> None:
        """Take it out of its parents."""
        for parent in self.parents:
            parent.children -= 1


class _Graph:
    """Policies by depth, the root's first."""

    __slots__ = ("_levels", "_parents")

    def __init__(self) -> None:
        self._levels: list[dict[bytes, _Node]] = [{ANY_POLICY: _Node(ANY_POLICY)}]
        self._parents: dict[bytes, list[_Node]] = {}

    def descend(self, policies: Sequence[bytes], *, any_allowed: bool) -> None:
        """Add a certificate's policies below what there is."""
        above = self._levels[-1]
        self._parents = {}
        for node in above.values():
            for expected in node.expected:
                self._parents.setdefault(expected, []).append(node)
        level: dict[bytes, _Node] = {}
        self._levels.append(level)
        for policy in policies:
            parents = self._parents.get(policy) or ([above[ANY_POLICY]] if ANY_POLICY in above else [])
            if policy != ANY_POLICY and parents:
                level[policy] = _Node(policy, parents)
        if any_allowed and ANY_POLICY in policies:
            for policy, parents in self._parents.items():
                if policy not in level:
                    level[policy] = _Node(policy, parents)
        self._prune()

    def map(self, mappings: Sequence[tuple[bytes, bytes]], *, allowed: bool) -> bool:
        """Apply a certificate's mappings; return False where one is of any policy."""
        wanted: dict[bytes, list[bytes]] = {}
        level = self._levels[-1]
        for issuer, subject in mappings:
            if not allowed:
                if issuer in level:
                    level.pop(issuer).drop()
            elif ANY_POLICY in {issuer, subject}:
                return False
            else:
                wanted.setdefault(issuer, []).append(subject)
        self._prune()
        for issuer, subjects in wanted.items():
            if issuer not in level and ANY_POLICY in level:
                level[issuer] = _Node(issuer, [level[ANY_POLICY]])
            if issuer in level:
                level[issuer].expected = subjects
        return True

    def _prune(self) -> None:
        for level in reversed(self._levels[1:-1]):
            for policy in [policy for policy, node in level.items() if not node.children]:
                level.pop(policy).drop()

    def is_empty(self) -> bool:
        """Tell whether no policy is valid for the whole chain."""
        roots = any(
            node.policy != ANY_POLICY and len(node.parents) == 1 and node.parents[0].policy == ANY_POLICY
            for level in self._levels
            for node in level.values()
        )
        return not roots and ANY_POLICY not in self._levels[-1]


def policies_valid(chain: Sequence[Certificate]) -> bool:
    """Tell whether a chain, the leaf first, has a valid policy or needs none."""
    if len(chain) == 1:
        return True
    graph: _Graph | None = _Graph()
    any_left = explicit_left = mapping_left = len(chain)
    for place in range(len(chain) - 2, -1, -1):
        certificate, meaning = chain[place], chain[place].meaning
        self_issued = certificate.raw_issuer == certificate.raw_subject
        graph = graph if meaning.policies else None
        if graph is None and not explicit_left:
            return False
        if graph is not None:
            any_allowed = any_left > 0 or (place > 0 and self_issued)
            graph.descend(meaning.policies or (), any_allowed=any_allowed)
        if not place:
            break
        if graph is not None and not graph.map(meaning.policy_mappings, allowed=mapping_left > 0):
            return False
        step = 0 if self_issued else 1
        explicit_left = _lowered(explicit_left - step, meaning.explicit_policy)
        mapping_left = _lowered(mapping_left - step, meaning.policy_mapping)
        any_left = _lowered(any_left - step, meaning.any_policy)
    must = explicit_left <= 1 or chain[0].meaning.explicit_policy == 0
    return not must or (graph is not None and not graph.is_empty())


def _lowered(left: int, limit: int | None) -> int:
    """Return how many certificates are left, at most as many as a limit allows; negative ones are none."""
    left = max(left, 0)
    return left if limit is None or limit < 0 else min(left, limit)
