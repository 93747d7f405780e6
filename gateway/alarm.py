"""A budget that passes one of its marks: said once, to the log, to a metric and to a webhook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from opentelemetry.metrics import get_meter

from audit.instants import instant_text
from gateway.accounts import WHOLE_PPM, recorded
from gateway.quotas import account

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.accounts import Warned
    from gateway.webhook import Webhook


class Alarm:
    """Tells of warnings.

    Args:
        webhook: who else is told; None for nobody.
    """

    def __init__(self, webhook: Webhook | None = None) -> None:
        self._webhook = webhook
        # Counts nothing until somebody sets OpenTelemetry's SDK up.
        self._count = get_meter("regent").create_counter(
            "regent.budget.warnings", description="Budgets that passed one of their marks."
        )

    def __call__(self, warnings: Sequence[Warned]) -> None:
        """Tell of each; never fails and never waits."""
        for each in warnings:
            facts = _facts(each)
            structlog.get_logger("regent").warning("budget.warning", **facts)
            self._count.add(1, {"level": str(facts["level"]), "row": str(facts["row"])})
            if self._webhook is not None:
                self._webhook.tell("budget.warning", facts)


def _facts(warned: Warned) -> dict[str, object]:
    at = account(warned.purse.key)
    return {
        "key": recorded(warned.purse.key),
        "row": at.row,
        "level": at.level,
        "at": warned.at_ppm / WHOLE_PPM,
        "taken_usd_micros": warned.taken_usd_micros,
        "usd_micros": warned.most_usd_micros,
        "hard": warned.purse.hard,
        "resets_at": instant_text(warned.resets_at_us),
    }
