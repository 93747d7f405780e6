"""The gateway's own rooms of commands: `regent budgets`, `regent ledger`."""
