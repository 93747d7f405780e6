"""`yaml.marshal`, `yaml.unmarshal` and `yaml.is_valid`: values and YAML texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rego.builtins import encoding
from rego.builtins.operands import bounded, refuse, text
from rego.errors import EvaluationError
from rego.goyaml.decoding import decoded, read_json
from rego.goyaml.emitting import emitted
from rego.goyaml.nodes import YAMLError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rego.values import Value


def _marshal(value: Value) -> str:
    """Write a value as OPA does: as JSON, which is read as YAML, which is written."""
    made = emitted(_with_opas_errors(read_json, encoding.TABLE["json.marshal"](value)))
    bounded(len(made))
    return made


def _unmarshal(value: Value) -> Value:
    return _with_opas_errors(decoded, text(value, 1))


def _is_valid(value: Value) -> bool:
    if type(value) is not str:
        return False
    try:
        decoded(value)
    except YAMLError:
        return False
    except RecursionError:
        raise _too_deep() from None
    return True


def _with_opas_errors(read: Callable[[str], Any], source: str) -> Any:
    try:
        return read(source)
    except YAMLError as error:
        raise refuse(str(error)) from error
    except RecursionError:
        raise _too_deep() from None


def _too_deep() -> EvaluationError:
    return EvaluationError("eval_depth_exceeded", "a YAML document is nested too deep")


TABLE: Final[Mapping[str, Callable[..., Any]]] = {
    "yaml.marshal": _marshal,
    "yaml.unmarshal": _unmarshal,
    "yaml.is_valid": _is_valid,
}
