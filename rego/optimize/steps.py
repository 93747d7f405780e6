"""What is known after each type of statement that has no blocks in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from rego import nodes
from rego import plan as p
from rego.flow import CHANGES
from rego.optimize.asking import answer
from rego.optimize.exits import GOES_ON, MAY_STOP, RETURNS, STOPS, Exit
from rego.optimize.facts import DROPPED, Facts, Folded
from rego.optimize.kinds import kind_of
from rego.optimize.known import (
    ANYTHING,
    NOTHING,
    SOMETHING,
    Known,
    are_equal,
    exactly,
    is_one_of,
    joined,
    of_kind,
    one_of,
    stepped,
)
from rego.optimize.shapes import DYNAMIC_LEVELS
from rego.values import UNDEFINED, equal, length, members

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_GROWN: Final[Mapping[type[p.Statement], Known]] = {
    p.ArrayAppend: of_kind("list"), p.ObjectInsert: of_kind("dict"), p.ObjectInsertOnce: of_kind("dict"),
    p.SetAdd: of_kind("set"),
}  # fmt: skip
_TYPES: Final[Mapping[type[p.Statement], set[str]]] = {
    p.IsArray: {"list"}, p.IsObject: {"dict"}, p.IsSet: {"set"}, nodes.IsCollection: {"list", "dict", "set"},
}  # fmt: skip


class Steps(Facts):
    """Reads statements without blocks."""

    def _step(self, s: p.Dot) -> Folded:
        return self.find(s, s.target, stepped(self.value(s.source), self.value(s.key)))

    def _look_up(self, s: nodes.Lookup) -> Folded:
        found = self.value(s.source)
        for step in s.path:
            if found.values is None:
                break
            found = stepped(found, exactly(step))
        return self.find(s, s.target, ANYTHING if found.values is None else found)

    def _length(self, s: p.Len) -> Folded:
        values = self.value(s.source).values
        if values is None:
            return self.find(s, s.target, ANYTHING)
        sizes = [length(value) for value in values]
        defined = UNDEFINED not in sizes and self.value(s.source).defined
        return self.find(
            s, s.target, one_of((size for size in sizes if size is not UNDEFINED), defined=defined)
        )

    def _assign(self, s: p.AssignVar) -> Folded:
        known = self.value(s.source)
        self.set(s.target, known)
        return DROPPED if self.is_needless(s.target, known) else ((s,), GOES_ON)

    def _assign_constant(self, s: Any) -> Folded:
        known = exactly(None if isinstance(s, p.MakeNull) else s.value)
        self.set(s.target, known)
        return DROPPED if self.is_needless(s.target, known) else ((s,), GOES_ON)

    def _make(self, s: Any) -> Folded:
        kind = type(s)
        grows = s.target in self.uses.changed
        known = of_kind(str(kind_of(self.empty[kind].values[0]))) if grows else self.empty[kind]  # type: ignore[index]  # it has one
        self.set(s.target, known)
        return DROPPED if not grows and self.is_needless(s.target, known) else ((s,), GOES_ON)

    def _reset(self, s: p.ResetLocal) -> Folded:
        self.set(s.target, NOTHING)
        idle = not self.uses.read[s.target] and self.uses.written[s.target] == 1 and s.target != self.result
        return DROPPED if idle else ((s,), GOES_ON)

    def _assign_once(self, s: p.AssignVarOnce) -> Folded:
        before, known = self.value(s.target), self.value(s.source)
        fires = self.world.tracing and self.result is not None
        if fires or not (before.never or s.target in self.uses.agreed):
            self.quiet = False
        both = joined(before, known)
        self.set(s.target, known if before.never else both.sure() if known.defined else both.unsure())
        return (s,), GOES_ON

    def _grow(self, s: p.Statement) -> Folded:
        target = getattr(s, CHANGES[type(s)])
        fires = target == self.result and self.world.tracing and isinstance(s, p.SetAdd)
        if fires or target not in self.uses.owned or isinstance(s, p.ObjectInsertOnce):
            self.quiet = False
        self.set(target, _GROWN[type(s)])
        return (s,), GOES_ON

    def _merge(self, s: p.ObjectMerge) -> Folded:
        self.set(s.target, SOMETHING)
        return (s,), GOES_ON

    # ── conditions ─────────────────────────────────────────────────────────────────────────────

    def _equal(self, s: p.Equal) -> Folded:
        return self.keep(s, when=self._compared(s.a, s.b))

    def _not_equal(self, s: p.NotEqual) -> Folded:
        same = self._compared(s.a, s.b)
        return self.keep(s, when=None if same is None else not same)

    def _compared(self, a: p.Operand, b: p.Operand) -> bool | None:
        one, other = self.value(a), self.value(b)
        return are_equal(one, other) if one.defined and other.defined else None

    def _is_type(self, s: Any) -> Folded:
        known = self.value(s.source)
        return self.keep(s, when=is_one_of(known, _TYPES[type(s)]) if known.defined else None)

    def _is_defined(self, s: p.IsDefined) -> Folded:
        known = self.value(s.source)
        if known.never or (known.defined and s.source == self.result):
            return self.keep(s, when=known.defined)
        self.set(s.source, known.sure())
        # It stays even where it holds: it tells the planner's copy of a result from a rule's own.
        return (s,), GOES_ON if known.defined else MAY_STOP

    def _is_undefined(self, s: p.IsUndefined) -> Folded:
        known = self.value(s.source)
        if known.defined or known.never:
            return self.keep(s, when=known.never)
        self.set(s.source, NOTHING)
        return (s,), MAY_STOP

    def _may_be(self, s: nodes.MayBe) -> Folded:
        values = self.value(s.source).values
        if values is None or not self.value(s.source).defined:
            return (s,), MAY_STOP
        found = {any(equal(a, b) for a in (value, *members(value)) for b in s.values) for value in values}
        return self.keep(s, when=found.pop() if len(found) == 1 else None)

    def _has_affix(self, s: nodes.HasAffix) -> Folded:
        return (s,), MAY_STOP

    # ── calls ──────────────────────────────────────────────────────────────────────────────────

    def _call(self, s: p.Call) -> Folded:
        summary = self.world.summary(s)
        if summary is not None:
            return self.find(s, s.result, summary.value, quiet=summary.quiet)
        implementation = self.world.builtin(s)
        if implementation is not None:
            known, quiet = answer(s.func, implementation, [self.value(operand) for operand in s.args])
            return self.find(s, s.result, known, quiet=quiet)
        self.quiet = False
        self.set(s.result, SOMETHING)
        return (s,), GOES_ON if self.world.is_void(s.func) else MAY_STOP

    def _call_dynamic(self, s: p.CallDynamic) -> Folded:
        summaries, _ = self.world.rules([self.value(step) for step in s.path])
        self.quiet = self.quiet and all(found.quiet for found in summaries)
        self.set(s.result, SOMETHING)
        return (s,), Exit(goes_on=True, stops=True, breaks=frozenset({DYNAMIC_LEVELS}))

    # ── ways out ───────────────────────────────────────────────────────────────────────────────

    def _break(self, s: p.Break) -> Folded:
        if s.index == 0:
            return (s,), STOPS
        return (s,), Exit(goes_on=False, stops=False, breaks=frozenset({s.index}))

    def _return(self, s: p.ReturnLocal) -> Folded:
        known = self.value(s.source)
        self.given_back = known if self.given_back is NOTHING else joined(self.given_back, known)
        return (s,), RETURNS

    def _answer(self, s: p.ResultSetAdd) -> Folded:
        self.quiet = False
        return (s,), GOES_ON

    def _nothing(self, _: p.Nop) -> Folded:
        return DROPPED

    FOLDERS: ClassVar[Mapping[type[p.Statement], Callable[[Any, Any], Folded]]] = {
        p.ArrayAppend: _grow, p.AssignInt: _assign_constant, p.AssignVar: _assign,
        p.AssignVarOnce: _assign_once, p.Break: _break, p.Call: _call, p.CallDynamic: _call_dynamic,
        p.Dot: _step, p.Equal: _equal, p.IsArray: _is_type, p.IsDefined: _is_defined,
        p.IsObject: _is_type, p.IsSet: _is_type, p.IsUndefined: _is_undefined, p.Len: _length,
        p.MakeArray: _make, p.MakeNull: _assign_constant, p.MakeNumberInt: _assign_constant,
        p.MakeNumberRef: _assign_constant, p.MakeObject: _make, p.MakeSet: _make, p.Nop: _nothing,
        p.NotEqual: _not_equal, p.ObjectInsert: _grow, p.ObjectInsertOnce: _grow, p.ObjectMerge: _merge,
        p.ResetLocal: _reset, p.ResultSetAdd: _answer, p.ReturnLocal: _return, p.SetAdd: _grow,
        nodes.HasAffix: _has_affix, nodes.IsCollection: _is_type, nodes.Lookup: _look_up,
        nodes.MayBe: _may_be,
    }  # fmt: skip
