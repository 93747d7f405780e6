"""`rego.metadata.chain` and `rego.metadata.rule`, which know nothing: OPA's compiler writes what they give.

Within a rule, a call is replaced by the annotations themselves, so a plan holds them as constants.
What is left is a call in a query, where there is no rule that could have annotations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NoReturn

from rego.builtins.operands import refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def _chain() -> NoReturn:
    raise refuse("the rego.metadata.chain function must only be called within the scope of a rule")


def _rule() -> NoReturn:
    raise refuse("the rego.metadata.rule function must only be called within the scope of a rule")


TABLE: Final[Mapping[str, Callable[..., Any]]] = {"rego.metadata.chain": _chain, "rego.metadata.rule": _rule}
