"""Rewrites functions of a plan into a form that is faster to run, with the same meaning."""

from rego.optimize.prepare import Prepared, plain, prepared

__all__ = ["Prepared", "plain", "prepared"]
