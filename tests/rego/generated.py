"""The Python source that a policy became."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rego import Policy


def generated(policy: Policy) -> str:
    """Return the source of all entrypoints of a policy."""
    return "".join(policy._programs.ask(name).program.source for name in policy.entrypoints)
