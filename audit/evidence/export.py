"""Makes a pack's file: whole and on the record, or not at all."""

import gzip
import os
import secrets
import shutil
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

from audit import files
from audit.errors import LogDamaged, LogUnavailable, TlogRefused
from audit.evidence import pack
from audit.evidence.pack import Bundles, Contents, Order, Reports
from audit.evidence.published import Published
from audit.evidence.refused import EvidenceRefused
from audit.evidence.released import Contents as ContentsOfVault
from audit.evidence.released import FolderContents, Releases

_LEVEL = 6


def export(  # noqa: PLR0913 - one keyword for each part that may be left out
    published: Published,
    order: Order,
    path: Path,
    *,
    announce: Callable[[Contents], None],
    sealing_key: bytes | None = None,
    contents: Callable[[], ContentsOfVault] | None = None,
    bundles: Bundles | None = None,
    reports: Reports | None = None,
) -> Contents:
    """Write a pack to a new file, readable by its owner only; compressed where its name ends in `.gz`.

    Args:
        published: the log.
        order: what to hand over.
        path: where to.
        announce: makes a record of it, durably, once the pack is written and before anybody can see it; what
            it raises ends it all.
        sealing_key: opens what `order.labels` asks for besides questions.
        contents: opens the vault where it isn't in the log's folder.
        bundles: finds policies.
        reports: writes about what came into the pack.

    Raises:
        EvidenceRefused: `evidence.exists`, `evidence.range`.
        LogDamaged: `log.damaged`: the files aren't what the checkpoint stands for.
        LogUnavailable: `log.cannot_open`: a file can't be read or written.
    """
    if path.exists():
        raise EvidenceRefused("evidence.exists", f"{path} exists already; it was left as it is")
    draft = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    try:
        with ExitStack() as opened:
            opened.callback(draft.unlink, missing_ok=True)
            releases = None
            if order.labels:
                vault = contents() if contents else FolderContents(published.folder)
                releases = opened.enter_context(closing(Releases(vault, order.labels, sealing_key)))
            fd = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(fd, "w+b") as out:
                made = pack.write(published, order, out, releases=releases, bundles=bundles, reports=reports)
                os.fsync(out.fileno())
            if path.suffix == ".gz":
                _compress(draft)
            announce(made)
            _put(draft, path)
            return made
    except TlogRefused as error:
        raise LogDamaged("log.damaged", f"the merged log can't be read: {error}") from error
    except OSError as error:
        raise LogUnavailable("log.cannot_open", f"the pack can't be made: {error}") from error


def _compress(draft: Path) -> None:
    """Put a gzip in the draft's place; it names no time and no file."""
    packed = draft.with_name(f"{draft.name}.gz")
    try:
        fd = os.open(packed, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with (
            draft.open("rb") as plain,
            os.fdopen(fd, "wb") as out,
            gzip.GzipFile("", "wb", _LEVEL, out, mtime=0) as zipped,
        ):
            shutil.copyfileobj(plain, zipped, 1 << 20)
        packed.replace(draft)
    finally:
        packed.unlink(missing_ok=True)


def _put(draft: Path, path: Path) -> None:
    """Give the draft its name; never over what is there."""
    try:
        os.link(draft, path)
    except FileExistsError:
        raise EvidenceRefused("evidence.exists", f"{path} exists already; it was left as it is") from None
    files.sync_folder(path.absolute().parent)
