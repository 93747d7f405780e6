"""The public face: load a plan once, evaluate it many times, from any thread.

Longer than most modules because all that a host may ask is documented here, and what it passes checked.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from typing_extensions import override

from rego import analysis, archive, plan
from rego.annotations import Annotations, Fired
from rego.builtins import tables
from rego.builtins.context import Context, Patterns, WithContext
from rego.collector import resting
from rego.compiler import (
    ANSWERS,
    BUDGET,
    CONTEXT,
    Builtins,
    Ready,
    ready,
)
from rego.errors import BuiltinError, EvaluationError, Location, PlanError
from rego.output import to_json
from rego.programs import Asked, Programs
from rego.purity import is_pure
from rego.runtime import exhausted
from rego.values import TYPE_NAMES, UNDEFINED, RegoSet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

DEFAULT_MAX_STEPS: Final = 1_000_000
_SHOWN: Final = 3  # names of entrypoints that a `repr` has
_PLAIN: Final = frozenset({str, int, bool, type(None)})


class Result(NamedTuple):
    """What an evaluation found.

    Args:
        value: The entrypoint's value as plain JSON (sets as sorted arrays); None where it is undefined.
            One thing is not plain: a computed number that no double holds exactly is a `decimal.Decimal`.
            `json.dumps(value, default=float)` writes it as the nearest double.
        defined: Whether there is a value. Undefined is neither false nor null: whoever asked must deny.
        fired: The heads of the rules that gave a result, in the order of the plan.
        statements: How much work it was, in steps: rounds of loops, calls of functions that are not
            remembered, and the size of what builtins made or looked through.
    """

    value: Any
    defined: bool
    fired: tuple[Location, ...]
    statements: int


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Policy:
    """A compiled policy with its data; immutable, and shared by as many threads as like.

    Make one with `Policy.load`. Two policies are never equal: each is itself alone.
    """

    _ready: Ready
    _programs: Programs
    _asked: Mapping[str, Asked]
    _data: Mapping[str, Any]
    _max_steps: int
    _print: Callable[[str], None] | None
    _patterns: Patterns

    @classmethod
    def load(  # noqa: PLR0913 - all that a host may choose, by name
        cls,
        document: bytes | Mapping[str, Any],
        data: Mapping[str, Any] | None = None,
        *,
        builtins: Mapping[str, Callable[..., Any] | WithContext] | None = None,
        strict_builtin_errors: bool = True,
        max_steps: int = DEFAULT_MAX_STEPS,
        on_print: Callable[[str], None] | None = None,
        tracing: bool = True,
        specialise: bool = True,
    ) -> Policy:
        """Read and check a plan.

        It is compiled when it is first asked, each entrypoint for itself: see `prepare`.

        Args:
            document: An OPA bundle (`tar.gz`) with a plan, or `plan.json`, as bytes or parsed.
                A bundle's signature is not checked.
            data: The base documents. Kept as it is, not copied: do not change it afterwards.
                Where it is None, the bundle's own, or none for a plan.
            builtins: The host's implementations, by OPA's names; they take and return Rego values and go
                before our own. Builtins that reach outside (`http.send`, `opa.runtime`,
                `net.lookup_ip_addr`, `rand.intn`) exist only so; `rego.builtins.outside` has some ready.
            strict_builtin_errors: End the evaluation on an error in a builtin; else the call is undefined.
            max_steps: How many steps an evaluation may take before `eval_budget_exceeded`; at least 1.
            on_print: Receives the text of `print` calls; without it they do nothing.
            tracing: Whether results say which rules fired.
            specialise: Leave out what can't come to a result over this data: rules without a row in their
                tables, and all that only they ask. No answer differs, and no rule that fires;
                `reads` and `pure` are about what is left, and `with_data` may have to compile again.

        Raises:
            PlanError: Whatever is wrong with the plan, the data, or a builtin that is not there;
                `plan.bad_argument` where `max_steps` is no whole number of 1 or more.
        """
        if type(max_steps) is not int or max_steps < 1:
            raise PlanError("plan.bad_argument", "max_steps is a whole number of 1 or more")
        if isinstance(document, bytes) and archive.is_bundle(document):
            document, own = archive.read(document)
            data = own if data is None else data
        data = {} if data is None else data
        _require_json(data)
        given = dict(builtins or {})
        with resting():
            parsed = plan.parse(document)
            there = tables(parsed.builtins, given)
            found = ready(
                parsed, Builtins(there, given.keys(), strict=strict_builtin_errors, tracing=tracing)
            )
        programs = Programs(found, data, specialise=specialise)
        return cls(found, programs, programs.asked, data, max_steps, on_print, Patterns())

    @override
    def __repr__(self) -> str:
        names = ", ".join(map(repr, self.entrypoints[:_SHOWN]))
        more = ", ..." if len(self.entrypoints) > _SHOWN else ""
        return (
            f"<Policy of {len(self.entrypoints)} entrypoints ({names:.120}{more}), "
            f"{len(self.plan.functions)} functions, {len(self.plan.builtins)} builtins>"
        )

    @property
    def entrypoints(self) -> tuple[str, ...]:
        """The names that `evaluate` takes."""
        return tuple(found.name for found in self.plan.entrypoints)

    @property
    def pure(self) -> bool:
        """Whether equal questions always have equal answers; see `rego.purity`."""
        return is_pure(self._programs.called(), self._ready.builtins.given)

    @property
    def plan(self) -> plan.Plan:
        """The plan as typed, frozen nodes (`rego.plan`), for whoever analyses it."""
        return self._ready.plan

    def explain(self, fired: Iterable[Location], annotations: Annotations | None = None) -> tuple[Fired, ...]:
        """Say of the rules that fired which they are, and what their authors wrote about them.

        Args:
            fired: `Result.fired`.
            annotations: The bundle's; without them only the rules' paths are told.
        """
        known = annotations or Annotations()
        owners = self._ready.owners
        heads = Counter(owners.values() if annotations else ())
        found = []
        for location in fired:
            path = owners.get(location, ())
            said = known.about(path, location, alone=heads[path] == 1)
            found.append(Fired(location, ".".join(("data", *path)) if path else "", said))
        return tuple(found)

    def prepare(self, entrypoints: Iterable[str] | None = None) -> Policy:
        """Compile entrypoints, so that whoever asks first need not wait for it; all of them by default.

        A host does so before it puts a policy in the place of another. Returns the policy itself.

        Raises:
            PlanError: `plan.unknown_entrypoint`; `plan.too_deep`, if one is nested deeper than Python can
                compile.
        """
        for name in self.entrypoints if entrypoints is None else entrypoints:
            self._programs.ask(name)
        return self

    def with_data(self, data: Mapping[str, Any]) -> Policy:
        """Return the same policy over other base documents.

        What was left out over the data before may be wanted now. So the plan is fitted to the new data, from
        what it does over any, when an entrypoint is first asked or prepared; it is compiled again only where
        that leaves something else than before. With `specialise=False` nothing is compiled again.

        Raises:
            PlanError: `plan.data_malformed` where the data is not JSON.
        """
        _require_json(data)
        programs = self._programs.over(data)
        return replace(self, _programs=programs, _asked=programs.asked, _data=data)

    def reads(self, entrypoint: str) -> analysis.Reads:
        """Return the paths of the input that an entrypoint can read over this data; see `rego.analysis`.

        Raises:
            PlanError: `plan.unknown_entrypoint`.
        """
        return analysis.input_reads(self.plan, self._programs.bodies(entrypoint), entrypoint)

    def evaluate(self, entrypoint: str, input: Any, *, now_ns: int | None = None) -> Result:  # noqa: A002 - Rego's word
        """Answer one question.

        Args:
            entrypoint: One of `entrypoints`.
            input: The input document as a JSON parser makes it, or `UNDEFINED`. Neither copied nor changed.
            now_ns: The time that the policy sees, nanoseconds since 1970 UTC; the clock's where it is None.

        Raises:
            PlanError: `plan.unknown_entrypoint`; `plan.bad_argument` where `now_ns` is no `int` and not None;
                what `prepare` raises, where nobody has prepared or asked the entrypoint before.
            EvaluationError: There is no answer; see its `code`.
        """
        asked = self._asked.get(entrypoint) or self._programs.ask(entrypoint)
        state: list[Any] = [self._max_steps, None, None]
        fired: dict[int, int] = {}
        value = self._run(asked, input, now_ns, state, fired, _only_value)
        rules = asked.program.rules
        where = tuple(map(rules.__getitem__, sorted(fired)))
        defined = value is not UNDEFINED
        return Result(value if defined else None, defined, where, self._max_steps - state[BUDGET])

    def bindings(self, entrypoint: str, input: Any, *, now_ns: int | None = None) -> list[dict[str, Any]]:  # noqa: A002 - Rego's word
        """Return every answer of a query, each the values of its variables as JSON; empty where undefined.

        Raises:
            PlanError: `plan.unknown_entrypoint`; `plan.bad_argument` where `now_ns` is no `int` and not None;
                what `prepare` raises, where nobody has prepared or asked the entrypoint before.
            EvaluationError: There is no answer; see its `code`.
        """
        state: list[Any] = [self._max_steps, None, None]
        asked = self._programs.ask(entrypoint)
        found: list[dict[str, Any]] = self._run(asked, input, now_ns, state, {}, _all_answers)
        return found

    def _run(
        self,
        asked: Asked,
        given: Any,
        now_ns: int | None,
        state: list[Any],
        fired: dict[int, int],
        finish: Callable[[list[Any]], Any],
    ) -> Any:
        if now_ns is not None and type(now_ns) is not int:
            raise PlanError("plan.bad_argument", "now_ns is a whole number of nanoseconds, or None")
        answers: list[Any] = []
        state[ANSWERS] = answers
        program = asked.program
        if program.contextual:
            state[CONTEXT] = Context(now_ns, self._print, self._patterns)
        try:
            asked.run(given, self._data, asked.memo.copy(), state, fired)
            if state[BUDGET] < 0:  # a lone loop is not cut off: it cannot be longer than what it is about
                exhausted()
            return finish(answers)
        except BuiltinError as error:
            where = program.locate(error.__traceback__)
            raise EvaluationError(error.code, str(error), where) from error
        except EvaluationError as error:
            where = error.location or program.locate(error.__traceback__)
            raise EvaluationError(error.code, error.message, where) from None
        except RecursionError as error:
            raise EvaluationError("eval_depth_exceeded", "rules or documents are nested too deep") from error
        except (
            Exception
        ) as error:  # a plan that OPA did not write can do anything; it still must not get an answer
            where = program.locate(error.__traceback__)
            raise EvaluationError("eval_internal_error", type(error).__name__, where) from error


def _only_value(answers: list[Any]) -> Any:
    """Return the value of an entrypoint's answer; `opa build` calls it "result"."""
    return to_json(answers[0]["result"]) if answers else UNDEFINED


def _all_answers(answers: list[Any]) -> list[Any]:
    return [to_json(answer) for answer in RegoSet(answers)]


def _not_finite(value: Any) -> str:
    """Return what a number is that JSON hasn't; empty for any other value."""
    if type(value) is float and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "an infinite number"
    if type(value) is Decimal and not value.is_finite():
        return "NaN" if value.is_nan() else "an infinite number"
    return ""


def _require_json(data: Mapping[str, Any]) -> None:
    """Refuse data that generated code would misread: it asks for exact types."""
    if type(data) is not dict:
        raise PlanError("plan.data_malformed", "the data is an object")
    rest: list[Any] = [data]
    above: set[int] = set()
    done: set[int] = set()
    while rest:
        place = id(rest[-1])
        if place in above or place in done:
            rest.pop()
            above.discard(place)
            done.add(place)
            continue
        inner = _composites(rest[-1])
        if not inner:
            rest.pop()
            continue
        above.add(place)
        if not above.isdisjoint(map(id, inner)):  # reading it would never end
            raise PlanError("plan.data_malformed", "a part of the data holds itself")
        rest.extend(inner)


def _composites(value: Any) -> list[Any]:
    """Return the arrays and objects in a part of the data, once all else in it is known to be JSON."""
    items = value
    if type(value) is dict:
        if not set(map(type, value)) <= {str}:
            raise PlanError("plan.data_malformed", "a key in the data is not a string")
        items = value.values()
    kinds = set(map(type, items))
    if kinds <= _PLAIN:
        return []
    for item in items:
        if type(item) not in TYPE_NAMES or type(item) is RegoSet:
            raise PlanError("plan.data_malformed", f"the data has a {type(item).__name__} in it")
        if named := _not_finite(item):
            raise PlanError("plan.data_malformed", f"the data has {named} in it")
    return [item for item in items if type(item) is dict or type(item) is list]
