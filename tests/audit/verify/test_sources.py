"""Pins where a log may be read from, and that no source can hurt its reader."""

import gzip
import io
import os
import socket
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from audit.verify import sources, web
from audit.verify.asked import open_log
from audit.verify.check import verify
from audit.verify.sources import Archive, Folder, Unreadable, lines
from audit.verify.terms import Entries, Terms
from audit.verify.trust import read_policy
from audit.verify.verdict import Verdict
from audit.verify.web import Web
from tests.audit.verify.builder import checkpoint, honest, policy, publish

Answer = Callable[[str, dict[str, str]], tuple[int, dict[str, str], bytes]]
TOKEN = "let-me-in"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Make the honest log in a folder."""
    sample = honest()
    return publish(tmp_path / "log", sample.entries, checkpoint(sample.entries), sample.origin_json)


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], str]]:
    """Serve answers on this machine; returns the address."""
    servers: list[ThreadingHTTPServer] = []

    def start(answer: Answer) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, headers, body = answer(self.path, dict(self.headers))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            @override
            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def from_folder(folder: Path, *, packed: bool = False) -> Answer:
    """Serve a folder as tlog-tiles wants it, to those who have the token."""

    def answer(path: str, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        if headers.get("Authorization") != f"Bearer {TOKEN}":
            return 401, {}, b""
        file = folder / path.removeprefix("/logs/a/")
        if not file.is_file():
            return 404, {}, b"none"
        data = file.read_bytes()
        return (200, {"Content-Encoding": "gzip"}, gzip.compress(data)) if packed else (200, {}, data)

    return answer


@pytest.mark.parametrize("packed", [False, True])
def test_a_log_is_read_over_http(*, packed: bool, log: Path, serve: Callable[[Answer], str]) -> None:
    """With the token, compressed or not; the full tile takes the place of a partial one that is gone."""
    address = serve(from_folder(log, packed=packed)) + "/logs/a/"
    terms = Terms(policy=read_policy(policy()))
    with closing(Web(address, TOKEN)) as source:
        report = verify(source, terms)
        assert (report.verdict, report.findings) == (Verdict.OPERATOR_ASSERTED, [])
        locked_out = verify(Web(address), terms)
        assert locked_out.verdict is Verdict.CANNOT_CHECK
        assert any("answered 401" in each.what and "--token" in each.what for each in locked_out.findings)
        next((log / "tile" / "0").rglob("*")).rename(log / "gone")
        assert verify(source, terms).verdict is Verdict.INCOMPLETE


def test_a_long_log_is_fetched_ahead(tmp_path: Path, serve: Callable[[Answer], str]) -> None:
    """Several bundles at a time, and the full tile where a partial one is gone."""
    entries = [b"entry %d" % number for number in range(256 * 9 + 7)]
    folder = publish(tmp_path / "long", entries, checkpoint(entries))
    full = publish(tmp_path / "full", [*entries, *entries[:249]], b"")
    for level in ("0", "entries"):
        (folder / "tile" / level / "009.p" / "7").unlink()
        (full / "tile" / level / "009").rename(folder / "tile" / level / "009")
    with closing(Web(serve(from_folder(folder)) + "/logs/a", TOKEN)) as source:
        report = verify(source, Terms(policy=read_policy(policy()), entries=Entries.ANY))
    assert (report.verdict, report.findings, report.records) == (Verdict.OPERATOR_ASSERTED, [], len(entries))


@pytest.mark.parametrize(
    "answer",
    [
        (500, {}, b""),
        (302, {"Location": "http://127.0.0.1:1/elsewhere"}, b""),
        (200, {"Content-Encoding": "br"}, b"x"),
        (200, {"Content-Encoding": "gzip"}, b"no gzip"),
        (200, {"Content-Encoding": "gzip"}, gzip.compress(b"x")[:-9]),
        (200, {"Content-Encoding": "gzip"}, gzip.compress(bytes(1000))),
        (200, {}, bytes(1000)),
        (200, {"Content-Length": "50"}, b"cut off"),
        (200, {"Content-Length": "-1"}, b""),
    ],
)
def test_an_answer_that_is_none_is_unreadable(
    answer: tuple[int, dict[str, str], bytes],
    serve: Callable[[Answer], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Errors, redirections, other encodings, broken ones, and more than was asked for."""
    monkeypatch.setattr(web, "_PAUSE_S", 0)
    address = serve(lambda path, headers: answer)
    try:
        assert Web(address).read("checkpoint", 100) == b""
    except Unreadable:
        return
    assert answer[1] == {"Content-Length": "-1"}


@pytest.mark.parametrize(
    "start", [b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n", b"HTTP/1.1 200 OK\r\n"], ids=["body", "head"]
)
def test_a_server_that_drips_keeps_nobody_waiting(start: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then never runs into the time without any; the whole answer has a time, too."""
    monkeypatch.setattr(web, "DEADLINE_S", 0.1)

    def drip(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.sendall(start)
            for _ in range(60):
                time.sleep(0.05)
                connection.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=drip, args=(listener,), daemon=True).start()
        with pytest.raises(Unreadable, match="took more than"):
            Web(f"http://127.0.0.1:{listener.getsockname()[1]}").read("checkpoint", 100)


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "http://", "http://[::1", "http://host/?q", "gopher://host/"]
)
def test_an_address_is_http(address: str) -> None:
    """Nothing else is opened, and nothing is where nobody is."""
    with pytest.raises(Unreadable):
        Web(address)
    with pytest.raises(Unreadable):
        Web("http://127.0.0.1/", "two\r\nlines")


def test_a_server_that_is_away_is_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a few attempts; the check ends with 40."""
    monkeypatch.setattr(web, "_PAUSE_S", 0)
    assert verify(Web("http://127.0.0.1:9/")).verdict is Verdict.CANNOT_CHECK


def test_an_archive_of_a_log_is_a_log(log: Path, tmp_path: Path) -> None:
    """Files by their names, whatever stands before them."""
    with tarfile.open(tmp_path / "log.tar.gz", "w:gz") as archive:
        archive.add(log, arcname=".")
    with closing(open_log(str(tmp_path / "log.tar.gz"))) as opened:
        assert verify(opened, Terms(policy=read_policy(policy()))).verdict is Verdict.OPERATOR_ASSERTED
        assert opened.read("nothing", 1) is None
        with pytest.raises(Unreadable):
            opened.read("checkpoint", 1)


def _tar(*members: tuple[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, kind in members:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "checkpoint"
            archive.addfile(member)
    return stream.getvalue()


def _head(kind: bytes, size: int) -> bytes:
    """A head that says it is followed by so many bytes of its own, and is."""
    member = tarfile.TarInfo("a")
    member.type, member.size = kind, size
    return member.tobuf(tarfile.GNU_FORMAT) + bytes(size)


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense" * 200,
        gzip.compress(b"nonsense" * 200)[:-4],
        b"\x1f\x8b nonsense",
        _tar(("../checkpoint", tarfile.REGTYPE)),
        _tar(("/checkpoint", tarfile.REGTYPE)),
        _tar(("a", tarfile.SYMTYPE)),
        _tar(("a", tarfile.REGTYPE), ("./a", tarfile.REGTYPE)),
        gzip.compress(bytes(10_000)),
        _tar(("a", tarfile.GNUTYPE_SPARSE)),
        _head(tarfile.XHDTYPE, 2_000_000),
        _head(tarfile.GNUTYPE_LONGNAME, 2_000_000),
    ],
    ids=[
        "nonsense",
        "cut",
        "no gzip",
        "climbing",
        "absolute",
        "link",
        "twice",
        "zeros",
        "hole",
        "head",
        "long name",
    ],
)
def test_an_archive_that_is_none_is_unreadable(
    data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Links, holes, paths that lead out, names that stand twice, cut off, or grown beyond bounds."""
    monkeypatch.setattr(sources, "MAX_ARCHIVE_BYTES", 9_999)
    (tmp_path / "a.tar").write_bytes(data)
    with pytest.raises(Unreadable):
        Archive(tmp_path / "a.tar")


def test_no_head_of_an_archive_fills_the_memory(tmp_path: Path) -> None:
    """It packs to nothing, so the size of the file says nothing about it."""
    (tmp_path / "a.tar").write_bytes(_head(tarfile.XHDTYPE, 2_000_000))
    with pytest.raises(Unreadable, match="a head of more than"):
        Archive(tmp_path / "a.tar")


def test_a_member_that_is_cut_off_is_unreadable(tmp_path: Path) -> None:
    """Even after the archive was opened."""
    (tmp_path / "a.tar").write_bytes(_head(tarfile.REGTYPE, 200_000) + bytes(2_000))
    with closing(Archive(tmp_path / "a.tar")) as archive:
        os.truncate(tmp_path / "a.tar", 1_000)
        with pytest.raises(Unreadable, match="cut off"):
            archive.read("a", 200_000)


def test_a_folder_with_a_pipe_in_it_keeps_nobody_waiting(log: Path) -> None:
    """What is no plain file is not opened."""
    (log / "checkpoint").unlink()
    os.mkfifo(log / "checkpoint")
    assert verify(log).verdict is Verdict.CANNOT_CHECK


def test_lines_of_a_file_are_bounded_and_whole(tmp_path: Path) -> None:
    """A line without its newline may have been cut off."""
    (tmp_path / "a").write_bytes(b"one\ntwo\n")
    assert list(lines(Folder(tmp_path), "a", 3)) == [b"one", b"two"]
    for data in (b"one\ntwo", b"x" * 2_000_000):
        (tmp_path / "a").write_bytes(data)
        with pytest.raises(Unreadable):
            list(lines(Folder(tmp_path), "a", 1_000_000))
    with pytest.raises(Unreadable):
        list(lines(Folder(tmp_path), "missing", 3))
