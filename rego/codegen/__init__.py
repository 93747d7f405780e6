"""Turns functions of a plan into Python source; runs nothing."""

from rego.codegen.blocks import Lines
from rego.codegen.function import write_fetch, write_function, write_walk
from rego.codegen.scope import Scope

__all__ = ["Lines", "Scope", "write_fetch", "write_function", "write_walk"]
