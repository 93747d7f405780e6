"""The log's own keys: made once, kept in files for nobody else to read, and named in public beside the log.

`keys/log.key` signs checkpoints and receipts (Ed25519); where the log is to have a second signature that
outlives Ed25519, `keys/log-mldsa.key` signs checkpoints too (ML-DSA-44). Their verifier keys stand in
`log.vkey` and `log-mldsa.vkey`: what an auditor takes away on the first day. Knows no records.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from audit import files
from audit.errors import LogDamaged, LogUnavailable
from audit.tlog.keys import KeyRefused, KeyType, SigningKey, VerifierKey

PUBLIC = "log.vkey"
PUBLIC_MLDSA44 = "log-mldsa.vkey"
_ED25519 = "log.key"
_MLDSA44 = "log-mldsa.key"


@dataclass(frozen=True, slots=True)
class LogKeys:
    """The keys of one log.

    Attributes:
        ed25519: signs checkpoints and receipts.
        mldsa44: signs checkpoints as well; None where the log has no such key.
    """

    ed25519: SigningKey
    mldsa44: SigningKey | None = None

    @property
    def signing(self) -> list[SigningKey]:
        """The keys that sign a checkpoint, in the order of their lines."""
        return [self.ed25519] if self.mldsa44 is None else [self.ed25519, self.mldsa44]

    @property
    def public(self) -> dict[str, str]:
        """What stands in public, by file."""
        files = (PUBLIC, PUBLIC_MLDSA44)
        return {name: f"{key.verifier}\n" for name, key in zip(files, self.signing, strict=False)}

    @classmethod
    def settle(cls, folder: Path, origin: str, *, post_quantum: bool = False) -> Self:
        """Return the log's keys, made at its beginning; of several processes at once all get the same.

        Args:
            folder: the log.
            origin: its name, which is also the keys' name.
            post_quantum: whether the log is to have an ML-DSA-44 key too; one that it has is always used.

        Raises:
            LogUnavailable: `log.no_key`: the log has a public key, and its secret half isn't there.
            LogDamaged: `log.key`: what is there is no key, of another log, or open to others.
            OSError: a file can't be read or written.
        """
        place = folder / "keys"
        place.mkdir(mode=0o700, exist_ok=True)
        if not (place / _ED25519).exists():
            if (folder / PUBLIC).exists():
                raise LogUnavailable("log.no_key", f"{place / _ED25519} is missing, and no other key will do")
            files.create(place / _ED25519, _text(SigningKey.generate(origin)))
        if post_quantum and not (place / _MLDSA44).exists():
            files.create(place / _MLDSA44, _text(SigningKey.generate(origin, KeyType.MLDSA44_COSIGNATURE)))
        keys = cls.read(folder, origin)
        for name, text in keys.public.items():
            if _published(folder / name) != text:
                files.replace(folder / name, text.encode())
        return keys

    @classmethod
    def read(cls, folder: Path, origin: str) -> Self:
        """Return the keys that are there.

        Raises:
            LogUnavailable: `log.no_key`.
            LogDamaged: `log.key`.
            OSError: a file can't be read.
        """
        ed25519 = read_secret(folder / "keys" / _ED25519, origin, KeyType.ED25519)
        if ed25519 is None:
            raise LogUnavailable("log.no_key", f"there is no key in {folder / 'keys'}")
        return cls(ed25519, read_secret(folder / "keys" / _MLDSA44, origin, KeyType.MLDSA44_COSIGNATURE))


def secret_path(folder: Path) -> Path:
    """Return where the Ed25519 key of the log in `folder` stands."""
    return folder / "keys" / _ED25519


def read_secret(path: Path, origin: str, kind: KeyType) -> SigningKey | None:
    """Return the key in a file, None where there is none.

    Raises:
        LogDamaged: `log.key`: it is another one, or others can read it.
        OSError: the file can't be read.
    """
    try:
        text = path.read_text(encoding="ascii").strip()
        if path.stat().st_mode & 0o077:
            raise LogDamaged("log.key", f"{path} can be read by others than its owner")
        key = SigningKey.parse(text)
    except FileNotFoundError:
        return None
    except (UnicodeDecodeError, KeyRefused) as error:
        raise LogDamaged("log.key", f"{path} holds no key") from error
    if (key.name, key.type) != (origin, kind):
        raise LogDamaged("log.key", f"{path} holds a key of {key.name!r}, not of {origin!r}")
    return key


def _published(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        raise LogDamaged("log.key", f"{path} holds no verifier key") from error


def _text(key: SigningKey) -> bytes:
    return key.private_text().encode() + b"\n"


def verifiers(folder: Path) -> list[VerifierKey]:
    """Return the public keys that the log names, the Ed25519 one first; nothing where it names none.

    Raises:
        LogDamaged: `log.key`: the file holds something else.
    """
    try:
        texts = [_published(folder / name).strip() for name in (PUBLIC, PUBLIC_MLDSA44)]
        return [VerifierKey.parse(text) for text in texts if text]
    except KeyRefused as error:
        raise LogDamaged("log.key", f"{folder / PUBLIC} holds no verifier key") from error
