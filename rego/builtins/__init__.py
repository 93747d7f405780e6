"""OPA's builtins: a module for each family with visible tables; here all tables side by side.

Families whose libraries take long to import are imported when a plan declares one of their builtins.
A builtin that is in no table does not exist: a plan that calls it is refused when it is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from rego.builtins import (
    aggregates,
    arithmetic,
    casts,
    comparison,
    composites,
    digests,
    documents,
    encoding,
    globs,
    networks,
    patterns,
    sprintf,
    strings,
    times,
    units,
)
from rego.builtins.context import WithContext

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping

    Implementation = Callable[..., Any] | WithContext

#: Functions of their operands alone.
PLAIN: Final[Mapping[str, Callable[..., Any]]] = {
    **aggregates.TABLE,
    **arithmetic.TABLE,
    **casts.TABLE,
    **comparison.TABLE,
    **composites.TABLE,
    **digests.TABLE,
    **documents.TABLE,
    **encoding.TABLE,
    **networks.TABLE,
    **globs.TABLE,
    **sprintf.TABLE,
    **strings.TABLE,
    **times.TABLE,
    **units.TABLE,
}
#: Functions that take the evaluation's context first.
CONTEXTUAL: Final[Mapping[str, Callable[..., Any]]] = {
    **globs.CONTEXTUAL,
    **patterns.CONTEXTUAL,
    **sprintf.CONTEXTUAL,
    **times.CONTEXTUAL,
    **units.CONTEXTUAL,
}
#: Modules that are imported only for a plan that declares one of these builtins.
ON_DEMAND: Final[Mapping[str, tuple[str, ...]]] = {
    "intersections": ("regex.globs_match",),
    "metadata": ("rego.metadata.chain", "rego.metadata.rule"),
    "schemas": ("json.match_schema", "json.verify_schema"),
    "signing": ("providers.aws.sign_req",),
    "templates": ("strings.render_template",),
    "uris": ("uri.is_valid", "uri.parse"),
    "yamls": ("yaml.is_valid", "yaml.marshal", "yaml.unmarshal"),
    "certificates": (
        "crypto.parse_private_keys",
        "crypto.x509.parse_and_verify_certificates",
        "crypto.x509.parse_and_verify_certificates_with_options",
        "crypto.x509.parse_certificate_request",
        "crypto.x509.parse_certificates",
        "crypto.x509.parse_keypair",
        "crypto.x509.parse_rsa_private_key",
    ),
    "graphql": (
        "graphql.is_valid",
        "graphql.parse",
        "graphql.parse_and_verify",
        "graphql.parse_query",
        "graphql.parse_schema",
        "graphql.schema_is_valid",
    ),
    "token_signing": ("io.jwt.encode_sign", "io.jwt.encode_sign_raw"),
    "tokens": (
        "io.jwt.decode",
        "io.jwt.decode_verify",
        "io.jwt.verify_eddsa",
        "io.jwt.verify_es256",
        "io.jwt.verify_es384",
        "io.jwt.verify_es512",
        "io.jwt.verify_hs256",
        "io.jwt.verify_hs384",
        "io.jwt.verify_hs512",
        "io.jwt.verify_ps256",
        "io.jwt.verify_ps384",
        "io.jwt.verify_ps512",
        "io.jwt.verify_rs256",
        "io.jwt.verify_rs384",
        "io.jwt.verify_rs512",
    ),
}
#: Builtins that a plan cannot call unless the host passes an implementation, and why.
REFUSED: Final[Mapping[str, str]] = {
    "http.send": "it reaches outside; the host may pass an implementation",
    "net.lookup_ip_addr": "it reaches outside; the host may pass an implementation",
    "opa.runtime": "it shows the environment; the host may pass an implementation",
    "rand.intn": "it is not deterministic; the host may pass an implementation",
    "rego.parse_module": "there is no parser of Rego here; the host may pass an implementation",
}
#: Names that OPA lists as builtins and that its planner writes as statements or as other builtins.
PLANNED_AWAY: Final = frozenset({"assign", "eq", "internal.test_case", "print"})


@dataclass(frozen=True, slots=True)
class Tables:
    """The builtins of one plan, by name.

    Args:
        plain: Functions of their operands alone.
        contextual: Functions that take the evaluation's context first.
    """

    plain: Mapping[str, Callable[..., Any]]
    contextual: Mapping[str, Callable[..., Any]]


def tables(names: Iterable[str], given: Mapping[str, Implementation]) -> Tables:
    """Return what there is for a plan's builtins; what is missing is in no table.

    Args:
        names: The builtins that the plan declares.
        given: The host's own, which go before ours.
    """
    wanted = set(names) - given.keys()
    plain, contextual = _chosen(PLAIN, wanted), _chosen(CONTEXTUAL, wanted)
    for name, made in given.items():
        if isinstance(made, WithContext):
            contextual[name] = made.function
        else:
            plain[name] = made
    for module, held in ON_DEMAND.items():
        if not wanted.isdisjoint(held):
            family = import_module(f"rego.builtins.{module}")
            plain |= _chosen(getattr(family, "TABLE", {}), wanted)
            contextual |= _chosen(getattr(family, "CONTEXTUAL", {}), wanted)
    return Tables(plain, contextual)


def _chosen(table: Mapping[str, Any], wanted: Container[str]) -> dict[str, Any]:
    return {name: made for name, made in table.items() if name in wanted}
