"""What a policy's answer is refused as, and what counts as a text in it."""

from __future__ import annotations

from gateway.errors import GatewayError


class Unusable(GatewayError):
    """The answer isn't a decision.

    Args:
        code: `decision.malformed`, `decision.unexplained`, `obligation.unknown` or `obligation.malformed`.
        detail: what is wrong, for the administrator; nothing of the answer but names of fields.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


def is_text(value: object, most: int) -> bool:
    """Whether it is a string that can be written down: a lone surrogate can't, and would fail later."""
    if type(value) is not str or len(value) > most:
        return False
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
