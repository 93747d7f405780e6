"""The gateway: receives calls, asks the policy engine and obeys it; knows no provider and no rule."""

__version__ = "0.1.0"
