"""Settings refuse to start on doubt, and say what to mend without showing a secret."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway import settings
from gateway.errors import SettingsError
from tests.bundles.signing import pair

ISSUER = {"name": "acme.example", "issuer": "https://idp.acme.example", "audience": "regent"}
OPTIONS: dict[str, Any] = {"identity": {"issuers": [ISSUER]}}
KEY = pair().public_pem.decode()


def trusting(**trust: object) -> dict[str, Any]:
    """Settings with a part about whose bundles are taken."""
    return {**OPTIONS, "policy": {"trust": trust}}


def priced(**price: object) -> dict[str, Any]:
    """Settings with one deployment, whose price says so."""
    place = {"id": "d", "provider": "p", "serves": "m", "zone": "z", "region": "r", "price": price}
    return {**OPTIONS, "providers": {"p": {"adapter": "echo"}}, "deployments": [place]}


def write(folder: Path, document: object) -> Path:
    """A settings file."""
    path = folder / "regent.yaml"
    path.write_text(document if isinstance(document, str) else yaml.safe_dump(document), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("document", "part"),
    [
        ("server: [", "regent.yaml"),
        ("- a\n- b\n", "mapping"),
        ("{}", "no issuer"),
        ({**OPTIONS, "sevrer": {}}, "sevrer"),
        ({**OPTIONS, "server": {"prot": 1}}, "server.prot"),
        ({**OPTIONS, "server": {"port": 70_000}}, "server.port"),
        ("server: {port: 1}\nserver: {port: 2}\n", "given twice"),
        ({"identity": {"development": {"enabled": True}}, "server": {"host": "0.0.0.0"}}, "loopback"),  # noqa: S104 - it is refused
        ({"identity": {"issuers": [{**ISSUER, "issuer": "http://idp.acme.example"}]}}, "https"),
        ({"identity": {"issuers": [{**ISSUER, "jwks_uri": "http://idp.acme.example/k"}]}}, "https"),
        (
            {"identity": {"issuers": [{**ISSUER, "issuer": "http://127.0.0.1:80@evil.example"}]}},
            "user information",
        ),
        ({"identity": {"issuers": [{**ISSUER, "algorithms": ["HS256"]}]}}, "algorithms"),
        ({"identity": {"issuers": [{**ISSUER, "algorithms": ["none"]}]}}, "algorithms"),
        ({"identity": {"issuers": [{**ISSUER, "algorithms": []}]}}, "algorithms"),
        ({"identity": {"issuers": [{"name": "a", "issuer": ISSUER["issuer"]}]}}, "audience"),
        ({"identity": {"issuers": [ISSUER, ISSUER]}}, "issuer name"),
        ({**OPTIONS, "providers": {"p": {"adapter": "openai"}}}, "base_url"),
        ({**OPTIONS, "providers": {"p": {"adapter": "smoke"}}}, "providers.p.adapter"),
        (
            {
                **OPTIONS,
                "deployments": [{"id": "d", "provider": "p", "serves": "m", "zone": "z", "region": "r"}],
            },
            "unknown provider",
        ),
        (
            {
                **OPTIONS,
                "providers": {"p": {"adapter": "echo"}},
                "deployments": [{"id": "d", "provider": "p", "serves": "m", "zone": "z", "region": "r"}] * 2,
            },
            "deployment name",
        ),
        (priced(input=1), "both `input` and `output`"),
        (priced(output=1), "both `input` and `output`"),
        (priced(per_request=1, cached_input=1), "need `input` and `output`"),
        (priced(per_hour=1, batch_discount=0.5), "need `input` and `output`"),
        (priced(model="gpt-4o", per_hour=1), "either `model`"),
        (priced(shared_by=2), "a price needs"),
        (priced(), "a price needs"),
        (priced(input=-1, output=1), "deployments.0.price.input"),
        (priced(input=float("nan"), output=1), "deployments.0.price.input"),
        (priced(input=float("inf"), output=1), "deployments.0.price.input"),
        (priced(input="0.0000000001", output=1), "deployments.0.price.input"),
        (priced(per_hour=1, shared_by=0), "deployments.0.price.shared_by"),
        (priced(input=1, output=1, batch_discount=1.5), "deployments.0.price.batch_discount"),
        (
            {**OPTIONS, "providers": {"p": {"adapter": "echo", "price_list": "Open AI"}}},
            "providers.p.price_list",
        ),
        (
            {**OPTIONS, "providers": {"p": {"adapter": "echo", "api_key": "env:REGENT_NOT_SET"}}},
            "REGENT_NOT_SET",
        ),
        ({**OPTIONS, "policy": {"engine": "opa", "opa": {"url": "ftp://opa"}}}, "policy.opa.url"),
        (trusting(keys=[{"id": "release", "public_key": "no-such-file.pem"}]), "no-such-file.pem"),
        (
            trusting(keys=[{"id": "release", "public_key": "-----BEGIN NOTHING"}]),
            "'release' is no public key",
        ),
        (trusting(keys=[{"id": "release", "public_key": KEY}] * 2), "share one name"),
        (trusting(people=[{"name": "a/b", "public_key": KEY}]), "policy.trust.people.0.name"),
        (trusting(people=[{"name": "alice", "public_key": KEY}] * 2), "share one name"),
        (trusting(approvals=1), "more than 0 people"),
        (trusting(approvals=1, people=[{"name": "alice", "public_key": KEY}]), "more than 1 people"),
        (
            trusting(approvals=1, people=[{"name": name, "public_key": KEY} for name in ("alice", "bob")]),
            "more than 1 people",
        ),
        (trusting(scope="write"), "a scope is one of signatures"),
    ],
)
def test_doubt_refuses_to_start(document: object, part: str, tmp_path: Path) -> None:
    """Each doubtful setting is named."""
    with pytest.raises(SettingsError, match=part):
        settings.load(write(tmp_path, document))


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    """The newcomer learns of `regent init`."""
    with pytest.raises(SettingsError, match="regent init"):
        settings.load(tmp_path / "none.yaml")


def test_a_secret_is_never_shown(tmp_path: Path) -> None:
    """Neither in an error about another field of the same section, nor in the settings' repr."""
    provider = {"adapter": "smoke", "api_key": "sk-the-secret"}
    with pytest.raises(SettingsError) as refused:
        settings.load(write(tmp_path, {**OPTIONS, "providers": {"p": provider}}))
    loaded = settings.load(write(tmp_path, {**OPTIONS, "providers": {"p": {**provider, "adapter": "echo"}}}))

    assert "sk-the-secret" not in str(refused.value)
    assert "sk-the-secret" not in repr(loaded)
    assert loaded.providers["p"].api_key is not None
    assert loaded.providers["p"].api_key.get_secret_value() == "sk-the-secret"


def test_secrets_come_from_the_environment_or_a_closed_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that others can read is refused: the secret has leaked already."""
    monkeypatch.setenv("PROVIDER_KEY", "from-environment")
    secret = tmp_path / "key"
    secret.write_text("from-file\n", encoding="utf-8")
    secret.chmod(0o600)
    document = {
        **OPTIONS,
        "providers": {
            "a": {"adapter": "echo", "api_key": "env:PROVIDER_KEY"},
            "b": {"adapter": "echo", "api_key": f"file:{secret}"},
        },
    }
    loaded = settings.load(write(tmp_path, document))
    keys = {
        name: provider.api_key.get_secret_value()
        for name, provider in loaded.providers.items()
        if provider.api_key
    }
    secret.chmod(0o640)

    assert keys == {"a": "from-environment", "b": "from-file"}
    with pytest.raises(SettingsError, match="chmod 600"):
        settings.load(write(tmp_path, document))


def test_the_environment_outranks_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One value is replaced, its neighbours stay."""
    monkeypatch.setenv("REGENT_SERVER__PORT", "9001")
    loaded = settings.load(write(tmp_path, {**OPTIONS, "server": {"port": 9000, "workers": 2}}))

    assert (loaded.server.port, loaded.server.workers) == (9001, 2)


def test_relative_paths_are_of_the_folder_in_which_regent_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the file lies: a path means the same there and in a variable, which has no folder."""
    monkeypatch.setenv("REGENT_AUDIT__FOLDER", "log")
    loaded = settings.load(write(tmp_path, {**OPTIONS, "data_dir": "data"}))

    assert (loaded.data_dir, loaded.audit.folder) == (Path("data"), Path("log"))


def test_the_starter_is_usable() -> None:
    """What `regent init` writes starts as it is."""
    from importlib import resources  # noqa: PLC0415 - only here

    document = yaml.safe_load(resources.files("gateway").joinpath("starter.yaml").read_text(encoding="utf-8"))
    starter = settings.Settings(**document)

    assert starter.identity.development.enabled
    assert {deployment.serves for deployment in starter.deployments} == {"demo-small", "demo-cloud-only"}


def test_trust_is_read_from_pem_or_file(tmp_path: Path) -> None:
    """A key is the same whether the settings hold it or its path."""
    release, alice = pair(), pair("ES256", "alice")
    _, file = alice.files(tmp_path)
    people = [{"name": "alice", "public_key": str(file)}, {"name": "bob", "public_key": KEY}]
    keys = [{"id": "release", "public_key": release.public_pem.decode()}]
    chosen = settings.load(
        write(tmp_path, trusting(keys=keys, people=people, approvals=1, scope="write"))
    ).policy.trust.root()

    assert (chosen.approvals, chosen.scope) == (1, "write")
    assert chosen.keys["release"].fingerprint == release.public.fingerprint
    assert chosen.people["alice"].fingerprint == alice.public.fingerprint


def test_trust_is_read_without_the_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Verifying a bundle needs no token of OPA's; the environment outranks the file here too."""
    document = trusting(keys=[{"id": "release", "public_key": KEY}], scope="write")
    document["policy"]["opa"] = {"token": "env:NOT_SET"}
    monkeypatch.setenv("REGENT_CONFIG", str(write(tmp_path, document)))
    assert settings.trust().scope == "write"
    monkeypatch.setenv("REGENT_POLICY__TRUST__SCOPE", "read")
    assert settings.trust().scope == "read"
    monkeypatch.setenv("REGENT_CONFIG", str(tmp_path / "nowhere.yaml"))
    assert settings.trust() == settings.Trust()


def test_a_change_changes_the_digest_and_a_secret_does_not(tmp_path: Path) -> None:
    """An auditor sees that a value is another one; nobody can test guesses at a key by it."""

    def digest(**more: object) -> str:
        return settings.load(write(tmp_path, {**OPTIONS, **more})).digest

    def keyed(key: str) -> dict[str, Any]:
        return {"p": {"adapter": "echo", "api_key": key}}

    plain, one, two = digest(), digest(providers=keyed("sk-one")), digest(providers=keyed("sk-two"))

    assert plain == digest()
    assert one == two
    assert len({plain, one, digest(log={"level": "error"})}) == 3
    assert plain.startswith("sha256:")


DATABASE = "postgresql://gateway:hunter2@db.example/audit?sslmode=verify-full"


def in_database(**fields: object) -> dict[str, Any]:
    """Settings whose log is in PostgreSQL."""
    return {**OPTIONS, "audit": {"postgres": {"dsn": DATABASE, **fields}}}


def test_a_log_in_a_database_is_described_by_its_address(tmp_path: Path) -> None:
    """The rest has defaults; the sequencer has the same login unless another is given."""
    chosen = settings.load(write(tmp_path, in_database())).audit.postgres
    other = settings.load(write(tmp_path, in_database(sequencer_dsn="postgresql:///audit"))).audit.postgres

    assert chosen is not None
    assert other is not None
    assert (chosen.replica, chosen.schema_name) == ("gateway", "regent")
    assert chosen.target().dsn == chosen.target(sequencer=True).dsn == DATABASE
    assert other.target(sequencer=True).dsn == "postgresql:///audit"
    assert "hunter2" not in repr(chosen)


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"dsn": None}, "a DSN is needed"),
        ({"dsn": "postgresql://gateway:hunter2@db.example/audit"}, "sslmode=verify-full"),
        ({"dsn": "hunter2"}, "postgresql://"),
        ({"sequencer_dsn": "mysql://gateway:hunter2@127.0.0.1/audit"}, "postgresql://"),
        ({"schema_name": "a; DROP TABLE entry"}, "a schema is"),
        ({"replica": "A B"}, "replica"),
    ],
    ids=["missing", "plain", "no url", "sequencer", "schema", "replica"],
)
def test_a_doubtful_database_is_refused(fields: dict[str, object], part: str, tmp_path: Path) -> None:
    """Also here without a word of the address."""
    with pytest.raises(SettingsError) as refused:
        settings.load(write(tmp_path, in_database(**fields)))
    assert part in str(refused.value)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("durability", ["written", "best_effort"])
def test_what_a_log_in_a_database_does_not_do_is_refused(durability: str, tmp_path: Path) -> None:
    """A weaker mode is not taken for a stronger one, nor the other way round: the start says so."""
    document = in_database()
    document["audit"]["durability"] = durability
    with pytest.raises(SettingsError, match="a log in a database is strict"):
        settings.load(write(tmp_path, document))


def test_a_login_for_the_vault_is_named_and_not_read(tmp_path: Path) -> None:
    """The gateway starts without the right to read it; commands of the vault open it."""
    chosen = settings.load(write(tmp_path, in_database(vault_dsn_file="/nowhere/vault.dsn"))).audit.postgres
    assert chosen is not None
    assert str(chosen.vault_dsn_file) == "/nowhere/vault.dsn"


def test_readers_need_no_address_of_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who reads the copy of the log has no login; who writes into it is told that it is missing."""
    document = {**OPTIONS, "audit": {"folder": "elsewhere", "postgres": {"dsn": "env:NOT_SET_AT_ALL"}}}
    monkeypatch.setenv("REGENT_CONFIG", str(write(tmp_path, document)))

    assert str(settings.audit_folder()) == "elsewhere"
    assert settings.development().audit.postgres is None
    with pytest.raises(SettingsError, match="NOT_SET_AT_ALL"):
        settings.audit()


def test_a_place_for_copies_is_checked_at_the_start(tmp_path: Path) -> None:
    """Not by the process that copies, an hour later."""
    copies = {
        "bucket": "acme-audit",
        "prefix": "a/b",
        "endpoint_url": "https://s3.example",
        "lock": "governance",
    }
    chosen = settings.load(write(tmp_path, {**OPTIONS, "audit": {"copies": copies}})).audit.copies
    assert chosen is not None
    assert (str(chosen.target), chosen.target.lock, chosen.target.lock_days) == (
        "s3://acme-audit/a/b/",
        "governance",
        400,
    )
    for wrong in (
        {"bucket": "NO"},
        {"endpoint_url": "http://s3.example"},
        {"lock": "never"},
        {"lock_days": 0},
    ):
        with pytest.raises(SettingsError, match=r"audit\.copies"):
            settings.load(write(tmp_path, {**OPTIONS, "audit": {"copies": copies | wrong}}))


def test_the_logs_witnesses_are_known_without_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever checks the log needs no key of a provider; without settings there are none."""
    monkeypatch.setenv("REGENT_CONFIG", str(tmp_path / "none.yaml"))
    assert settings.witnesses_policy() is None
    document = {**OPTIONS, "audit": {"witnesses": {"policy": "trust.policy"}}}
    document["providers"] = {"p": {"adapter": "echo", "api_key": "env:NOT_SET_AT_ALL"}}
    monkeypatch.setenv("REGENT_CONFIG", str(write(tmp_path, document)))
    assert str(settings.witnesses_policy()) == "trust.policy"


def test_a_price_is_the_decimal_that_was_written(tmp_path: Path) -> None:
    """A YAML number like 0.1 is no fraction of two powers: it stays a tenth."""
    loaded = settings.load(write(tmp_path, priced(input=0.1, output="0.30", per_request=0.000000001)))
    price = loaded.deployments[0].price

    assert price is not None
    assert [str(each) for each in (price.input, price.output)] == ["0.1", "0.30"]
    assert price.per_request == Decimal("1E-9")


def test_tiktokens_folder_is_the_settings_or_the_environments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The settings outrank what other programs go by; without either there is none."""
    monkeypatch.delenv("TIKTOKEN_CACHE_DIR", raising=False)
    none = settings.load(write(tmp_path, OPTIONS)).tokens
    named = settings.load(write(tmp_path, {**OPTIONS, "tokens": {"bpe_folder": "mine"}})).tokens
    before = (none.folder, named.folder)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "theirs")

    assert before == (None, Path("mine"))
    assert (none.folder, named.folder) == (Path("theirs"), Path("mine"))


def counting(**fields: object) -> dict[str, Any]:
    """Settings with a part about the ledger."""
    return {**OPTIONS, "ledger": fields}


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"redis": {}}, "needs a url"),
        ({"redis": {"url": "redis://:hunter2@redis.example:6379/0"}}, "rediss://"),
        ({"redis": {"url": "redis://:hunter2@10.0.0.7"}}, "rediss://"),
        (
            {
                "redis": {
                    "url": "rediss://r.example",
                    "sentinels": ["redis://:hunter2@s.example"],
                    "service": "x",
                }
            },
            "rediss://",
        ),
        ({"redis": {"url": "redis://127.0.0.1", "replicas": 1, "replicas_wait_ms": 250}}, "replicas_wait_ms"),
        ({"redis": {"url": "redis://127.0.0.1", "name": "A b"}}, "ledger.redis.name"),
        ({"warnings": {"webhook_url": "https://hooks.example/x"}}, "webhook_secret"),
        ({"warnings": {"webhook_url": "ftp://hooks.example/x", "webhook_secret": "hunter2"}}, "http"),
        ({"completion_tokens": 0}, "ledger.completion_tokens"),
    ],
)
def test_a_ledger_that_is_none_refuses_to_start(fields: dict[str, Any], part: str, tmp_path: Path) -> None:
    """What to mend is said, and no secret is."""
    with pytest.raises(SettingsError) as refused:
        settings.load(write(tmp_path, counting(**fields)))

    assert part in str(refused.value)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    ["redis://127.0.0.1:6379/0", "redis://localhost", "redis://[::1]", "rediss://r.example", "unix:///r"],
)
def test_redis_is_reached_here_or_by_tls(url: str, tmp_path: Path) -> None:
    """Nobody on the way reads or changes what is counted."""
    chosen = settings.load(write(tmp_path, counting(redis={"url": url}))).ledger.redis

    assert chosen is not None
    assert chosen.url is not None
    assert chosen.url.get_secret_value() == url
