"""Limits and budgets that hold: every allowance of a decision is reserved at once or not at all, then settled."""
