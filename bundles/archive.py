"""Packs a bundle's files as OPA does, the same files always into the same bytes; knows no file's meaning.

A gzip of a tar (https://www.openpolicyagent.org/docs/management-bundles/#bundle-file-format).
The bytes depend on the files alone, besides the version of zlib that compresses them;
what must be alike everywhere is therefore the revision, which is taken over the files.
"""

from __future__ import annotations

import gzip
import io
import tarfile
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_MODE: Final = 0o600
_COMPRESSION: Final = 9


def pack(files: Mapping[str, bytes]) -> bytes:
    """Make the .tar.gz of a bundle, as OPA loads it and `files.read_archive` reads it.

    Nothing of where and when it was made is in it: names are sorted and start with `/` as OPA's do,
    and there is no time, no owner and no name of a file on disk.

    Args:
        files: content by name, names relative with `/` between the parts.
    """
    tarred = io.BytesIO()
    with tarfile.open(fileobj=tarred, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in sorted(files.items()):
            member = tarfile.TarInfo(f"/{name}")
            member.mode, member.size = _MODE, len(content)
            archive.addfile(member, io.BytesIO(content))
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=_COMPRESSION, fileobj=packed, mtime=0) as file:
        file.write(tarred.getvalue())
    return packed.getvalue()
