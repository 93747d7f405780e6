"""Evaluates OPA's compiled policies (plans) in Python: loaded once, asked many times, from any thread."""

from rego.analysis import Reads
from rego.annotations import Annotation, Annotations, Fired
from rego.builtins.context import WithContext
from rego.errors import EvaluationError, Location, PlanError, RegoError
from rego.policy import Policy, Result
from rego.values import UNDEFINED

__all__ = [
    "UNDEFINED",
    "Annotation",
    "Annotations",
    "EvaluationError",
    "Fired",
    "Location",
    "PlanError",
    "Policy",
    "Reads",
    "RegoError",
    "Result",
    "WithContext",
]
