"""How the server is spoken to: who answers, how long that may take, and what never gets into a message."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from audit.objects.bucket import digest_of
from audit.objects.client import connect
from audit.objects.copier import Copier
from audit.objects.failure import CopyFailed
from audit.objects.target import Target
from tests.servers.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from audit.objects.bucket import Bucket
    from tests.audit.objects.conftest import Growing
    from tests.servers.object_store import ObjectStore, Real, Request

    Opened = Callable[..., Bucket]


def failing(code: str, bucket: Bucket) -> str:
    """Ask for an object, which fails with a code; return what is said."""
    with pytest.raises(CopyFailed) as raised:
        bucket.look("checkpoint")
    assert raised.value.code == code
    return str(raised.value)


def test_an_endpoint_that_is_away_and_back(log: Growing, object_store: ObjectStore, opened: Opened) -> None:
    """While nobody listens copies fail; then they go on, with the same copier."""
    target = object_store.target()
    copier = Copier(log.folder, opened(target))
    copier.turn()
    log.grow()
    object_store.stop()
    try:
        with pytest.raises(CopyFailed, match=r"copy\.unavailable"):
            copier.turn()
    finally:
        object_store.start()
    copier.turn()
    assert copier.size == log.size


def test_an_endpoint_that_says_nothing(object_store: ObjectStore, opened: Opened) -> None:
    """Who is silent is given up."""
    over = threading.Event()

    def fault(request: Request, real: Real) -> Iterable[bytes] | None:
        over.wait(20)
        return None

    target = object_store.target()
    object_store.watch(fault)
    began_s = time.monotonic()
    try:
        assert "ReadTimeout" in failing("copy.unavailable", opened(target, read_s=0.2))
    finally:
        over.set()
    assert time.monotonic() - began_s < 10


def test_a_body_that_never_ends(
    object_store: ObjectStore, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Silence is one thing; who drips along is given up, too."""
    monkeypatch.setattr("audit.objects.bucket.READ_S", 0.3)
    over = threading.Event()
    target = object_store.target()
    object_store.client.put_object(Bucket=target.bucket, Key="checkpoint", Body=b"x" * 1000)

    def fault(request: Request, real: Real) -> Iterable[bytes] | None:
        if request.method != "GET":
            return None
        return dripping(b"".join(real()), over)

    object_store.watch(fault)
    began_s = time.monotonic()
    try:
        with pytest.raises(CopyFailed, match=r"copy\.unavailable"):
            opened(target).fetch("checkpoint", 1 << 20)
    finally:
        over.set()
    assert time.monotonic() - began_s < 10


def dripping(data: bytes, over: threading.Event) -> Iterable[bytes]:
    """Send a byte now and then."""
    for each in data:
        over.wait(0.02)
        yield bytes([each])


def test_an_answer_that_breaks_off(object_store: ObjectStore, opened: Opened) -> None:
    """Half an object is none."""
    target = object_store.target()
    object_store.client.put_object(Bucket=target.bucket, Key="checkpoint", Body=b"x" * 1000)
    object_store.watch(lambda request, real: [b"".join(real())[:500]] if request.method == "GET" else None)
    with pytest.raises(CopyFailed, match=r"copy\.unavailable"):
        opened(target).fetch("checkpoint", 1 << 20)


@pytest.mark.parametrize("name", ["etag", "last-modified"])
def test_an_answer_without_what_every_answer_has(
    object_store: ObjectStore, opened: Opened, name: str
) -> None:
    """It is refused like any other that can't be used."""
    target = object_store.target()
    headers = {"etag": '"a"', "last-modified": "Sat, 21 Nov 2026 00:00:00 GMT"}
    del headers[name]
    object_store.watch(lambda request, real: request.answer("200 OK", "", *headers.items()))
    failing("copy.refused", opened(target))


def test_an_answer_with_a_date_that_is_none(object_store: ObjectStore, opened: Opened) -> None:
    """The client's own errors have a code, too."""
    target = object_store.target()
    headers = {"etag": '"a"', "last-modified": "tomorrow"}
    object_store.watch(lambda request, real: request.answer("200 OK", "", *headers.items()))
    failing("copy.unavailable", opened(target))


def test_no_more_is_read_than_asked_for(object_store: ObjectStore, opened: Opened) -> None:
    """One byte more tells that there is more."""
    target = object_store.target()
    object_store.client.put_object(Bucket=target.bucket, Key="checkpoint", Body=b"x" * 1000)
    fetched = opened(target).fetch("checkpoint", 10)
    assert fetched is not None
    assert fetched[0] == b"x" * 11


@pytest.mark.parametrize(
    ("status", "code", "means"),
    [
        ("403 Forbidden", "InvalidAccessKeyId", "copy.denied"),
        ("403 Forbidden", "SignatureDoesNotMatch", "copy.denied"),
        ("403 Forbidden", "AccessDenied", "copy.denied"),
        ("401 Unauthorized", "ExpiredToken", "copy.denied"),
        ("404 Not Found", "NoSuchBucket", "copy.no_bucket"),
        ("400 Bad Request", "BadDigest", "copy.checksum"),
        ("400 Bad Request", "Very\nodd <code>", "copy.refused"),
        ("503 Slow Down", "SlowDown", "copy.unavailable"),
        ("500 Oops", "InternalError", "copy.unavailable"),
        ("429 Enough", "TooManyRequests", "copy.unavailable"),
    ],
)
def test_refusals_have_codes(
    status: str, code: str, means: str, object_store: ObjectStore, opened: Opened
) -> None:
    """Each means something to whoever has to act, and none says more than a code."""
    target = object_store.target()
    object_store.watch(lambda request, real: request.answer(status, code.replace("<", "&lt;")))
    with pytest.raises(CopyFailed) as raised:
        opened(target).create("a", b"data")
    assert raised.value.code == means
    said = str(raised.value)
    assert "secret" not in said
    assert "AKIA" not in said
    assert "\n" not in said


def test_wrong_credentials_stop_a_copy(log: Growing, object_store: ObjectStore, opened: Opened) -> None:
    """Before anything is put."""
    target = object_store.target()
    object_store.watch(lambda request, real: request.answer("403 Forbidden", "InvalidAccessKeyId"))
    with pytest.raises(CopyFailed, match=r"InvalidAccessKeyId, status 403 \[copy\.denied\]"):
        Copier(log.folder, opened(target)).turn()
    assert [each.method for each in object_store.seen] == ["GET"]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("301 Moved Permanently", "PermanentRedirect"),
        ("307 Temporary Redirect", "TemporaryRedirect"),
        ("400 Bad Request", "AuthorizationHeaderMalformed"),
    ],
)
def test_redirects_are_not_followed(
    status: str, code: str, object_store: ObjectStore, opened: Opened
) -> None:
    """Neither HTTP's nor S3's own to another region: the settings say where the copy goes."""
    target = object_store.target()
    headers = [("location", f"{object_store.url}/elsewhere/a"), ("x-amz-bucket-region", "us-west-2")]
    object_store.watch(lambda request, real: request.answer(status, code, *headers))
    with pytest.raises(CopyFailed, match=r"copy\.redirected"):
        opened(target).create("a", b"data")
    assert [each.path for each in object_store.seen] == [f"/{target.bucket}/a"]


def test_proxies_and_configured_endpoints_are_not_used(
    object_store: ObjectStore, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a variable nor a configuration file leads the log elsewhere."""
    target = object_store.target()
    nobody = f"http://127.0.0.1:{free_port()}"
    for name in (
        "HTTP_PROXY",
        "http_proxy",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_S3",
    ):
        monkeypatch.setenv(name, nobody)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert opened(target).create("a", b"data")
    client = connect(Target("some-bucket", region="eu-central-1"))
    assert client.meta.endpoint_url.endswith(".amazonaws.com")
    client.close()


def test_no_credentials_at_all(
    object_store: ObjectStore, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is asked anonymously."""
    target = object_store.target()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    failing("copy.credentials", opened(target))


def test_credentials_of_a_file(object_store: ObjectStore, opened: Opened, tmp_path: Path) -> None:
    """They go before everything else in boto3's chain."""
    path = tmp_path / "credentials"
    path.write_text("[default]\naws_access_key_id = FROMFILE\naws_secret_access_key = s%e=c;r#et\n")
    path.chmod(0o600)
    target = object_store.target(credentials_file=path)
    object_store.watch()
    opened(target).look("a")
    assert "Credential=FROMFILE/" in object_store.seen[0].headers["authorization"]


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("[default]\naws_access_key_id = A\naws_secret_access_key = very-secret\n", 0o640),
        ("[default]\naws_access_key_id = A\n", 0o600),
        ("[other]\naws_access_key_id = A\naws_secret_access_key = very-secret\n", 0o600),
        ("very-secret\n", 0o600),
        ("\udcff", 0o600),
        (None, 0o600),
    ],
    ids=["open", "half", "other", "malformed", "binary", "missing"],
)
def test_files_of_credentials_that_do_not_count(text: str | None, mode: int, tmp_path: Path) -> None:
    """They are refused, and their lines are not shown."""
    path = tmp_path / "credentials"
    if text is not None:
        path.write_bytes(text.encode(errors="surrogateescape"))
        path.chmod(mode)
    with pytest.raises(CopyFailed, match=r"copy\.credentials") as raised:
        connect(Target("some-bucket", credentials_file=path))
    assert "very-secret" not in str(raised.value)


def test_a_machine_without_boto3(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says which extra has it."""
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(CopyFailed, match=r"regent\[s3\].*copy\.no_boto3"):
        connect(Target("some-bucket"))


def test_boto3_is_only_imported_when_a_bucket_is_opened() -> None:
    """Commands and the sequencer of a log without copies don't pay for it."""
    program = "import sys, audit.cli, audit.objects.copying; sys.exit('boto3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_payloads_are_signed_and_stated(object_store: ObjectStore, opened: Opened) -> None:
    """A server that checks one of the two has what was sent."""
    target = object_store.target()
    object_store.watch()
    opened(target).create("a", b"data")
    headers = object_store.seen[0].headers
    assert headers["x-amz-checksum-sha256"] == digest_of(b"data")
    assert headers["x-amz-content-sha256"] == sha256(b"data").hexdigest()
    assert headers["if-none-match"] == "*"
