"""The commands of one holder, as bytes: what stays the same for a plan is put together once.

A command's parts are joined, and only the reservation's id and the amounts are formatted, since packing some
twenty arguments anew costs more than all else that a reservation does in Python.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gateway.ledger.redis_resp import bulk, resp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.accounts import Amount, Correction
    from gateway.ledger.redis_plan import Plan
    from gateway.ledger.redis_scripts import Script, Scripts

MAX_HEADS = 4096
BARRED_MS = 600_000
"""How long a reservation of unknown fate is barred: longer than any command can be under way."""


class _Heads(NamedTuple):
    """A plan's commands up to where an id or an amount goes."""

    reserve: tuple[bytes, bytes, bytes]
    settle: tuple[bytes, bytes, bytes]


class Commands:
    """What one holder says to the server.

    Args:
        prefix: of every key of the ledger; a hash tag and a colon.
        marker: of the ledger's counts as this process knows them.
        holder: this process's name; never used again once its lease has lapsed.
        lease_us: how long it lives without a word, microseconds.
        scripts: what can be asked.
    """

    def __init__(self, prefix: str, marker: bytes, holder: str, lease_us: int, scripts: Scripts) -> None:
        self.marker = marker
        self._prefix = prefix.encode()
        self._holder = holder.encode()
        self._lease_us = b"%d" % lease_us
        self._scripts = scripts
        self._heads: dict[tuple[Plan, int], _Heads] = {}

    def reserve(self, plan: Plan, reservation: bytes, amount: Amount, at_us: int) -> bytes:
        """Hold `amount` under a plan.

        Args:
            reservation: its id, digits of hex.
            at_us: about now; it says which periods are told.
        """
        one, two, three = self._of(plan, len(reservation)).reserve
        asked = b"[%d,%d,%d%b]" % (*amount, plan.bounds(at_us))
        return b"".join((one, reservation, two, reservation, three, bulk(asked)))

    def settle(self, plan: Plan, reservation: bytes, actual: Amount, barred_ms: int = 0) -> bytes:
        """End a reservation; one that isn't known is barred for `barred_ms`."""
        one, two, three = self._of(plan, len(reservation)).settle
        took, bar = bulk(b"[%d,%d,%d]" % actual), bulk(b"%d" % barred_ms)
        return b"".join((one, reservation, two, reservation, three, took, bar))

    def usage(self, plan: Plan, at_us: int, *, known: bool = False) -> bytes:
        """Tell how a plan's allowances stand; where they must be known, only if something is counted."""
        arguments = (plan.spec, self._bounds(plan, at_us), b"%d" % known)
        return self._command(self._scripts.usage, self._counted(plan), *arguments)

    def correct(self, plan: Plan, correction: Correction, at_us: int) -> bytes:
        """Change the one purse of a plan."""
        what = (correction.kind.encode(), b"%d" % correction.usd_micros, b"%d" % correction.known)
        bounds = self._bounds(plan, at_us)
        return self._command(self._scripts.correct, self._counted(plan), plan.spec, bounds, *what)

    def lease(self, what: bytes, seen_us: int = 0) -> bytes:
        """Join, renew or leave.

        Args:
            seen_us: up to when the server must know of holders, by its own word.
        """
        keys = (b"leases", b"h:" + self._holder, b"seen")
        return self._command(self._scripts.lease, keys, self._holder, self._lease_us, what, b"%d" % seen_us)

    def expired(self, most: int) -> bytes:
        """List what has expired."""
        return self._command(self._scripts.expired, (b"leases", b"expired"), b"%d" % most)

    def acknowledge(self, reservations: Sequence[bytes]) -> bytes:
        """Take expired reservations off the list."""
        keys = (b"expired", *(b"r:" + each for each in reservations))
        return self._command(self._scripts.acknowledge, keys, *reservations)

    def _command(self, script: Script, keys: Sequence[bytes], *arguments: bytes) -> bytes:
        named = [self._prefix + key for key in (b"marker", *keys)]
        count = b"%d" % len(named)
        return resp(b"EVALSHA", script.sha, count, *named, self.marker, *arguments)

    def _counted(self, plan: Plan) -> list[bytes]:
        return [b"leases", *(each.encode() for each in plan.counters)]

    def _bounds(self, plan: Plan, at_us: int) -> bytes:
        return b"[%b]" % plan.bounds(at_us)[1:]

    def _of(self, plan: Plan, digits: int) -> _Heads:
        heads = self._heads.get((plan, digits))
        if heads is None:
            if len(self._heads) >= MAX_HEADS:
                self._heads.clear()
            heads = self._heads[plan, digits] = self._headed(plan, digits)
        return heads

    def _headed(self, plan: Plan, digits: int) -> _Heads:
        """Whole commands with a blank for each id, cut there; the last arguments are left out."""
        blank = b"?" * digits
        counters = [each.encode() for each in plan.counters]
        keys = (b"leases", b"r:" + blank, b"h:" + self._holder, *counters)
        rest = (blank, self._holder, self._lease_us, plan.spec, plan.names)
        reserve = self._command(self._scripts.reserve, keys, *rest, b"")
        keys = (b"leases", b"r:" + blank, *counters)
        settle = self._command(self._scripts.settle, keys, blank, plan.spec, b"", b"")
        return _Heads(_cut(reserve, blank, 1), _cut(settle, blank, 2))


def _cut(command: bytes, blank: bytes, left_out: int) -> tuple[bytes, bytes, bytes]:
    ending = bulk(b"") * left_out
    one, two, three = command.removesuffix(ending).split(blank)
    return one, two, three
