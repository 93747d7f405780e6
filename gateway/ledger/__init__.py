"""Limits and budgets that hold: all that a decision allows is reserved at once or not at all; then settled."""
