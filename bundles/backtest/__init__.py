"""Replays recorded questions against two bundles and says what would be decided otherwise.

Knows bundles and `rego`, no log and no gateway: recorded decisions come in through `recorded.Recording`,
and what a gateway makes of a policy's answers through `effect.Gateway`. Stated in docs/backtest.md.
"""
