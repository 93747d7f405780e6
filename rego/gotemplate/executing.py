"""A parsed template and data as text; the work and the text are bounded.

A little longer than most modules: nodes, pipelines and operands evaluate each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rego.gotemplate.functions import ABSENT, ARITIES, FUNCTIONS, PRINTERS, is_true
from rego.gotemplate.lexing import TemplateError
from rego.gotemplate.parsing import ROOT
from rego.gotemplate.printing import Byte, plain
from rego.gotemplate.tree import (
    Action,
    Call,
    Chain,
    Constant,
    Control,
    Dot,
    Field,
    Function,
    Jump,
    Nil,
    Node,
    Operand,
    Pipeline,
    Text,
    Variable,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MAX_STEPS: Final = 1_000_000


class OverBudgetError(Exception):
    """A template that takes too much work, or writes too much."""


class _NoArgument:
    """The type of `_NONE`: no value comes from an earlier command."""


_NONE: Final = _NoArgument()


class _Break(Exception):
    pass


class _Continue(Exception):
    pass


def execute(trees: Mapping[str, tuple[Node, ...]], data: dict[str, Any], max_size: int) -> str:
    """Return what a template makes of data.

    Args:
        trees: The templates, as `parse` returns them.
        data: JSON values, numbers as `printing.Number`.
        max_size: How many characters may be written.

    Raises:
        TemplateError: The template cannot be executed with these data.
        OverBudgetError: It takes too much work, or writes too much.
    """
    execution = _Execution(trees, max_size)
    execution.template(ROOT, data)
    return "".join(execution.out)


class _Execution:
    def __init__(self, trees: Mapping[str, tuple[Node, ...]], max_size: int) -> None:
        self.trees = trees
        self.out: list[str] = []
        self.left = max_size
        self.steps = 0
        self.variables: list[tuple[str, Any]] = []

    def write(self, text: str) -> None:
        self.left -= len(text)
        if self.left < 0:
            raise OverBudgetError("a template writes too much")
        self.out.append(text)

    def step(self) -> None:
        self.steps += 1
        if self.steps > _MAX_STEPS:
            raise OverBudgetError("a template takes too much work")

    # ── nodes ───────────────────────────────────────────────────────────────────────────────────

    def template(self, name: str, dot: Any) -> None:
        tree = self.trees.get(name)
        if tree is None:
            raise TemplateError(f"template {name!r} not defined")
        outer, self.variables = self.variables, [("$", dot)]
        self.walk(tree, dot)
        self.variables = outer

    def walk(self, nodes: tuple[Node, ...], dot: Any) -> None:
        for node in nodes:
            self.step()
            match node:
                case Text():
                    self.write(node.text)
                case Action():
                    value = self.pipeline(node.pipeline, dot)
                    if not node.pipeline.variables:
                        self.write("<no value>" if value is ABSENT else plain(value))
                case Control():
                    known = len(self.variables)
                    self.control(node, dot)
                    del self.variables[known:]
                case Jump():
                    raise _Break if node.keyword == "break" else _Continue
                case Call():
                    self.template(
                        node.name, ABSENT if node.pipeline is None else self.pipeline(node.pipeline, dot)
                    )

    def control(self, node: Control, dot: Any) -> None:
        value = self.pipeline(node.pipeline, dot)
        if node.keyword == "range":
            found = self.range(node, value)
        else:
            found = is_true(value)
            if found:
                self.walk(node.body, value if node.keyword == "with" else dot)
        if not found and node.otherwise is not None:
            self.walk(node.otherwise, dot)

    def range(self, node: Control, value: Any) -> bool:
        """Walk a body once for each member; tell whether there was one."""
        names = node.pipeline.variables
        if type(value) in {int, Byte} and len(names) > 1:
            raise TemplateError("cannot iterate over more than one variable")
        known = len(self.variables)
        found = False
        try:
            for key, item in _members(value):
                found = True
                self.step()
                bound = (item,) if len(names) == 1 else (key, item)
                for place, name in enumerate(names):
                    if node.pipeline.assigns:
                        self.assign(name, bound[place])
                    else:
                        self.variables[known - len(names) + place] = (name, bound[place])
                try:
                    self.walk(node.body, item)
                except _Continue:
                    pass
                finally:
                    del self.variables[known:]
        except _Break:
            pass
        return found

    # ── pipelines ───────────────────────────────────────────────────────────────────────────────

    def pipeline(self, pipeline: Pipeline, dot: Any) -> Any:
        value: Any = _NONE
        for command in pipeline.commands:
            value = self.command(command, dot, value)
            value = ABSENT if value is None else value
        for name in pipeline.variables:
            if pipeline.assigns:
                self.assign(name, value)
            else:
                self.variables.append((name, value))
        return value

    def assign(self, name: str, value: Any) -> None:
        for place in range(len(self.variables) - 1, -1, -1):
            if self.variables[place][0] == name:
                self.variables[place] = (name, value)
                return
        raise TemplateError(f"undefined variable: {name}")

    def command(self, operands: tuple[Operand, ...], dot: Any, final: Any) -> Any:
        self.step()
        first = operands[0]
        if isinstance(first, Function):
            return self.function(first.name, operands[1:], dot, final)
        if isinstance(first, Nil):
            raise TemplateError("nil is not a command")
        given = len(operands) > 1 or final is not _NONE
        return self.operand(first, dot, given=given)

    def operand(self, operand: Operand, dot: Any, *, given: bool = False) -> Any:
        """Evaluate an operand; `given` says that it is given arguments, which only functions take."""
        if isinstance(operand, Field):
            return _fields(dot, operand.names, given=given)
        if isinstance(operand, Chain):
            return _fields(self.operand(operand.operand, dot), operand.names, given=given)
        if isinstance(operand, Variable) and operand.names:
            return _fields(self.variable(operand.name), operand.names, given=given)
        if given:
            raise TemplateError("can't give argument to non-function")
        return self.whole(operand, dot)

    def whole(self, operand: Operand, dot: Any) -> Any:
        """Evaluate an operand that is no field of something."""
        match operand:
            case Variable():
                return self.variable(operand.name)
            case Function():
                return self.function(operand.name, (), dot, _NONE)
            case Pipeline():
                return self.pipeline(operand, dot)
            case Constant():
                return operand.value
            case _:
                return dot if isinstance(operand, Dot) else None

    def variable(self, name: str) -> Any:
        for known, value in reversed(self.variables):
            if known == name:
                return value
        raise TemplateError(f"undefined variable: {name}")

    def function(self, name: str, operands: tuple[Operand, ...], dot: Any, final: Any) -> Any:
        least, most = ARITIES[name]
        count = len(operands) + (final is not _NONE)
        if count < least or (most is not None and count > most):
            raise TemplateError(f"wrong number of args for {name}")
        if name in {"and", "or"}:
            return self.lazy(operands, dot, final, until=name == "or")
        values = [self.operand(operand, dot) for operand in operands]
        if final is not _NONE:
            values.append(final)
        if name in PRINTERS:
            values = [None if value is ABSENT else value for value in values]
        if name == "printf" and type(values[0]) is not str:
            raise TemplateError("wrong type for value; expected string")
        made = FUNCTIONS[name](*values)
        if isinstance(made, str):
            self.step()
            if len(made) > self.left:
                raise OverBudgetError("a template writes too much")
        return made

    def lazy(self, operands: tuple[Operand, ...], dot: Any, final: Any, *, until: bool) -> Any:
        value: Any = ABSENT
        for operand in operands:
            value = self.operand(operand, dot)
            if is_true(value) is until:
                return value
        return value if final is _NONE else final


def _fields(value: Any, names: tuple[str, ...], *, given: bool) -> Any:
    for place, name in enumerate(names):
        if value is ABSENT:
            return ABSENT
        if type(value) is not dict:
            raise TemplateError(f"can't evaluate field {name}")
        if given and place == len(names) - 1:
            raise TemplateError(f"{name} is not a method but has arguments")
        value = value.get(name, ABSENT)
    return value


def _members(value: Any) -> Iterator[tuple[Any, Any]]:
    if type(value) is list:
        return enumerate(value)
    if type(value) is dict:
        return ((name, value[name]) for name in sorted(value))
    if type(value) is int or type(value) is Byte:
        return ((ABSENT, type(value)(number)) for number in range(value))
    if value is ABSENT:
        return iter(())
    raise TemplateError("range can't iterate over this value")
