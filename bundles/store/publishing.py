"""Takes a new revision into the store: built, tested, and signed by its author, or not taken."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bundles import approvals, archive, build, unenforced
from bundles import bundle as bundles
from bundles import manifest as manifests
from bundles.files import read_files, refuse_links
from bundles.store import report, revisions, words
from bundles.store.desk import present_state, settle, take
from bundles.store.errors import StoreError
from bundles.store.journal import Transition
from bundles.store.lifecycle import Action, State, after
from bundles.store.releasing import BUNDLE, stored
from bundles.store.revisions import Entry, Record, key_of, state_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bundles.bundle import Bundle
    from bundles.jws import PrivateKey
    from bundles.store.blobs import Blobs
    from bundles.store.desk import Desk
    from bundles.store.report import Report


@dataclass(frozen=True, slots=True)
class Published:
    """What became of it.

    Args:
        revision: which one it is.
        report: its tests; None where it was there already.
    """

    revision: str
    report: Report | None


def publish_sources(
    desk: Desk, sources: Path, opa: Path, key: PrivateKey, threshold: float = report.THRESHOLD
) -> Published:
    """Build policy sources, run their tests, and take the outcome into the store.

    Args:
        opa: the binary, as `bundles.opa.find` gives it.
        key: the author's; its `id` is their name.
        threshold: percentage of the lines of Rego that tests must reach.

    Raises:
        BundleError: the sources build no bundle, or `opa` can't run their tests.
        StoreError: `store.untested`, and the revision stays a draft with its report; `store.approval`;
            or what keeps the store from being written.
    """
    refuse_links(sources)  # a copy would follow them
    with tempfile.TemporaryDirectory(prefix="regent-publish-") as scratch:
        # What is tested must be what is published, also when somebody saves a file in between.
        still = Path(scratch, "sources")
        shutil.copytree(sources, still)
        files = build.build(still, opa)
        return admit(desk, files, key, lambda _: report.run(still, opa, threshold, desk.now_us()))


def publish_bundle(desk: Desk, path: Path, key: PrivateKey) -> Published:
    """Take a built bundle into the store that differs in data alone from one whose tests passed.

    A bundle holds no tests, so those of that other revision are what vouches for its rules;
    the data itself was held against its schemas. Needs no `opa`.

    Raises:
        BundleError: it is no bundle.
        StoreError: `store.untested`, when there is no such revision; otherwise as `publish_sources`.
    """
    return admit(desk, read_files(path), key, lambda bundle: _inherited(desk, bundle))


def admit(
    desk: Desk, files: Mapping[str, bytes], key: PrivateKey, test: Callable[[Bundle], Report]
) -> Published:
    """Take a bundle's files into the store, if their tests say that they may.

    Args:
        files: a whole bundle; its author, approvals and signature, if any, are put in order.
        test: is asked about a revision that the store hasn't yet, or only as a draft or retired.

    Raises:
        BundleError: it is no bundle, or switches on what no gateway asks (`bundle.unenforced`).
        StoreError: as for `publish_sources`.
    """
    bundle = unenforced.refused(bundles.from_files(_authored(files, key.id)))
    word = words.say(bundle.revision, "author", key, desk.trust, desk.now_us())
    settle(desk)
    present = revisions.read(desk.blobs, bundle.revision)
    state = present_state(desk, present[0]) if present else None
    if state not in {None, State.DRAFT, State.RETIRED}:
        return Published(bundle.revision, None)
    tests = test(bundle)
    _keep_bundle(desk.blobs, bundle)
    if present is None:
        _draft(desk, bundle, key.id)
    if tests.is_enough or state is not State.RETIRED:  # one may still go back to what was retired
        _replace(desk.blobs, key_of(bundle.revision, report.FILE), tests.content())
    if not tests.is_enough:
        raise StoreError("store.untested", f"{bundle.revision} stays a draft: {tests.lacking()}")
    words.keep(desk.blobs, bundle.revision, key.id, word)
    _tested(desk, bundle.revision, key.id)
    return Published(bundle.revision, tests)


def _authored(files: Mapping[str, bytes], author: str) -> dict[str, bytes]:
    """The files with their author in the manifest, and without what others said of them elsewhere."""
    content = approvals.carrying(files, ())
    metadata = manifests.parsed(content)["metadata"]
    if metadata.get("author") == author:
        return content
    bundles.from_files(content)  # before it gets a new revision: it must have been what its old one says
    renewed = {**manifests.parsed(content), "metadata": {**metadata, "author": author}}
    return {**content, manifests.NAME: manifests.stamped(content, renewed)}


def _inherited(desk: Desk, bundle: Bundle) -> Report:
    code = bundle.manifest["metadata"]["code"]
    for revision in revisions.names(desk.blobs):
        record, _ = revisions.load(desk.blobs, revision)
        if record.code != code:
            continue
        found = desk.blobs.read(key_of(revision, report.FILE))
        tests = report.parse(found[0], revision) if found else None
        if tests and tests.is_enough and _only_data_differs(bundle, stored(desk.blobs, revision)):
            return replace(tests, inherited_from=tests.inherited_from or revision, at_us=desk.now_us())
    raise StoreError(
        "store.untested",
        "a bundle holds no tests, and no tested revision of the store differs from it in data alone:"
        " publish its sources",
    )


def _only_data_differs(one: Bundle, other: Bundle) -> bool:
    return bool(_but_data(one) == _but_data(other))


def _but_data(bundle: Bundle) -> Any:
    metadata = {**bundle.manifest["metadata"]}
    for name in ("author", "approvals"):
        metadata.pop(name, None)
    manifest = {**bundle.manifest, "revision": None, "metadata": metadata}
    files = {
        name: content
        for name, content in bundle.files.items()
        if name not in {manifests.NAME, manifests.DATA}
    }
    return manifest, files


def _keep_bundle(blobs: Blobs, bundle: Bundle) -> None:
    """Nothing that is whole is written again; what was damaged is mended by publishing it again."""
    try:
        stored(blobs, bundle.revision)
    except StoreError as error:
        if error.code not in {"store.unknown", "store.damaged"}:
            raise
        _replace(blobs, key_of(bundle.revision, BUNDLE), archive.pack(bundle.files))


def _replace(blobs: Blobs, key: str, content: bytes) -> None:
    present = blobs.read(key)
    if present is None or present[0] != content:
        blobs.write(key, content, present[1] if present else None)


def _draft(desk: Desk, bundle: Bundle, author: str) -> None:
    state = after(Action.DRAFT, None)
    entry = Entry(Action.DRAFT, None, state, author, desk.now_us())
    record = Record(bundle.revision, author, bundle.manifest["metadata"]["code"], (entry,))
    step = Transition(Action.DRAFT, bundle.revision, None, None, state, author, 0)
    take(desk, [step], state_key(bundle.revision), record.content(), None)


def _tested(desk: Desk, revision: str, author: str) -> None:
    record, version = revisions.load(desk.blobs, revision)
    before = present_state(desk, record)
    state = after(Action.PUBLISH, before)
    count = len(words.valid(desk.blobs, revision, author, desk.trust))
    step = Transition(Action.PUBLISH, revision, None, before, state, author, count)
    entry = Entry(Action.PUBLISH, before, state, author, desk.now_us())
    take(desk, [step], state_key(revision), record.with_entry(entry).content(), version)
