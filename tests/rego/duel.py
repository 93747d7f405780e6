"""The same questions, put to a policy of ours and to an OPA with the same rules; knows no question itself."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import pytest

from rego import EvaluationError, Policy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.servers.opa_pipe import Pipe

#: What kind of answer (value, undefined, error), and the value or the error's code.
Answer: TypeAlias = tuple[str, Any]
_OK: Final = 200


class Duel:
    """A policy and an OPA that has the same rules; counts what it compared.

    Once two answers differ, only that entrypoint is asked any more: a smaller example is then found quickly.

    Args:
        policy: Ours.
        pipe: A connection to theirs.
        root: The name of the base document that is different from one time to the next.
        strict: Whether errors in builtins end an evaluation.
    """

    def __init__(self, policy: Policy, pipe: Pipe, root: str, *, strict: bool = True) -> None:
        self.compared = 0
        self._policy = policy
        self._pipe = pipe
        self._root = root
        self._strict = strict
        self._suspects: tuple[str, ...] = ()

    def fight(self, data: Any, documents: Iterable[Any]) -> None:
        """Compare all answers to some documents over some data."""
        self._pipe.put(self._root, data)
        policy = self._policy.with_data({self._root: data})
        for document in documents:
            entrypoints = self._suspects or policy.entrypoints
            answers = self._pipe.ask(entrypoints, document, strict=self._strict)
            for entrypoint, answer in zip(entrypoints, answers, strict=True):
                theirs, ours = _theirs(*answer), _ours(policy, entrypoint, document)
                if theirs != ours:
                    self._suspects = (entrypoint,)
                    pytest.fail(
                        f"{entrypoint}: opa {theirs}, ours {ours}\n"
                        f"input {json.dumps(document)}\ndata.{self._root} {json.dumps(data)}"
                    )
            self.compared += len(entrypoints)


def _theirs(status: int, answer: bytes) -> Answer:
    found = json.loads(answer, parse_float=Decimal)
    if status == _OK:
        return ("value", _comparable(found["result"])) if "result" in found else ("undefined", None)
    return "error", found["errors"][0]["code"] if "errors" in found else found


def _ours(policy: Policy, entrypoint: str, document: Any) -> Answer:
    try:
        result = policy.evaluate(entrypoint, document)
    except EvaluationError as error:
        return "error", error.code
    return ("value", _comparable(result.value)) if result.defined else ("undefined", None)


def _comparable(value: Any) -> Any:
    """Return JSON in which `==` is Rego's: numbers by their exact value, and never equal to a boolean."""
    kind = type(value)
    if kind is dict:
        return {name: _comparable(item) for name, item in value.items()}
    if kind is list:
        return [_comparable(item) for item in value]
    if kind is float or kind is int or kind is Decimal:
        return "number", Fraction(repr(value) if kind is float else value)
    return value
