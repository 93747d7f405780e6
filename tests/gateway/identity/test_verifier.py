"""What a good token becomes, and that no input raises anything but a refusal."""

from __future__ import annotations

import asyncio
from json import dumps  # orjson refuses to write NaN and lone surrogates
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OKPKey

from gateway.errors import Refused
from gateway.identity.keys import ALGORITHMS, VerifyingKey
from gateway.types import Principal, UnverifiedToken

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.gateway.identity.conftest import Bench, Signer

WHOLE_EXAMPLES = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
CLAIM_NAMES = st.sampled_from(
    [
        "sub",
        "aud",
        "exp",
        "nbf",
        "iat",
        "auth_time",
        "acr",
        "org",
        "realm",
        "groups",
        "grade",
        "client_id",
        "typ",
    ]
)


async def test_a_token_becomes_a_principal(bench: Bench) -> None:
    """Every mapped claim arrives in its place: by dotted path, or by a URL as its name."""
    claims = bench.claims(
        org="acme",
        realm={"team": "hr", "roles": ["analyst", "reader"]},
        groups=["Staff of Köln"],
        acr="mfa",
        auth_time=1_794_999_000,
        grade=7,
        **{"https://acme.test/department": "people"},
    )
    expected = Principal(
        id="alice@acme",
        type="user",
        issuer=bench.issuer.url,
        organization="acme",
        team="hr",
        roles=("analyst", "reader"),
        groups=("Staff of Köln",),
        claims={"department": "people", "grade": 7},
        method="oidc",
        authenticated_at_s=1_794_999_000,
        expires_at_s=claims["exp"],
        level="mfa",
    )
    assert expected == await bench.principal(bench.rsa.sign(claims))


async def test_absent_claims_are_absent(bench: Bench) -> None:
    """Optional claims may be absent or null, which is the same; `iat` stands in for `auth_time`."""
    claims = {**bench.claims(), "org": None, "realm": {"team": None}, "auth_time": None, "nbf": None}
    principal = await bench.principal(bench.rsa.sign(claims))
    assert (
        principal.organization,
        principal.team,
        principal.roles,
        principal.groups,
        principal.claims,
        principal.level,
    ) == (None, None, (), (), {}, None)
    assert claims["iat"] == principal.authenticated_at_s


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"client_id": "alice"}, "service"),
        ({"client_id": "app"}, "user"),
        ({"idtyp": "app"}, "service"),
        ({"idtyp": None}, "user"),
    ],
)
async def test_services_are_told_from_people(
    bench: Bench, compose: Callable[..., Any], changes: dict[str, object], expected: str
) -> None:
    """`client_id` equal to `sub`, or the claim that the settings name, marks a service."""
    identity = compose({"issuer": bench.issuer.url, "claims": {"service": "idtyp"}})
    principal = await identity.principal(bench.token(**changes))
    assert expected == principal.type


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        (["a b", "c"], ("a b", "c")),
        ("a b  c ", ("a", "b", "c")),
        ("", ()),
        ([], ()),
        (["r"] * 64, ("r",) * 64),
    ],
)
async def test_roles_come_as_list_or_scope_string(
    bench: Bench, roles: object, expected: tuple[str, ...]
) -> None:
    """Roles are a list of strings, or one string with spaces between them."""
    principal = await bench.principal(bench.token(realm={"roles": roles}))
    assert expected == principal.roles


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": ["other", "https://regent.test"]},
        {"exp": 1_795_000_000 - 29},
        {"exp": 1_795_000_600.9},
        {"nbf": 1_795_000_030},
        {"iat": 1_795_000_030},
        {"sub": "x" * 400},
        {"sub": "名前"},
        {"groups": ["g" * 256] * 256},
        {"grade": [str(n) for n in range(64)]},
        {"grade": True},
        {"grade": 0.5},
        {"grade": ""},
    ],
    ids=str,
)
async def test_what_is_just_within_bounds_passes(
    bench: Bench, compose: Callable[..., Any], changes: dict[str, object]
) -> None:
    """Bounds and leeway refuse what is beyond them and nothing else."""
    identity = compose(
        {"issuer": bench.issuer.url, "claims": {"groups": "groups", "expose": {"grade": "grade"}}}
    )
    identity._token_bytes = 200_000  # 256 groups of 256 characters take more than the usual 16 KiB
    principal = await identity.principal(UnverifiedToken(bench.token(**changes)))
    assert principal.id.endswith("@issuer-0")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_every_algorithm_verifies(bench: Bench, compose: Callable[..., Any], algorithm: str) -> None:
    """Each accepted algorithm verifies with its kind of key, and a flipped bit fails it."""
    keys: dict[str, Any] = {
        "ES256": lambda: ECKey.generate_key("P-256"),
        "ES384": lambda: ECKey.generate_key("P-384"),
        "ES512": lambda: ECKey.generate_key("P-521"),
        "EdDSA": lambda: OKPKey.generate_key("Ed25519"),
    }
    signer: Signer = type(bench.rsa)(algorithm, keys.get(algorithm, lambda: bench.rsa.key)())
    bench.issuer.keys = [signer.jwk]
    identity = compose({"issuer": bench.issuer.url, "algorithms": [algorithm]})
    token = signer.sign(bench.claims())
    assert (await identity.principal(token)).id == "alice@issuer-0"
    head, signature = token.rsplit(".", 1)
    flipped = ("A" if signature[0] != "A" else "B") + signature[1:]
    with pytest.raises(Refused, match=r"identity\.signature"):
        await identity.principal(f"{head}.{flipped}")


async def test_one_sub_of_two_issuers_is_two_people(
    bench: Bench, serve: Callable[..., Any], compose: Callable[..., Any]
) -> None:
    """Several issuers are trusted at once, and the same `sub` from two of them is two principals."""
    second = await serve(type(bench.issuer)([bench.rsa.jwk]))
    identity = compose({"issuer": bench.issuer.url}, {"issuer": second.url})
    one = await identity.principal(bench.token())
    two = await identity.principal(bench.token(iss=second.url))
    assert (one.id, two.id) == ("alice@issuer-0", "alice@issuer-1")
    assert (bench.issuer.url, second.url) == (one.issuer, two.issuer)


async def test_a_thousand_calls_with_one_new_token_verify_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calls that arrive together share one fetch of the keys and one verification."""
    verified = 0
    verifies = VerifyingKey.verifies

    def counting(key: VerifyingKey, algorithm: str, message: bytes, signature: bytes) -> bool:
        nonlocal verified
        verified += 1
        return verifies(key, algorithm, message, signature)

    monkeypatch.setattr(VerifyingKey, "verifies", counting)
    token = bench.token()
    principals = await asyncio.gather(*(bench.principal(token) for _ in range(1000)))
    assert (verified, len({id(principal) for principal in principals})) == (1, 1)
    assert bench.issuer.hits == ["/.well-known/openid-configuration", "/keys"]


@WHOLE_EXAMPLES
@given(
    token=st.text(max_size=200)
    | st.from_regex(r"[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*", fullmatch=True)
)
async def test_random_strings_are_refused(bench: Bench, token: str) -> None:
    """No string raises anything but a refusal."""
    with pytest.raises(Refused):
        await bench.principal(token)


@WHOLE_EXAMPLES
@given(changes=st.dictionaries(CLAIM_NAMES, JSON_VALUES, max_size=5))
async def test_random_claims_are_mapped_or_refused(bench: Bench, changes: dict[str, object]) -> None:
    """Well-signed claims of any type become a principal within bounds, or are refused."""
    header = dumps({"alg": "ES256", "kid": bench.ec.kid, "typ": "at+jwt"}).encode()
    token = bench.ec.sign_raw(header, dumps({**bench.claims(), **changes}).encode())
    try:
        principal = await bench.principal(token)
    except Refused as refused:
        assert refused.code.startswith("identity.")
    else:
        assert 0 < len(principal.id) <= 405
        assert len(principal.roles) <= 64
