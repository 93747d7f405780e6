"""How comparisons and questions for a type are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from rego import nodes
from rego import plan as p
from rego.codegen.operands import OperandWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class ConditionWriter(OperandWriter):
    """Writes the statements that go on only under a condition."""

    def _compared(self, first: p.Operand, second: p.Operand) -> tuple[str, str]:
        """Return expressions for two operands being different, and being equal."""
        if type(first) is not int or first in self.constants:
            first, second = second, first
        if type(first) is not int or first in self.constants:  # two constants
            a, b = self.scope.constant(self._known(first)), self.scope.constant(self._known(second))
            return f"not equal({a}, {b})", f"equal({a}, {b})"
        a, b, kinds = self.read(first), self.read(second), {self._kind(first), self._kind(second)}
        if None not in kinds and len(kinds) > 1:  # of two types, whatever their values
            return "True", "False"
        if "bool" in kinds or "null" in kinds:
            return f"{a} is not {b}", f"{a} is {b}"
        if "str" in kinds or kinds == {"int"}:
            return f"{a} != {b}", f"{a} == {b}"
        if "int" in kinds:
            asked = b if self._kind(first) == "int" else a
            test = f"({a} == {b} if type({asked}) is int else equal({a}, {b}))"
            return f"not {test}", test
        same = f"alike({a}, {b}, t)" if self._repeats() else f"equal({a}, {b})"
        test = f"({a} is {b} or ({a} == {b} if type({a}) is str else {same}))"
        return f"not {test}", test

    def _equal(self, s: p.Equal) -> None:
        differ, same = self._compared(s.a, s.b)
        self.leave_if(differ, same)

    def _not_equal(self, s: p.NotEqual) -> None:
        differ, same = self._compared(s.a, s.b)
        self.leave_if(same, differ)

    def _is_array(self, s: p.IsArray) -> None:
        self._is_type(s.source, "list")

    def _is_object(self, s: p.IsObject) -> None:
        self._is_type(s.source, "dict")

    def _is_set(self, s: p.IsSet) -> None:
        self._is_type(s.source, "RegoSet")

    def _is_type(self, source: p.Operand, name: str) -> None:
        if self._kind(source) != name:
            self.leave_if(f"type({self.read(source)}) is not {name}", f"type({self.read(source)}) is {name}")
        if type(source) is int and source not in self.constants:
            self.note(source, "set" if name == "RegoSet" else name)

    def _is_collection(self, s: nodes.IsCollection) -> None:
        if self._kind(s.source) in {"list", "dict", "set"}:
            return
        kind = f"type({self.read(s.source)})"
        self.leave_if(
            f"{kind} is not list and {kind} is not dict and {kind} is not RegoSet",
            f"{kind} is list or {kind} is dict or {kind} is RegoSet",
        )

    def _has_affix(self, s: nodes.HasAffix) -> None:
        name, affixes = self.read(s.source), self.scope.constant(s.affixes)
        method = "endswith" if s.at_end else "startswith"
        otherwise = f"has_affix({name}, {affixes}, {s.at_end})"
        test = f"({name}.{method}({affixes}) if type({name}) is str else {otherwise})"
        self.leave_if(f"not {test}", test)

    def _may_be(self, s: nodes.MayBe) -> None:
        name, values = self.read(s.source), self.scope.constant(s.values)
        texts = self.scope.constant(frozenset(value for value in s.values if type(value) is str))
        test = f"({name} in {texts} if type({name}) is str else may_be({name}, {values}))"
        self.leave_if(f"not {test}", test)

    def _is_defined(self, s: p.IsDefined) -> None:
        if s.source in self.constants:  # a literal beside `is` makes Python warn
            return
        self.leave_if(f"{self.read(s.source)} is U", f"{self.read(s.source)} is not U")
        if s.source not in self.facts:
            self.note(s.source, "result")

    def _is_undefined(self, s: p.IsUndefined) -> None:
        if s.source in self.constants:
            self.leave_if("True", "False")
            return
        self.leave_if(f"{self.read(s.source)} is not U", f"{self.read(s.source)} is U")
        self.note(s.source, "undefined")

    WRITERS: ClassVar[Mapping[type[p.Statement], Callable[[Any, Any], bool | None]]] = {
        p.Equal: _equal, p.NotEqual: _not_equal, p.IsArray: _is_array, p.IsObject: _is_object,
        p.IsSet: _is_set, p.IsDefined: _is_defined, p.IsUndefined: _is_undefined,
        nodes.IsCollection: _is_collection, nodes.HasAffix: _has_affix, nodes.MayBe: _may_be,
    }  # fmt: skip
