"""What an operator needs to know of a log's folder. Looks, changes nothing, and proves nothing.

Proof is `audit.verify`'s matter, which trusts no file here; this room looks for what goes wrong without
anybody's ill will: modes, space, clocks, what lags behind, what a crash has left.
"""
