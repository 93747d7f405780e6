"""Rewrites functions of a plan into a form that is faster to run, with the same meaning."""

from rego.optimize.bodies import Bodies, Whole, are_alike
from rego.optimize.prepare import Prepared, prepared
from rego.optimize.specialise import Fitting, Surroundings

__all__ = [
    "Bodies",
    "Fitting",
    "Prepared",
    "Surroundings",
    "Whole",
    "are_alike",
    "prepared",
]
