"""Opens what limits and budgets are counted with, as the settings say; closed in reverse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.alarm import Alarm
from gateway.errors import SettingsError
from gateway.expiry import Expiry
from gateway.ledger.settling import BackgroundSettling
from gateway.ledger.sharing import SharingLedger
from gateway.ledger.sqlite import SqliteLedger
from gateway.ledger.sqlite_file import LedgerFile
from gateway.ports import Counting
from gateway.webhook import Webhook

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AsyncExitStack
    from pathlib import Path

    from audit.log import AuditLog
    from gateway.ledger.redis import RedisLedger
    from gateway.ports import Ledger, Prices
    from gateway.settings import LedgerSettings, RedisLedgerSettings

FILE = "ledger.db"
SHARE = "ledger-share.db"
"""What this machine gives out by itself while the ledger of all can't be reached."""

_SECOND_US = 1_000_000


def open_ledger(chosen: LedgerSettings, data_dir: Path) -> Ledger:
    """Open the ledger.

    Raises:
        LedgerError: it can't be opened.
        SettingsError: what the settings say of it can't be.
    """
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    if chosen.redis is None:
        return _of_this_machine(chosen, data_dir / FILE)
    return SharingLedger(_of_all(chosen, chosen.redis), _of_this_machine(chosen, data_dir / SHARE))


def check(chosen: LedgerSettings, data_dir: Path) -> None:
    """Look whether the file can be counted in, before a gateway starts its workers.

    Raises:
        LedgerError: it can't; each worker would else find out by itself.
    """
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    LedgerFile(data_dir / (FILE if chosen.redis is None else SHARE)).end()


def _of_this_machine(chosen: LedgerSettings, path: Path) -> Ledger:
    return SqliteLedger.open(path, lease_us=chosen.lease_s * _SECOND_US, deadline_s=chosen.deadline_ms / 1000)


async def accept(chosen: LedgerSettings, said: RedisLedgerSettings) -> None:
    """Have all replicas count on from what the server has now.

    Raises:
        LedgerError: the server doesn't answer.
        SettingsError: what the settings say of it can't be.
    """
    ledger = _of_all(chosen, said)
    try:
        await ledger.accept()
    finally:
        ledger.abandon()


def _of_all(chosen: LedgerSettings, said: RedisLedgerSettings) -> RedisLedger:
    try:
        # Only a ledger of many replicas needs a client of Redis.
        from gateway.ledger.redis import RedisLedger, Terms  # noqa: PLC0415
        from gateway.ledger.redis_call import Witnesses  # noqa: PLC0415
        from gateway.ledger.redis_target import Target  # noqa: PLC0415
    except ImportError:
        raise SettingsError("ledger.redis needs the extra regent[redis]") from None
    assert said.url is not None  # noqa: S101 - the settings have seen to it; tells the type checker
    witnesses = Witnesses(said.replicas, said.replicas_wait_ms) if said.replicas else None
    try:
        sentinels = tuple(each.get_secret_value() for each in said.sentinels if each)
        target = Target(said.url.get_secret_value(), sentinels, said.service or "", cluster=said.cluster)
        terms = Terms(said.name, said.deadline_ms / 1000, chosen.lease_s * _SECOND_US, witnesses)
        return RedisLedger(target, terms)
    except ValueError as error:
        raise SettingsError(f"ledger.redis: {error}") from None


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
