"""The order in which a function is rewritten."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rego.flow import times
from rego.optimize.constants import with_constants
from rego.optimize.flags import without_flags
from rego.optimize.fronts import with_conditions_first
from rego.optimize.lookups import with_lookups
from rego.optimize.names import separated
from rego.optimize.results import with_direct_result
from rego.optimize.shapes import simplified

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rego import plan as p
    from rego.values import Value


@dataclass(frozen=True, slots=True)
class Prepared:
    """A function as it will be written.

    Args:
        blocks: What it does.
        constants: The locals that only ever hold one known value; nothing in `blocks` sets them.
    """

    blocks: tuple[p.Block, ...]
    constants: Mapping[p.Local, Value]


def prepared(blocks: tuple[p.Block, ...], params: tuple[p.Local, ...], result: p.Local | None) -> Prepared:
    """Return a function in the form that is fastest to run.

    Args:
        blocks: A function's blocks as the plan has them.
        params: Its parameters: the input, the data, then arguments.
        result: The local that it returns; None for an entrypoint.
    """
    found, shared = separated(tuple(map(simplified, blocks)), params, result)
    found, constants = with_constants(found, shared)
    found = with_direct_result(found, result, constants)
    counted = times(found)
    found = with_lookups(found, params[:2], counted)
    found = with_conditions_first(found, params, shared, constants, counted)
    return Prepared(without_flags(found, counted), constants)
