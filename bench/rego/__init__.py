"""Measures `rego/` beside `opa bench` and an OPA server: the same policies, data and questions, in turn."""
