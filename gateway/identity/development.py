"""The loud identity for trying things out: a key in the data folder signs tokens, no login needed.

Its tokens go through the very same verification as everybody's; only its keys come from a file.
Whoever can read the data folder can be anybody, so the settings refuse it on any but a loopback address.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import stat
import time
from typing import TYPE_CHECKING, Final

import orjson
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from joserfc.util import json_b64encode, urlsafe_b64encode

from gateway.errors import SettingsError
from gateway.identity.claims import Mapper
from gateway.identity.keys import ALGORITHMS, KeysError, KeySet, key_set
from gateway.settings import ClaimMapping, Issuer
from gateway.types import VerifiedClaims

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

NAME: Final = "development"
ENABLED_EVENT: Final = "identity.development_enabled"
WARNING: Final = (
    "The development identity is ON: whoever can read the data folder can call as anybody, with any role. "
    "Never use it for real data."
)
"""What is shown at start, in the log (as `ENABLED_EVENT`, level warning) and on the terminal."""

LONGEST_TTL_S: Final = 30 * 24 * 3600
ISSUER: Final = Issuer(
    name=NAME,
    # .invalid resolves nowhere (RFC 6761), so no server can ever publish keys for this name.
    issuer="https://development.regent.invalid",
    audience="regent",
    algorithms=("EdDSA",),
    token_types=("at+jwt",),
    claims=ClaimMapping(
        organization="organization", team="team", roles="roles", groups="groups", cost_center="cost_center"
    ),
)


class LocalKeys:
    """The development key, read from its file; a `KeySource`.

    Args:
        data_dir: the gateway's data folder.
    """

    def __init__(self, data_dir: Path) -> None:
        self._path = key_path(data_dir)

    async def fetch(self) -> KeySet:
        """Read the key; without the file there is no key, so removing it ends every development token.

        Raises:
            KeysError: the file is there but can't be used.
        """
        try:
            key = await asyncio.to_thread(_read, self._path)
        except FileNotFoundError:
            return KeySet(())
        except (OSError, ValueError, JoseError):
            raise KeysError("the development key cannot be read") from None
        return key_set([key.as_dict(private=False)])

    async def close(self) -> None:
        """Nothing is held."""


def key_path(data_dir: Path) -> Path:
    """Where the signing key lies."""
    return data_dir / "development" / "signing-key.json"


def ensure_key(data_dir: Path) -> None:
    """Create the signing key unless it exists; of several processes that try, one wins and all use its key.

    Raises:
        SettingsError: the key can't be written, or others can read it.
    """
    path = key_path(data_dir)
    try:
        if not path.exists():
            _create(path)
        _read(path)
    except (OSError, ValueError, JoseError) as error:
        raise SettingsError(f"the development key cannot be used: {error}") from None


def issue(  # noqa: PLR0913 - each is one option of `regent token`
    data_dir: Path,
    user: str,
    *,
    team: str | None = None,
    roles: Sequence[str] = (),
    groups: Sequence[str] = (),
    organization: str | None = None,
    service: bool = False,
    ttl_s: int = 3600,
    wall_s: Callable[[], float] = time.time,
) -> str:
    """Sign an access token of the development issuer; the key is created if there is none.

    Args:
        data_dir: the gateway's data folder.
        user: `sub`; the principal's id is `<user>@development`.
        team: the claim of that name, as for the next three.
        roles: any role, since this issuer asks nobody.
        groups: likewise.
        organization: likewise.
        service: whether it stands for a service rather than a person.
        ttl_s: seconds until it expires, 1 to 30 days.
        wall_s: the time of day, seconds since the epoch.

    Raises:
        ValueError: `ttl_s` is out of range.
        Refused: `identity.claims`; the gateway would refuse such a token.
        SettingsError: the key can't be read or written.
    """
    if not 0 < ttl_s <= LONGEST_TTL_S:
        raise ValueError(f"a development token lives for 1 to {LONGEST_TTL_S} seconds")
    ensure_key(data_dir)
    now = int(wall_s())
    claims: dict[str, object] = {
        "iss": ISSUER.issuer,
        "aud": ISSUER.audience,
        "sub": user,
        "client_id": user if service else "regent-token",
        "iat": now,
        "exp": now + ttl_s,
        "jti": secrets.token_hex(16),
        "organization": organization,
        "team": team,
        "roles": list(roles),
        "groups": list(groups),
    }
    present = {name: value for name, value in claims.items() if value is not None}
    Mapper(ISSUER, "development").principal(VerifiedClaims(present))
    return _signed(present, _read(key_path(data_dir)))


def _signed(claims: dict[str, object], key: OKPKey) -> str:
    header = {"typ": "at+jwt", "alg": "EdDSA", "kid": key.thumbprint()}
    message = json_b64encode(header) + b"." + json_b64encode(claims)
    return (message + b"." + urlsafe_b64encode(ALGORITHMS["EdDSA"].sign(message, key))).decode("ascii")


def _create(path: Path) -> None:
    """Write a new key whole or not at all: a link appears in one step and never replaces what is there."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = OKPKey.generate_key("Ed25519", auto_kid=True)
    draft = path.with_name(f".{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(orjson.dumps(key.as_dict(private=True)))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()


def _read(path: Path) -> OKPKey:
    """Read the private key; ValueError if it has leaked already (others can read it) or isn't one."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if not stat.S_ISREG(mode) or mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ValueError(f"{path} must be a file that only its owner can read; chmod 600 it")
        value = orjson.loads(file.read(4096))
    key = OKPKey.import_key(value)
    if not key.is_private or key.curve_name != "Ed25519":
        raise ValueError(f"{path} does not hold an Ed25519 private key")
    return key
