"""Which database, and which log in it. The address may hold a password, so it is shown nowhere."""

import re
import stat
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from audit.errors import LogUnavailable

SCHEMA = "regent"
REPLICA = "gateway"
TIMEOUT_S = 5.0
_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,39}", re.ASCII)
_SCHEMES = {"postgres", "postgresql"}


@dataclass(frozen=True, slots=True)
class Target:
    """A log in a database.

    Args:
        dsn: `postgresql://user:password@host:port/database?options`. A server that isn't on this machine is
            spoken to with `sslmode=verify-full` only: else anybody on the way could acknowledge records.
        schema: its tables' schema; the vault's is `<schema>_vault`, the roles' names begin with it, too.
        timeout_s: seconds that one question may take; after that nobody knows what became of it.

    Raises:
        LogUnavailable: `log.cannot_open`: doubtful, or not encrypted.
    """

    dsn: str = field(repr=False)
    schema: str = SCHEMA
    timeout_s: float = TIMEOUT_S

    def __post_init__(self) -> None:
        if not _SCHEMA.fullmatch(self.schema):
            raise LogUnavailable("log.cannot_open", "a schema is up to 40 of a-z, 0-9 and _, no digit first")
        try:
            parts = urlsplit(self.dsn)
            options = parse_qs(parts.query)
            hosts = _hosts(parts.netloc) + options.get("host", [])
        except ValueError:
            raise _no_dsn() from None
        if parts.scheme not in _SCHEMES:
            raise _no_dsn()
        far = [host for host in hosts if not _is_near(host)]
        if far and options.get("sslmode") != ["verify-full"]:
            raise LogUnavailable(
                "log.cannot_open", f"{far[0]} is another machine: its DSN must say sslmode=verify-full"
            )


def read_dsn(path: Path) -> str:
    """Return the address in a file that nobody else can read.

    Raises:
        LogUnavailable: `log.cannot_open`.
    """
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise LogUnavailable("log.cannot_open", f"{path} can be read by others; chmod 600 it")
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is no text"
        raise LogUnavailable("log.cannot_open", f"{path} can't be read: {said}") from None


def _hosts(netloc: str) -> list[str]:
    """Return the hosts before the path, without user and ports; several stand between commas."""
    listed = netloc.rpartition("@")[2]
    return [urlsplit(f"//{each}").hostname or "" for each in listed.split(",") if each]


def _is_near(host: str) -> bool:
    if host == "localhost" or host.startswith(("/", "%2f", "%2F")):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _no_dsn() -> LogUnavailable:
    return LogUnavailable("log.cannot_open", "a DSN begins with postgresql:// (its text is not shown here)")
