"""The standing words of a pack's report: what it is, how to check it, what it doesn't prove."""


def _flowing(text: str) -> str:
    return " ".join(text.split())


KINDS = {
    "whole": "A whole range: every entry from the first to the last is in the pack.",
    "filtered": _flowing("""
        A filtered range: the entries that match are in the pack, and of the others in between their hashes,
        so that their number and places are proven.
    """),
    "single": "Single entries, each with a proof that it stands in the log.",
}

WHAT = _flowing("""
    This pack holds records of a gateway's decisions about calls to language models, exactly as they were
    logged, the signed checkpoint that they stand under, and the hashes that lead from the one to the other.
    This page sums them up for people. It proves nothing by itself: the records do, once they are checked as
    the section “How to check it yourself” says.
""")

SIGNED = _flowing("""
    A signature of the log itself is the operator's word. One of a witness says that the witness has seen
    this log grow to this size, and only ever grow. Whose keys count is for the reader to settle: take them
    from the owner of each key, not from this pack.
""")

PART = "Counted over the records in this pack, which are not all of the log."

DISCLOSED = _flowing("""
    What stands in the log is a commitment; the content itself is in disclosed.jsonl where it was released.
    It may name people. Erased content cannot be disclosed any more; that its commitment stays is no fault.
""")

CHECK = _flowing("""
    Nothing of the operator's is needed but this pack. The verifier is Python that can be read in one
    sitting, with no library but “cryptography”. Take it from a source of your own.
""")

STEPS = (
    _flowing("""
        Write down whom you trust, in a file trust.policy: a line “log KEY” with the log's key, a line
        “witness NAME KEY” for each of its witnesses, as the owners gave them to you, and “quorum NAME” or
        “quorum none”.
    """),
    _flowing("""
        Run the first command below. Exit code 0: verified. 10: whole, but by the operator's word alone. 20
        to 32: something is wrong, and it says what. 40: it could not be checked.
    """),
    _flowing("""
        If you kept a checkpoint of this log, run the second one: it shows that nothing from before was
        changed or taken away. If you hold receipts of calls, the third one shows that each has its record.
    """),
    "Keep the file “checkpoint” of this pack. It is what the next pack will be held against.",
)

REPLAY = _flowing("""
    What the policies were asked is disclosed, and the policies are in the pack. So each decision can be
    made again, and compared with the one that was recorded:
""")

SINGLE = _flowing("""
    Each file proofs/INDEX.tlog-proof is a C2SP tlog-proof of the line of entries.jsonl with that index in
    index.txt; any implementation of that specification checks it.
""")

UNPROVEN = (
    _flowing("""
        That a record was written for every call. A call that was never recorded leaves no trace in any log;
        receipts in the hands of callers, and the providers' invoices, are what to compare with.
    """),
    "That what a record says is true. It is what the gateway wrote at that time, unchanged since.",
    "That the times are right, beyond their order, where no witness states one.",
    "That others are shown this same log, unless a quorum of witnesses that you trust has signed.",
    "That this is the latest state of the log: an older genuine one looks the same.",
)

UNPROVEN_OF = {
    "whole": "Anything about entries outside of the range.",
    "filtered": _flowing("""
        What the entries say that are not shown. That they do not match what was asked for is the operator's
        word; ask for the whole range if that is not enough.
    """),
    "single": "That there are no other entries like these. Ask for a range if that matters.",
}
