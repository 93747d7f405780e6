"""Reading the log back: for people and for replays, which is never evidence, and for those who verify.

What `exact`, `proving` and `published` hand out holds by itself or not at all; whoever checks it needs none
of this: that is `audit.verify`'s matter.
"""
