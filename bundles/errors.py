"""What can be wrong with a bundle: one error with a stable code; knows nothing of how bundles are read."""

from __future__ import annotations

from typing import Literal

Code = Literal[
    "bundle.unreadable",  # it isn't there, or the system refuses to open it
    "bundle.malformed",  # it isn't a bundle, or a document in it isn't what it must be
    "bundle.data_invalid",  # its data doesn't fit the schemas that it carries
    "bundle.modified",  # its content isn't what its manifest was made for
    "bundle.too_large",  # more, or larger, files than a bundle may have
    "bundle.unknown_file",  # a kind of file that is not read here, so it is refused
    "bundle.key",  # a key can't be read, or isn't one that bundles are signed with
    "bundle.signature",  # nobody who is trusted signed it, or it isn't what was signed
    "bundle.unenforced",  # of something in it nobody would take notice
    "bundle.unapproved",  # fewer people approved it than must, or nobody says who wrote it
    "bundle.tool",  # `opa` is missing, too old, or refuses the sources
]


class BundleError(Exception):
    """A bundle can't be used; keep the one that is active, or refuse to start.

    Args:
        code: stable name of what is wrong.
        detail: for the administrator; names files and fields, never their content.
    """

    def __init__(self, code: Code, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
