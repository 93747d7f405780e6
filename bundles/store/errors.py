"""What can go wrong at the store of revisions: one error with a stable code."""

from __future__ import annotations

from typing import Literal

Code = Literal[
    "store.unavailable",  # the store can't be read or written
    "store.conflict",  # somebody else changed the same thing first
    "store.unknown",  # no revision of that name, or more than one
    "store.state",  # the revision is in a state from which this can't be done
    "store.untested",  # its tests fail, reach too little, or there are none
    "store.approval",  # that person may not, the key isn't theirs, or approvals are lacking
    "store.unsigned",  # gateways would refuse it without a release key's signature
    "store.damaged",  # a file of the store isn't what the store wrote
    "store.journal",  # the step couldn't be recorded, so it wasn't taken
]


class StoreError(Exception):
    """Something wasn't done; whatever was active is still active.

    Args:
        code: stable name of what is wrong.
        detail: for the operator; names revisions, people and files, never their content.
    """

    def __init__(self, code: Code, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code: Code = code
        self.detail = detail
