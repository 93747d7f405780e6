"""Evaluates OPA's compiled policies (plans) in Python: loaded once, asked many times, from any thread."""

from rego.errors import EvaluationError, Location, PlanError, RegoError
from rego.policy import Policy, Result
from rego.values import UNDEFINED

__all__ = ["UNDEFINED", "EvaluationError", "Location", "PlanError", "Policy", "RegoError", "Result"]
