"""Wrapped keys of sealed payloads in a database: for a gateway, which has them made, and who opens them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from audit.errors import LogUnavailable
from audit.postgres.erasures import Erasures
from audit.postgres.session import Session
from audit.postgres.target import Target

_SOME = "SELECT tenant, wrapped FROM some_tenant_key()"
_TENANT = "SELECT tenant_key($1, $2) AS wrapped"
_SUBJECT = "SELECT data_key($1, $2, $3) AS wrapped"
_ALL = "SELECT tenant, wrapped FROM {vault}.data_key WHERE sref = $1"
_OF_TENANT = "SELECT wrapped FROM {vault}.tenant_key WHERE tenant = $1"


class TableKeyring:
    """**Adapter** of the server's functions to `audit.vault.sealing.Keyring`.

    Args:
        target: as a member of the writers.
        mono_us: monotonic clock, microseconds.
    """

    def __init__(self, target: Target, mono_us: Callable[[], int]) -> None:
        self._session = Session(target, "regent keys")
        self._erasures = Erasures(self._session, mono_us)

    def some_tenant(self) -> tuple[str, bytes] | None:
        """See `Wrapped.some_tenant`."""
        row = self._session.row(_SOME)
        return (row["tenant"], row["wrapped"]) if row else None

    def tenant(self, name: str, fresh: bytes | None = None) -> bytes | None:
        """See `Wrapped.tenant`."""
        found: bytes | None = self._session.row(_TENANT, name, fresh)["wrapped"]
        return found

    def subject(self, sref: str, tenant: str, fresh: bytes | None = None) -> bytes | None:
        """See `Wrapped.subject`."""
        found: bytes | None = self._session.row(_SUBJECT, sref, tenant, fresh)["wrapped"]
        return found

    def all_of(self, sref: str) -> list[tuple[str, bytes]]:
        """See `Wrapped.all_of`: a gateway reads none but those that it names."""
        raise LogUnavailable("vault.unavailable", f"a gateway may not list the keys of {sref}")

    def generation(self) -> int | None:
        """See `Keyring.generation`."""
        return self._erasures.generation()

    def ask(self) -> int:
        """See `Keyring.ask`."""
        return self._erasures.ask()

    @contextmanager
    def usable(self) -> Iterator[None]:
        """See `Keyring.usable`."""
        try:
            yield
        except OSError as error:
            self._session.drop()
            raise LogUnavailable("vault.unavailable", f"the keys of the vault: {error}") from error

    def close(self) -> None:
        """See `Keyring.close`."""
        self._session.close()


class OpenedKeys:
    """**Adapter** of the vault's tables to `audit.vault.keys.Wrapped`, for reading.

    Args:
        vault: connected as a member of the erasers.
    """

    def __init__(self, vault: Session) -> None:
        self._vault = vault

    def some_tenant(self) -> tuple[str, bytes] | None:
        """See `Wrapped.some_tenant`: nobody asks here."""
        return None

    def tenant(self, name: str, _: bytes | None = None) -> bytes | None:
        """See `Wrapped.tenant`; makes none."""
        return self._one(_OF_TENANT, name)

    def subject(self, sref: str, tenant: str, _: bytes | None = None) -> bytes | None:
        """See `Wrapped.subject`; makes none."""
        return dict(self.all_of(sref)).get(tenant)

    def all_of(self, sref: str) -> list[tuple[str, bytes]]:
        """See `Wrapped.all_of`."""
        schema = f"{self._vault.target.schema}_vault"
        return [(row["tenant"], row["wrapped"]) for row in self._vault.fetch(_ALL.format(vault=schema), sref)]

    def _one(self, query: str, *values: object) -> bytes | None:
        row = self._vault.row(query.format(vault=f"{self._vault.target.schema}_vault"), *values)
        return row["wrapped"] if row else None
