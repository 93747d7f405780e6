"""Receipts: the log's signed word to a caller that a record is durable and will stand in the merged log.

A receipt and a later checkpoint that has no such leaf are proof that the operator has left a record out.
One line of ASCII: `v1 <origin> <writer> <boot> <wseq> <leaf> <t_us> <mmd_s> <key id> <signature>`.
"""

from base64 import b64encode

from audit.tlog.keys import SigningKey
from audit.writing.group import Receipt

MERGE_DELAY_S = 10
"""Within so many seconds a published checkpoint covers the record."""


class Receipts:
    """Makes receipts of one log.

    Args:
        key: the log's key.
        merge_delay_s: what is promised.

    Attributes:
        origin: name of the log.
    """

    def __init__(self, key: SigningKey, merge_delay_s: int = MERGE_DELAY_S) -> None:
        self._key = key
        self.origin = key.name
        self._merge_delay_s = merge_delay_s
        self._id = key.verifier.id.hex()

    def issue(self, receipt: Receipt) -> str:
        """Return the signed form of a receipt."""
        leaf = b64encode(bytes.fromhex(receipt.leaf_hash)).decode()
        place = f"{receipt.writer} {receipt.boot} {receipt.wseq}"
        times = f"{receipt.t_us} {self._merge_delay_s}"
        text = f"regent.receipt/v1\n{self.origin}\n{place}\n{leaf}\n{times}\n"
        signature = b64encode(self._key.sign(text.encode())).decode()
        return f"v1 {self.origin} {place} {leaf} {times} {self._id} {signature}"
