"""OPA's builtins: a module for each family with one visible table; here all tables side by side.

A builtin that is in no table does not exist: a plan that calls it is refused when it is loaded.
Left out on purpose, because they reach outside or are not deterministic: `http.send`, `opa.runtime`,
`net.lookup_ip_addr`, `rand.intn`. A host that wants them passes them in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rego.builtins import (
    aggregates,
    arithmetic,
    casts,
    comparison,
    composites,
    digests,
    documents,
    encoding,
    globs,
    networks,
    patterns,
    sprintf,
    strings,
    times,
    units,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Functions of their operands alone.
PLAIN: Final[Mapping[str, Callable[..., Any]]] = {
    **aggregates.TABLE,
    **arithmetic.TABLE,
    **casts.TABLE,
    **comparison.TABLE,
    **composites.TABLE,
    **digests.TABLE,
    **documents.TABLE,
    **encoding.TABLE,
    **networks.TABLE,
    **globs.TABLE,
    **sprintf.TABLE,
    **strings.TABLE,
    **times.TABLE,
    **units.TABLE,
}
#: Functions that take the evaluation's context first.
CONTEXTUAL: Final[Mapping[str, Callable[..., Any]]] = {
    **globs.CONTEXTUAL,
    **patterns.CONTEXTUAL,
    **sprintf.CONTEXTUAL,
    **times.CONTEXTUAL,
    **units.CONTEXTUAL,
}
#: Source text for the common case of a builtin; see `rego.codegen`.
INLINE: Final[Mapping[str, Callable[..., str | None]]] = {
    **aggregates.INLINE,
    **arithmetic.INLINE,
    **comparison.INLINE,
    **strings.INLINE,
}
