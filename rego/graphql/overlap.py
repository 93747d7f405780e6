"""Whether fields that are answered under one name are the same field: `OverlappingFieldsCanBeMerged`.

The rule's verdict depends on the order in which gqlparser asks: which fragments a set of fields was
compared to is written down in one place for all sets that are under comparison at once,
so a comparison within another one can make the outer one pass over a fragment, and a conflict with it.
Therefore comparisons are made in gqlparser's order, with its memory.

All other rules hold already: every field is known with its type, and no fragment leads back to itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from rego.graphql.ast import OBJECT, Field, FragmentSpread
from rego.graphql.errors import GraphQLError
from rego.graphql.limits import MAX_DEPTH, too_deep
from rego.graphql.types import conflict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rego.graphql.ast import Definition, FragmentDefinition, QueryDocument, Selection
    from rego.graphql.limits import Work

#: Fields by the name that they are answered under.
_Fields: TypeAlias = "dict[str, list[Field]]"


def check_overlap(
    document: QueryDocument,
    fragments: Mapping[str, FragmentDefinition],
    types: Mapping[str, Definition],
    work: Work,
) -> None:
    """Check that no two fields conflict.

    Args:
        document: A query of whose fields the definitions are written down.
        fragments: Its fragments by name.
        types: The schema's types by name.
        work: What the validation may still do.

    Raises:
        GraphQLError: Two fields conflict.
        EvaluationError: It takes too many comparisons to tell, or they nest too deep.
    """
    rule = _Overlap(fragments, types, work)
    for operation in document.operations:
        for selection_set in rule.sets(operation.selection_set, of_fields=True):
            rule.check(selection_set)
        rule.check(operation.selection_set)
    for fragment in document.fragments:
        for selection_set in rule.sets(fragment.selection_set, of_fields=False):
            rule.check(selection_set)
        rule.check(fragment.selection_set)


class _Overlap:
    def __init__(
        self, fragments: Mapping[str, FragmentDefinition], types: Mapping[str, Definition], work: Work
    ) -> None:
        self._fragments = fragments
        self._types = types
        self._work = work
        self._depth = 0
        self._collected: dict[int, tuple[_Fields, list[str]]] = {}
        self._compared_pairs: dict[tuple[str, str], bool] = {}
        self._compared: set[str] = set()

    def sets(self, root: Sequence[Selection], *, of_fields: bool) -> Iterator[Sequence[Selection]]:
        """Yield the selection sets in one, inner ones first, those of inline fragments and maybe of fields.

        A fragment is entered where it is first spread.
        """
        seen: set[str] = set()
        path: list[tuple[Iterator[Selection], Sequence[Selection]]] = [(iter(root), ())]
        while path:
            selections, owned = path[-1]
            for selection in selections:
                self._work.spend()
                if not isinstance(selection, FragmentSpread):
                    inner = selection.selection_set
                    path.append((iter(inner), inner if of_fields or not isinstance(selection, Field) else ()))
                    break
                if selection.name not in seen:
                    seen.add(selection.name)
                    path.append((iter(self._fragments[selection.name].selection_set), ()))
                    break
            else:
                path.pop()
                if owned:
                    yield owned

    def check(self, selection_set: Sequence[Selection]) -> None:
        """Check the fields of one selection set and of the fragments spread in it."""
        fields, spreads = self._collect(selection_set)
        for alike in fields.values():
            for place, one in enumerate(alike):
                for other in alike[place + 1 :]:
                    self._compare(one, other, exclusive=False)
        self._compared = set()
        for place, spread in enumerate(spreads):
            self._compare_to_fragment(fields, spread, exclusive=False)
            for other_spread in spreads[place + 1 :]:
                self._compare_fragments(spread, other_spread, exclusive=False)

    # ── comparisons between sets ────────────────────────────────────────────────────────────────

    def _compare_to_fragment(self, fields: _Fields, spread: str, *, exclusive: bool) -> None:
        """Compare fields to those of a fragment, and of the fragments spread in it."""
        rest = [spread]
        while rest:
            name = rest.pop()
            self._work.spend()
            if name in self._compared:
                continue
            self._compared.add(name)
            others, spreads = self._collect(self._fragments[name].selection_set)
            if fields or others:
                self._compare_sets(fields, others, exclusive=exclusive)
                rest += reversed(spreads)

    def _compare_fragments(self, one: str, other: str, *, exclusive: bool) -> None:
        """Compare two fragments, and each to the fragments spread in the other."""
        rest = [(one, other)]
        while rest:
            pair = rest.pop()
            self._work.spend()
            # Whether fields can be asked of one object at once: if so, more of them conflict.
            known = self._compared_pairs.get(pair)
            if pair[0] == pair[1] or (known is not None and (exclusive or not known)):
                continue
            self._compared_pairs[pair] = self._compared_pairs[pair[::-1]] = exclusive
            fields, spreads = self._collect(self._fragments[pair[0]].selection_set)
            others, other_spreads = self._collect(self._fragments[pair[1]].selection_set)
            self._compare_sets(fields, others, exclusive=exclusive)
            inner = [(pair[0], name) for name in other_spreads] + [(name, pair[1]) for name in spreads]
            rest += reversed(inner)

    def _compare_selections(
        self, one: Sequence[Selection], other: Sequence[Selection], *, exclusive: bool
    ) -> None:
        """Compare the selection sets of two fields."""
        fields, spreads = self._collect(one)
        others, other_spreads = self._collect(other)
        self._compare_sets(fields, others, exclusive=exclusive)
        for name in other_spreads:
            self._compared = set()
            self._compare_to_fragment(fields, name, exclusive=exclusive)
        for name in spreads:
            self._compared = set()
            self._compare_to_fragment(others, name, exclusive=exclusive)
        for name in spreads:
            for other_name in other_spreads:
                self._compare_fragments(name, other_name, exclusive=exclusive)

    def _compare_sets(self, fields: _Fields, others: _Fields, *, exclusive: bool) -> None:
        self._work.spend(len(fields) if others else 0)
        for name, alike in fields.items() if others else ():
            against = others.get(name, ())
            for one in alike if against else ():
                for other in against:
                    self._compare(one, other, exclusive=exclusive)

    # ── comparisons between fields ──────────────────────────────────────────────────────────────

    def _compare(self, one: Field, other: Field, *, exclusive: bool) -> None:
        """Compare two fields that are answered under one name, and what is asked of them.

        Args:
            one: A field.
            other: A field.
            exclusive: Whether no object is asked for both.

        Raises:
            GraphQLError: They conflict.
        """
        self._work.spend()
        parent, other_parent = one.object_definition, other.object_definition
        exclusive = exclusive or (
            parent.name != other_parent.name and parent.kind == OBJECT and other_parent.kind == OBJECT
        )
        if not exclusive and one.name != other.name:
            raise _conflict(one, f'"{one.name}" and "{other.name}" are different fields')
        if not exclusive and _arguments(one) != _arguments(other):
            raise _conflict(one, "they have differing arguments")
        if conflict(one.definition.type, other.definition.type, self._types):
            raise _conflict(one, "they return conflicting types")
        if one.selection_set or other.selection_set:
            # Fragments may nest fields deeper than any text does.
            self._depth += 1
            if self._depth > MAX_DEPTH:
                raise too_deep()
            self._compare_selections(one.selection_set, other.selection_set, exclusive=exclusive)
            self._depth -= 1

    def _collect(self, selection_set: Sequence[Selection]) -> tuple[_Fields, list[str]]:
        """Return a selection set's fields, those in inline fragments, too, and the fragments spread in it.

        Of fields without selections that are alike in all that matters one is enough: a query that repeats
        one field ten thousand times must not cost fifty million comparisons.
        """
        found = self._collected.get(id(selection_set))
        if found is not None:
            return found
        fields: _Fields = {}
        spreads: list[str] = []
        seen: set[tuple[str, str, str, frozenset[tuple[str, int, str]]]] = set()
        for selection in _flat(selection_set):
            if isinstance(selection, FragmentSpread):
                spreads.append(selection.name)
                continue
            name = selection.alias or selection.name
            alike = (name, selection.name, selection.object_definition.name, _arguments(selection))
            if selection.selection_set or alike not in seen:
                fields.setdefault(name, []).append(selection)
                if not selection.selection_set:
                    seen.add(alike)
        self._collected[id(selection_set)] = found = (fields, spreads)
        return found


def _flat(selection_set: Sequence[Selection]) -> Iterator[Field | FragmentSpread]:
    """Yield a selection set's fields and spreads in their order, with what is in inline fragments."""
    path = [iter(selection_set)]
    while path:
        for selection in path[-1]:
            if isinstance(selection, Field | FragmentSpread):
                yield selection
            else:
                path.append(iter(selection.selection_set))
                break
        else:
            path.pop()


def _arguments(field: Field) -> frozenset[tuple[str, int, str]]:
    """Return what gqlparser compares of arguments: all lists are the same to it, and all objects."""
    return frozenset((argument.name, argument.value.kind, argument.value.raw) for argument in field.arguments)


def _conflict(field: Field, reason: str) -> GraphQLError:
    return GraphQLError(f'Fields "{field.alias or field.name}" conflict because {reason}.')
