"""Failures with their codes: what a step raises when the call ends here; knows only the reason codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.reasons import REASONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.types import Deny


class GatewayError(Exception):
    """Root of the gateway's own errors."""


class SettingsError(GatewayError):
    """The configuration is doubtful, so the gateway doesn't start; the message says what to mend."""


class EngineError(GatewayError):
    """The policy engine gave no usable answer.

    Args:
        code: one of the `engine.*` reason codes.
        detail: for the log and the administrator; never shown to callers.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class LedgerError(GatewayError):
    """Limits and budgets couldn't be counted.

    Args:
        code: one of the `ledger.*` reason codes, `budget.unknown_account` or `budget.correction_unfit`.
        detail: for the log and the administrator; never shown to callers.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


def unknown_account() -> LedgerError:
    """Return the error of a purse that must be known and isn't."""
    detail = "nothing was counted under it, in this period or the one before"
    return LedgerError("budget.unknown_account", detail)


def unfit_correction() -> LedgerError:
    """Return the error of a correction that could be applied in part only."""
    return LedgerError("budget.correction_unfit", "the sum would be below nothing, or above 2^53 - 1")


class Refused(GatewayError):
    """The call ends here with a reason; the pipeline records it and answers.

    Args:
        code: a reason code, from `gateway.reasons` or a policy's own id.
        message: text for the caller; the code's own text if None.
        param: the request field that is at fault, if one is.
        status: HTTP status; the code's own, or 403 for a policy's id, if None.
        error_type: OpenAI's `error.type`; as for `status`.
        retry_after: value for the `retry-after` header; the code's own if None.
        decision: the policy decision behind it, if there was one.
        shown: the whole `error` object, where a provider's own is passed on.

    Attributes:
        headers: more of them for the answer; whoever raises it may add some.
    """

    def __init__(  # noqa: PLR0913 - keyword-only fields of one value
        self,
        code: str,
        message: str | None = None,
        *,
        param: str | None = None,
        status: int | None = None,
        error_type: str | None = None,
        retry_after: str | None = None,
        decision: Deny | None = None,
        shown: Mapping[str, object] | None = None,
    ) -> None:
        known = REASONS.get(code)
        self.code = code
        self.message = message or (known.message if known else "The policy does not allow this call.")
        self.param = param
        self.status = status or (known.status if known else 403)
        self.error_type = error_type or (known.type if known else "permission_error")
        if retry_after is None and known is not None and known.retry_after_s is not None:
            retry_after = str(known.retry_after_s)
        self.retry_after = retry_after
        self.decision = decision
        self.shown = shown
        self.headers: tuple[tuple[bytes, bytes], ...] = ()
        super().__init__(f"{code}: {self.message}")
