"""Limits and budgets that hold: what a decision allows is reserved at once or not at all; then settled."""
