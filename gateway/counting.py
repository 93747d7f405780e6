"""Opens what limits and budgets are counted with, as the settings say; closed in reverse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.alarm import Alarm
from gateway.expiry import Expiry
from gateway.ledger.settling import BackgroundSettling
from gateway.ledger.sqlite import SqliteLedger
from gateway.ports import Counting
from gateway.webhook import Webhook

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AsyncExitStack
    from pathlib import Path

    from audit.log import AuditLog
    from gateway.ports import Ledger, Prices
    from gateway.settings import LedgerSettings

FILE = "ledger.db"


def open_ledger(chosen: LedgerSettings, data_dir: Path) -> Ledger:
    """Open the ledger.

    Raises:
        LedgerError: it can't be opened.
    """
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return SqliteLedger.open(
        data_dir / FILE,
        lease_us=chosen.lease_s * 1_000_000,
        deadline_s=chosen.deadline_ms / 1000,
    )


async def build(
    chosen: LedgerSettings,
    ledger: Ledger,
    prices: Prices,
    log: AuditLog,
    now_us: Callable[[], int],
    opened: AsyncExitStack,
) -> Counting:
    """Set up what counts, and who is told.

    Args:
        ledger: closed with the rest.
        opened: closes it all.

    Raises:
        SettingsError: the webhook's secret isn't one.
    """
    opened.push_async_callback(ledger.close)
    alarm = Alarm(_webhook(chosen, now_us, opened))
    expiry = Expiry(ledger, log)
    opened.push_async_callback(expiry.close)
    expiry.start()
    settling = BackgroundSettling(ledger, alarm)
    opened.push_async_callback(settling.close)
    return Counting(ledger, settling, prices, chosen.completion_tokens, alarm)


def _webhook(chosen: LedgerSettings, now_us: Callable[[], int], opened: AsyncExitStack) -> Webhook | None:
    said = chosen.warnings
    if said.webhook_url is None or said.webhook_secret is None:
        return None
    webhook = Webhook(said.webhook_url, said.webhook_secret.get_secret_value(), said.timeout_s, now_us)
    opened.push_async_callback(webhook.close)
    webhook.start()
    return webhook
