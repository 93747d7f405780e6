"""Random documents for small programs: mostly what these ask for, now and then something else, or nothing."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import strategies as st

_TEXTS: Final = st.sampled_from(
    ["", "a", "b", "c", "x", "xy", "k", "1", "0", "é", "É", "ß", "a b", "admin", "name", "10", "1.5",
     "1e3", "-0", "null", "[1]", '{"a":1}', '\n"q\\', "😀a", "\x00", "a\u2028<&>", "%d", "{x}",
     "elsewhere", "complete"]
)  # fmt: skip
_NUMBERS: Final = st.sampled_from(
    [0, 1, 2, 3, 5, 7, 10, 100, -1, -3, -7, 1.0, 2.0, 1.5, 0.1, 0.3, 2.5, -0.5, 99.99, 3.0000000001,
     1e-7, 1000.0, 123456.789, 2**53 + 1, 2**63, 2**64, 12345678901234567890123]
)  # fmt: skip
_SCALARS: Final = st.one_of(st.none(), st.booleans(), _NUMBERS, _TEXTS, _TEXTS)
_KEYS: Final = st.sampled_from(["a", "b", "c", "k", "x", "1", "a b", "é"])
VALUES: Final = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=6,
)
_ABSENT: Final = object()


def _mostly(fitting: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Values of the right type, and now and then of a wrong one, or none at all."""
    return st.one_of(*[fitting] * 6, VALUES, st.just(_ABSENT))


def _document(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    found = st.fixed_dictionaries({name: _mostly(fitting) for name, fitting in fields.items()})
    return found.map(lambda made: {name: value for name, value in made.items() if value is not _ABSENT})


_LISTS: Final = st.one_of(
    st.lists(st.sampled_from([0, 1, 2, 3, 5]), max_size=4),
    st.lists(st.sampled_from(["a", "b", "c", "x"]), max_size=4),
    st.lists(VALUES, max_size=3),
)
_OBJECTS: Final = st.one_of(
    st.dictionaries(_KEYS, VALUES, max_size=4),
    st.dictionaries(_KEYS, st.lists(_KEYS, max_size=3), max_size=4),
)
_USERS: Final = _document(
    name=st.sampled_from(["ann", "bob", "é", 1, None]),
    age=st.sampled_from([17, 18, 18.0, 30, "x"]),
    roles=st.lists(st.sampled_from(["admin", "dev", "a"]), max_size=3),
)
_DEEP: Final = st.sampled_from(
    [
        [1, [2, 3]],
        [["a", 1], ["b", 2]],
        {"a": {"b": 1}},
        [{"k": [1, 1]}, 2],
        {"path": 1},
        [1, [2, [3, {"x": [0]}]]],
    ]
)
INPUTS: Final = _document(
    a=VALUES, b=VALUES, c=_SCALARS, n=_NUMBERS, m=_NUMBERS, s=_TEXTS, t=_TEXTS, xs=_LISTS, ys=_LISTS,
    o=_OBJECTS, q=_OBJECTS, k=st.sampled_from(["a", "b", "1", "k", "p", 0, 1, 2, 1.0, None, True, [1]]),
    deep=_DEEP | VALUES, users=st.lists(_USERS, max_size=3),
)  # fmt: skip
_PLACES: Final = st.sampled_from(["0", "1", "2", "10", "-1", "1.5", "1.0", "01"])
_TEAMS: Final = st.sampled_from(["a", "b", "x", "xy", 1])
_ROWS: Final = _document(
    id=st.sampled_from([1, 2, "r", None]), team=_TEAMS, limit=st.sampled_from([0, 1, 3, 5, 2.5]),
    off=st.booleans(), names=st.lists(_TEAMS, max_size=2),
)  # fmt: skip
_MODES: Final = st.sampled_from(["on", "off", "warn", "shadow", "enforce", True, 1, 1.0, ""])
_RULES: Final = st.lists(st.sampled_from(["one", "two", "three", "four", "six", "a", "b", "c"]), max_size=4)


def _sometimes(*choices: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Values of one of some kinds; as often there is nothing, or nothing in it."""
    return st.one_of(*choices, *choices, st.just(_ABSENT), st.sampled_from([[], {}]), VALUES)


def _world(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    found = st.fixed_dictionaries(fields)
    return found.map(lambda made: {name: value for name, value in made.items() if value is not _ABSENT})


_TABLES: Final = _world(
    rows=_sometimes(st.lists(_ROWS, max_size=3), st.dictionaries(_KEYS, _ROWS, max_size=2)),
    table=_sometimes(st.dictionaries(_TEXTS, _ROWS, max_size=3)), names=_sometimes(_RULES),
    switches=_sometimes(st.dictionaries(st.sampled_from(["one", "two"]), _MODES)), mode=_sometimes(_MODES),
    empty=st.one_of(st.sampled_from([[], {}]), st.just(_ABSENT), VALUES),
    nowhere=st.one_of(
        *[st.just(_ABSENT)] * 4, st.sampled_from([[], {}]), VALUES, st.lists(_ROWS, max_size=2)
    ),
)  # fmt: skip
WORLDS: Final = st.builds(
    lambda one, other: one | other,
    _document(
        k=_SCALARS, o=_OBJECTS, xs=_LISTS, a=VALUES, numbered=st.dictionaries(_PLACES, VALUES, max_size=4)
    ),
    _TABLES,
)
