"""`strings.render_template`: a template of Go's `text/template` and an object as text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from rego.builtins.operands import MAX_SIZE, object_, refuse, text
from rego.errors import EvaluationError
from rego.gotemplate.executing import OverBudgetError, execute
from rego.gotemplate.lexing import TemplateError
from rego.gotemplate.parsing import parse
from rego.gotemplate.printing import Number
from rego.gotext import display

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rego.builtins.context import Context
    from rego.values import Value


def _render(context: Context, template: Value, variables: Value) -> str:
    source, data = text(template, 1), object_(variables, 2)
    try:
        trees = context.patterns.get(("text/template", source), lambda: parse(source))
        made = execute(trees, _as_json(data), MAX_SIZE)
    except TemplateError as error:
        raise refuse(str(error)) from error
    except OverBudgetError as error:
        raise EvaluationError("eval_budget_exceeded", str(error)) from None
    except RecursionError:
        raise EvaluationError("eval_depth_exceeded", "templates are nested too deep") from None
    return made.replace("<no value>", "<undefined>")


def _as_json(data: dict[Any, Value]) -> dict[str, Any]:
    """Return the variables as OPA gets them: it reads their text in Rego as JSON.

    So sets, keys that are no strings and strings with some control characters are refused.
    """
    try:
        return json.loads(  # type: ignore[no-any-return]  # an object's text gives an object
            display(data), parse_int=Number, parse_float=Number
        )
    except ValueError as error:
        raise refuse("the variables have no form in JSON") from error


CONTEXTUAL: Final[Mapping[str, Callable[..., Any]]] = {"strings.render_template": _render}
