"""One YAML file and the environment become frozen settings; the only room that reads the environment.

`REGENT_CONFIG` names the file, `REGENT_OPA` the `opa` of whoever writes policies;
any value can be overridden as `REGENT_<SECTION>__<FIELD>`.
Doubt refuses to start: unknown fields, duplicate YAML keys, secrets that can't be resolved,
a development identity that others could reach.
"""

from gateway.settings.identity import ClaimMapping, Development, IdentitySettings, Issuer
from gateway.settings.ledger import LedgerSettings, RedisLedgerSettings
from gateway.settings.loading import (
    DEFAULT_FILE,
    audit,
    audit_folder,
    bundle,
    development,
    load,
    opa_binary,
    remember,
    store,
    trust,
    upstreams,
    witnesses_policy,
)
from gateway.settings.policy import APPROVALS, LAST_GOOD, OPA, BundleServer, Person, Policy, ReleaseKey, Trust
from gateway.settings.prices import PriceSettings
from gateway.settings.server import Audit, Limits, Log, Postgres, Server
from gateway.settings.tokens import Tokens
from gateway.settings.upstreams import DeploymentSettings, Provider
from gateway.settings.whole import Settings

__all__ = [
    "APPROVALS",
    "DEFAULT_FILE",
    "LAST_GOOD",
    "OPA",
    "Audit",
    "BundleServer",
    "ClaimMapping",
    "DeploymentSettings",
    "Development",
    "IdentitySettings",
    "Issuer",
    "LedgerSettings",
    "Limits",
    "Log",
    "Person",
    "Policy",
    "Postgres",
    "PriceSettings",
    "Provider",
    "RedisLedgerSettings",
    "ReleaseKey",
    "Server",
    "Settings",
    "Tokens",
    "Trust",
    "audit",
    "audit_folder",
    "bundle",
    "development",
    "load",
    "opa_binary",
    "remember",
    "store",
    "trust",
    "upstreams",
    "witnesses_policy",
]
