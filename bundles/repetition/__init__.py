"""Makes recorded decisions again, with the bundles that made them, and says where the two differ.

Knows bundles and `rego`, no log and no gateway: decisions and bundles come in through `ports`. A backtest,
for authors, compares a candidate with the active bundle; this, for auditors, compares a bundle with what is
on record. Stated in docs/auditors-handbook.md.
"""
