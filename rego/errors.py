"""What can go wrong with a plan, and while one runs; knows nothing of values or statements."""

from __future__ import annotations

from dataclasses import dataclass

from typing_extensions import override


@dataclass(frozen=True, slots=True)
class Location:
    """A place in the Rego sources that a plan was compiled from.

    Args:
        file: Name of the module as the plan gives it; empty where the plan gives none.
        row: Line, counted from 1; 0 where the plan gives none.
        col: Column, counted from 1; 0 where the plan gives none.
    """

    file: str
    row: int
    col: int

    @override
    def __str__(self) -> str:
        return f"{self.file}:{self.row}:{self.col}"


class RegoError(Exception):
    """The root of every error of this package; `code` is stable, the message is for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class PlanError(RegoError):
    """A plan, its data, its annotations or an argument that is refused before anything runs.

    Codes: `plan.malformed`, `plan.unsupported_builtin`, `plan.recursive`, `plan.too_deep`,
    `plan.data_malformed`, `plan.annotations_malformed`, `plan.unknown_entrypoint`, and
    `plan.bad_argument` for a `max_steps` or `now_ns` that is none (that one at each evaluation).
    """


class EvaluationError(RegoError):
    """An evaluation that gave no answer; whoever asked must deny.

    Codes are OPA's (`eval_conflict_error`, `eval_builtin_error`, `eval_type_error`,
    `eval_internal_error`), and `eval_budget_exceeded` and `eval_depth_exceeded` of our own.
    """

    def __init__(self, code: str, message: str, location: Location | None = None) -> None:
        super().__init__(code, message if location is None else f"{location}: {message}")
        self.location = location


class BuiltinError(Exception):
    """A builtin refuses its arguments' meaning; strict evaluations end with `eval_builtin_error`."""

    code = "eval_builtin_error"


class OperandError(BuiltinError):
    """A builtin refuses an argument's type; strict evaluations end with `eval_type_error`."""

    code = "eval_type_error"
