"""Bundles cross the border to OPA and back, signed: each side verifies the other's, and refuses the same."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import httpx
import pytest
from typing_extensions import override

from bundles import signatures
from bundles.archive import pack
from bundles.errors import BundleError
from bundles.files import read_files
from tests.bundles.signing import KINDS, Pair, pair

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.servers.opa_server import OPAServer

Files = dict[str, bytes]
NASTY = b"""{"house": {"z": 1.50e+300, "a": [12345678901234567890123, -0, 1E5, 1.10],
 "\xe2\x80\xa8": "\\u2028<&>\\u0001\\b\\f\\u007f\xe2\x80\xa9", "\\u00e4": {}, "e": [], "t": [true, null]}}"""


@pytest.fixture(params=KINDS)
def release(request: pytest.FixtureRequest) -> Pair:
    """A key of each algorithm."""
    return pair(request.param)


@pytest.fixture
def nasty(files: Files) -> Files:
    """A bundle whose data strains every rule about digests."""
    return {**files, "data.json": NASTY}


def _run(opa: Path, *arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    said = subprocess.STDOUT
    return subprocess.run([opa, *arguments], cwd=cwd, stdout=subprocess.PIPE, stderr=said, check=False)


def _written(files: Files, folder: Path) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def _verified(
    opa: Path, archive: Path, release: Pair, *more: str | Path
) -> subprocess.CompletedProcess[bytes]:
    """Have `opa build` verify an archive."""
    _, public = release.files(archive.parent)
    options: list[str | Path] = ["--verification-key", public, "--verification-key-id", "release"]
    options += ["--signing-alg", release.key.algorithm, "--output", archive.parent / "out.tar.gz"]
    return _run(opa, "build", "--bundle", archive, *options, *more, cwd=archive.parent)


def test_opa_accepts_what_regent_signs(nasty: Files, release: Pair, opa: Path, tmp_path: Path) -> None:
    """`opa build --verification-key` takes it, and takes it no more when a value or the scope changed."""
    archive = tmp_path / "b.tar.gz"
    archive.write_bytes(pack(signatures.signed(nasty, release.key, "write")))
    assert (accepted := _verified(opa, archive, release, "--scope", "write")).returncode == 0, accepted.stdout
    assert b"scope mismatch" in _verified(opa, archive, release).stdout
    assert _verified(opa, archive, pair(release.key.algorithm), "--scope", "write").returncode != 0
    signed = signatures.signed(nasty, release.key)
    archive.write_bytes(pack({**signed, "data.json": NASTY.replace(b"1.10", b"1.1")}))
    assert b"digest mismatch" in _verified(opa, archive, release).stdout
    archive.write_bytes(pack({**signed, "gateway/more.rego": b"package gateway.more\n"}))
    assert b"not included in bundle signature" in _verified(opa, archive, release).stdout


def test_regent_accepts_what_opa_build_signs(nasty: Files, release: Pair, opa: Path, tmp_path: Path) -> None:
    """`opa build --signing-key` names the key in header and claim, and its plugin."""
    private, _ = release.files(tmp_path)
    sources = _written(
        {**nasty, "gateway/request/request.rego": b"package gateway.request\n\nx := 1\n"}, tmp_path / "b"
    )
    (sources / "plan.json").unlink()
    (tmp_path / "claims.json").write_text('{"keyid": "release", "scope": "write"}')
    options: list[str | Path] = ["--signing-alg", release.key.algorithm, "--signing-key", private]
    options += ["--claims-file", "../claims.json", "--output", "../signed.tar.gz"]
    options += ["--target", "plan", "--entrypoint", "gateway/request/x"]
    done = _run(opa, "build", "--bundle", ".", *options, cwd=sources)
    assert done.returncode == 0, done.stdout
    signed = read_files(tmp_path / "signed.tar.gz")
    assert set(nasty) < set(signed)
    assert signatures.check(signed, {"release": release.public}, "write") == "release"
    for changed in ({"data.json": b"{}"}, {"plan.json": b"{}"}, {"gateway/more.rego": b""}):
        with pytest.raises(BundleError, match=r"bundle\.signature"):
            signatures.check({**signed, **changed}, {"release": release.public}, "write")


def test_regent_accepts_what_opa_sign_signs(nasty: Files, release: Pair, opa: Path, tmp_path: Path) -> None:
    """`opa sign` names no key at all; the one that fits is found."""
    private, _ = release.files(tmp_path)
    folder = _written(nasty, tmp_path / "b")
    options = ["--signing-alg", release.key.algorithm, "--signing-key", private]
    done = _run(opa, "sign", "--bundle", ".", *options, cwd=folder)
    assert done.returncode == 0, done.stdout
    assert signatures.check(read_files(folder), {"release": release.public}) == "release"


@pytest.fixture
def service() -> Iterator[ThreadingHTTPServer]:
    """A bundle server on this machine; its bundles are in `bundles`, by path."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = bundles[self.path]
            self.send_response(200)
            self.send_header("Content-Type", "application/gzip")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        @override
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    bundles: dict[str, bytes] = {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.bundles = bundles  # type: ignore[attr-defined]  # for the test to fill
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("release", ["ES256", "RS256"], indirect=True)
def test_a_running_opa_activates_only_what_is_signed(
    nasty: Files,
    release: Pair,
    service: ThreadingHTTPServer,
    opa_server: Callable[..., OPAServer],
    tmp_path: Path,
) -> None:
    """With `signing.keyid` set, a server takes Regent's signed bundle and nothing that was changed later."""
    signed = signatures.signed(nasty, release.key, "write")
    offered = {
        "genuine": signed,
        "tampered": {**signed, "data.json": b'{"house": {}}'},
        "unsigned": nasty,
        "for_reading": signatures.signed(nasty, release.key, "read"),
        "a_strangers": signatures.signed(nasty, pair(release.key.algorithm).key, "write"),
    }
    service.bundles.update({f"/{name}": pack(files) for name, files in offered.items()})  # type: ignore[attr-defined]
    signing = {"keyid": "release", "scope": "write"}
    settings = {
        "services": {"house": {"url": f"http://127.0.0.1:{service.server_port}"}},
        "keys": {"release": {"algorithm": release.key.algorithm, "key": release.public_pem.decode()}},
        "bundles": {
            name: {"service": "house", "resource": name, "persist": name == "unsigned", "signing": signing}
            for name in offered
        },
        "persistence_directory": str(tmp_path / "kept"),
    }
    (tmp_path / "opa.json").write_text(json.dumps(settings))
    server = opa_server(arguments=["--config-file", tmp_path / "opa.json"], ready="/health")
    try:
        refusals = _awaited(lambda: _refused(server.folder / "server.log"), lambda found: len(found) == 4)
        data = httpx.get(f"{server.url}/v1/data/system/bundles").json()["result"]
        house = httpx.get(f"{server.url}/v1/data/house").json()["result"]
    finally:
        server.stop()

    assert refusals == offered.keys() - {"genuine"}
    assert list(data) == ["genuine"]
    assert house == json.loads(NASTY)["house"]


def test_an_opa_that_is_given_the_key_starts_with_what_is_signed(
    nasty: Files, release: Pair, opa_server: Callable[..., OPAServer], tmp_path: Path
) -> None:
    """By `--verification-key`, the way that takes EdDSA too: `keys` in its settings doesn't (OPA 1.21.3)."""
    archive, (_, public) = tmp_path / "b.tar.gz", release.files(tmp_path)
    archive.write_bytes(pack(signatures.signed(nasty, release.key, "write")))
    arguments = ["--verification-key", public, "--verification-key-id", "release", "--scope", "write"]
    arguments += ["--signing-alg", release.key.algorithm]
    server = opa_server(bundle=archive, arguments=arguments)
    try:
        house = httpx.get(f"{server.url}/v1/data/house").json()["result"]
    finally:
        server.stop()
    assert house == json.loads(NASTY)["house"]
    archive.write_bytes(pack({**signatures.signed(nasty, release.key, "write"), "data.json": b"{}"}))
    with pytest.raises(RuntimeError, match="digest mismatch"):
        opa_server(bundle=archive, arguments=arguments)


def _refused(log: Path) -> set[str]:
    """The bundles of which OPA has said that it doesn't load them."""
    lines = (json.loads(line) for line in log.read_text().splitlines() if line.startswith("{"))
    return {line["name"] for line in lines if "Bundle load failed" in line["msg"]}


def _awaited(look: Callable[[], set[str]], enough: Callable[[set[str]], bool]) -> set[str]:
    """What is seen once it is enough, or after ten seconds."""
    for _ in range(200):
        if enough(found := look()):
            return found
        time.sleep(0.05)
    return look()
