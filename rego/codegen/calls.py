"""How calls of rules, functions and builtins are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from rego import nodes
from rego import plan as p
from rego.codegen.charges import (
    CALL_PRICE,
    COMPARING,
    LIGHT,
    MAKING,
    PATTERNS,
    PRICES,
    SLOW,
    SLOWNESS,
)
from rego.codegen.conditions import ConditionWriter
from rego.optimize.shapes import DYNAMIC_LEVELS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rego.codegen.inline import Inline


MEMBERSHIP: Final = "internal.member_2"
#: Sizes that are not worth a charge: of collections, and of texts that are looked through.
_SMALL: Final = 16
_SHORT: Final = 255


class CallWriter(ConditionWriter):
    """Writes calls."""

    def _call(self, s: p.Call) -> bool:
        known = self.scope.function(s.func, len(s.args))
        if known is None:
            self._call_builtin(s)
            return True
        if len(known[1].params) != len(s.args):  # a function is no part of a document
            self.leave_if("True", "False")
            return False
        self._call_function(s)
        found = self.scope.returns(s.func)
        self.note(s.result, found.kind)
        if not found.defined:
            self._leave_if_undefined(s.result)
        return True

    def _call_function(self, s: p.Call) -> None:
        """Write the call of a function of the plan, up to its value."""
        number, function = self.scope.function(s.func, len(s.args)) or (0, None)
        if self._is_ours(s.args) and self.may_contain() and self.contain(s.func, s.result):
            self.note(s.result, None)
            return
        if self._is_ours(s.args) and len(s.args) > p.RULE_PARAMS and self.write_out(s):
            self.note(s.result, None)
            return
        args = ", ".join(map(self.read, s.args))
        if not self._is_ours(
            s.args
        ):  # answers about another input or other data are not remembered among ours
            self._count_step()
            self._set(s.result, f"{self.scope.call(number)}({args}, [N] * len(m), t, w)")
        elif function is not None and len(function.params) == p.RULE_PARAMS:  # memoised
            self._set(s.result, f"m[{self.scope.place(number)}]")
            target = self.local(s.result)
            self.emit(f"if {target} is N: {target} = {self.scope.call(number)}({args}, m, t, w)")
        else:
            self._count_step()
            self._set(s.result, f"{self.scope.call(number)}({args}, m, t, w)")

    def may_contain(self) -> bool:
        """Tell whether what is written here runs at most once in an evaluation."""
        in_scan = any(frame.scan for frame in self.frames)
        return self.runs_once and self.memo_fits and not self.closure_depth and not in_scan

    def contain(self, name: str, result: p.Local) -> bool:
        """Write a function's body here instead of its call, where that is possible; tell whether it was."""
        raise NotImplementedError

    def write_out(self, s: p.Call) -> bool:
        """Write a small function's body here instead of its call; tell whether it was."""
        raise NotImplementedError

    def _is_asked(self, s: p.Call, following: p.Statement | None) -> bool:
        """Tell a call whose value is only asked for not being false, and that gives nothing but booleans."""
        match following:
            case p.NotEqual(a=asked, b=False) if asked == s.result and type(asked) is int:
                return self.read_times[asked] == 1 and self._gives_boolean(s)
            case _:
                return False

    def _gives_boolean(self, s: p.Call) -> bool:
        known = self.scope.function(s.func, len(s.args))
        if known is not None:
            return len(known[1].params) == len(s.args) and self.scope.returns(s.func).kind == "bool"
        found = self._inline(s)
        return found is not None and found.kind == "bool" and (found.when is None or self.scope.strict)

    def _ask(self, s: p.Call) -> None:
        """Write a call whose value is only asked for being true."""
        if self.scope.function(s.func, len(s.args)) is None:
            found, call = self._inline(s), self._builtin(s)
            if found is not None and found.when is None:
                self.leave_if(f"not ({found.expression})", f"({found.expression})")
                return
            if found is not None:
                test = f"({found.expression} if {found.when} else {call})"
                self.leave_if(f"not {test}", test)
                return
        self._call_function(s)
        self.leave_if(f"{self.local(s.result)} is not True", f"{self.local(s.result)} is True")

    def _is_ours(self, args: tuple[p.Operand, ...]) -> bool:
        """Tell whether a call is about the input and the data that the memo is about."""
        return self.memo_fits and args[:2] == self.params[:2]

    def _count_step(self) -> None:
        """Where work is not bounded by the plan's size, take a step off the budget."""
        self._charge("1")

    def _charge(self, steps: str) -> None:
        self.emit(f"t[0] = c = t[0] - {steps}")
        self.emit("if c < 0: exhausted()")

    def _may_be_large(self, local: p.Local) -> bool:
        """Tell what may be looked through again and again; a lone loop looks at each member once."""
        loops = [frame for frame in self.frames if frame.scan]
        once = len(self.params) == p.RULE_PARAMS and len(loops) == 1 and local == loops[0].member
        return not once and local not in self.constants and self._kind(local) not in {"int", "bool", "null"}

    def _charge_if_large(self, value: str, measure: str, *, times: int = 1) -> None:
        large = f"len({value}) > {_SMALL}"
        if measure == "weight":  # a small collection may have large ones in it
            large = f"type({value}) is not str or len({value}) > {_SHORT}"
        self.emit(f"if type({value}) in sized and ({large}):")
        with self.indented():
            self._charge(f"{measure}({value})" + (f" * {times}" if times > 1 else ""))

    def _charge_call(self, s: p.Call) -> None:
        """Take off the budget what a call of a builtin costs besides the call."""
        looped = self._repeats() and s.func not in LIGHT
        price = PRICES.get(s.func, CALL_PRICE if looped and self._inline(s) is None else 0)
        pattern = s.args[PATTERNS[s.func]] if s.func in PATTERNS else None
        if type(pattern) is int and pattern not in self.constants:
            self._charge(f"pattern_price({self.read(pattern)})")
        elif price:
            self._charge(str(price))
        if s.func in SLOW or looped:
            self._charge_operands(s)

    def _charge_operands(self, s: p.Call) -> None:
        kinds = [self._kind(operand) for operand in s.args]
        if s.func in COMPARING and not {"str", "int", "bool", "null"}.isdisjoint(kinds):
            return
        if s.func == MEMBERSHIP and kinds[0] is None and type(s.args[0]) is type(s.args[1]) is int:
            self.emit(f"if {self._is_looked_up_dearly(*map(self.read, s.args))}:")
            with self.indented():
                self.emit("pass")
                self._charge_each(s, kinds)
            return
        self._charge_each(s, kinds)

    @staticmethod
    def _is_looked_up_dearly(member: str, collection: str) -> str:
        """Return an expression for a membership that is more than finding a text among a few, in C."""
        member_fits = f"type({member}) is str and len({member}) <= {_SHORT}"
        return f"not ({member_fits} and type({collection}) in sized and len({collection}) <= {_SMALL})"

    def _charge_each(self, s: p.Call, kinds: list[str | None]) -> None:
        for operand in s.args:
            if type(operand) is int and self._may_be_large(operand):
                if s.func == MEMBERSHIP and kinds[0] == "str":  # compared with texts, at the speed of C
                    self._charge_if_large(self.read(operand), "length_of")
                else:
                    self._charge_if_large(
                        self.read(operand), "weight", times=SLOWNESS if s.func in SLOW else 1
                    )

    def _call_builtin(self, s: p.Call) -> None:
        found, call = self._inline(s), self._builtin(s)
        if call is None:
            return
        kind = found.kind if found and (found.when is None or self.scope.strict) else None
        expression = call
        if found:
            expression = f"{found.expression} if {found.when} else {call}" if found.when else found.expression
        self._set(s.result, expression, kind)
        if s.func in MAKING or (self._repeats() and kind not in {"bool", "int"} and s.func not in LIGHT):
            self._charge_if_large(self.local(s.result), "size")
        if kind is None and (found is None or found.when is not None):
            self._leave_if_undefined(s.result)

    def _builtin(self, s: p.Call) -> str | None:
        """Return an expression for a builtin's call; write it where it has no value."""
        name, void, contextual = self.scope.builtin(s.func, len(s.args))
        args = list(map(self.read, s.args))
        self._charge_call(s)
        call = f"{name}({', '.join(['t[1]', *args] if contextual else args)})"
        if void:
            self.emit(call)
        return None if void else call

    def _inline(self, s: p.Call) -> Inline | None:
        if all(type(operand) is not int or operand in self.constants for operand in s.args):
            return None  # nothing that runs often, and Python warns of what looks like a slip
        return self.scope.inline(s.func, [*map(self.read, s.args)], [*map(self._kind, s.args)])

    def _refer(self, s: nodes.Reference) -> None:
        call: Any = s.dynamic.statements[0]
        self.emit(f"c = {self._rule_at(call)}")
        self.emit("if c is not None:")
        with self.indented():
            self._call_rule(call)
        self.emit("else:")
        before = self.facts.copy()
        with self.indented():
            self._set(s.target, "U", "undefined")
            self.settle(self.once(s.base))
        self.forget(before, (s.dynamic, s.base))
        self._leave_if_undefined(s.target)

    def _rule_at(self, s: p.CallDynamic) -> str:
        """Return an expression for the rule that a dynamic call is about, or None."""
        known = tuple(self._known_text(step) for step in s.path)
        open_ = [self.read(step) for step, text in zip(s.path, known, strict=True) if text is None]
        key = open_[0] if len(open_) == 1 else f"({''.join(f'{step}, ' for step in open_)})"
        asked = " and ".join(f"type({step}) is str" for step in open_)
        return f"{self.scope.rules_at(known)}.get({key})" + (f" if {asked} else None" if asked else "")

    def _known_text(self, operand: p.Operand) -> str | None:
        known = type(operand) is not int or operand in self.constants
        value = self._known(operand) if known else None
        return value if type(value) is str else None

    def _call_rule(self, s: p.CallDynamic) -> None:
        """Write the call of the rule that `c` holds."""
        args = ", ".join(map(self.read, s.args))
        if self._is_ours(s.args):
            self._set(s.result, "m[c[0]]")
            self.emit(f"if {self.local(s.result)} is N: {self.local(s.result)} = c[1]({args}, m, t, w)")
        else:
            self._count_step()
            self._set(s.result, f"c[1]({args}, [N] * len(m), t, w)")

    def _call_dynamic(self, s: p.CallDynamic) -> None:
        self.emit(f"c = {self._rule_at(s)}")
        self.leave_if("c is None", "c is not None")
        self._call_rule(s)
        # The rule exists, so its having no value counts: leave everything up to the reference.
        self.emit(f"if {self.local(s.result)} is U:")
        with self.indented():
            self.leave(DYNAMIC_LEVELS)

    WRITERS: ClassVar[Mapping[type[p.Statement], Callable[[Any, Any], bool | None]]] = {
        **ConditionWriter.WRITERS,
        p.Call: _call, p.CallDynamic: _call_dynamic, nodes.Reference: _refer,
    }  # fmt: skip
