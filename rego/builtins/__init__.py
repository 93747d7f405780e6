"""OPA's builtins, a module for each family with one visible table; all tables side by side.

A builtin that is in no table does not exist: a plan that calls it is refused when it is loaded. Left out on
purpose, because they reach outside or are not deterministic: `http.send`, `opa.runtime`, `net.lookup_ip_addr`,
`rand.intn`. A host that wants them passes them in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from rego.builtins import aggregates, arithmetic, casts, comparison, composites, sprintf, strings

PLAIN: Final[Mapping[str, Callable[..., Any]]] = {
    **comparison.TABLE,
    **arithmetic.TABLE,
    **aggregates.TABLE,
    **composites.TABLE,
    **strings.TABLE,
    **sprintf.TABLE,
    **casts.TABLE,
}
CONTEXTUAL: Final[Mapping[str, Callable[..., Any]]] = {**sprintf.CONTEXTUAL}
INLINE: Final[Mapping[str, Callable[..., str | None]]] = {
    **comparison.INLINE,
    **arithmetic.INLINE,
    **aggregates.INLINE,
    **strings.INLINE,
}
