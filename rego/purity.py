"""Tells whether a plan's answers depend on nothing but its input and data; knows builtins by name only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

_IMPURE: Final = frozenset(
    {
        # other answers for the same arguments
        "crypto.x509.parse_and_verify_certificates",
        "crypto.x509.parse_and_verify_certificates_with_options",
        "http.send",
        "io.jwt.decode_verify",
        "io.jwt.encode_sign",
        "io.jwt.encode_sign_raw",
        "net.lookup_ip_addr",
        "opa.runtime",
        "rand.intn",
        "time.now_ns",
        "uuid.rfc4122",
        # something happens beside the answer
        "internal.print",
        "print",
        "test.sleep",
        "trace",
    }
)


def is_pure(called: Iterable[str], given: Container[str]) -> bool:
    """Tell whether equal questions always have equal answers, so that one may be remembered.

    Args:
        called: Names of the builtins that may be called.
        given: Names of builtins that the host implements: of those nothing is known.
    """
    return not any(name in _IMPURE or name in given for name in called)
