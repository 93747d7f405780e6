"""S3 for tests: `object_store` is moto's server in this process, and whatever a test has it do wrong.

moto checks no signature and no checksum, knows no rights, and takes its conditions apart from its writes;
`ObjectStore` stands before it and has requests one by one.
"""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from typing_extensions import override
from werkzeug.serving import WSGIRequestHandler, make_server

from audit.objects.bucket import Bucket
from audit.objects.client import connect
from audit.objects.target import Lock, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from werkzeug.serving import BaseWSGIServer

    Environ = dict[str, Any]
    Start = Callable[..., Any]
    Real = Callable[..., Iterable[bytes]]
    Fault = Callable[["Request", Real], Iterable[bytes] | None]

ERROR = "<?xml version='1.0'?><Error><Code>{code}</Code><Message>secret words</Message></Error>"
KEYS = {"aws_access_key_id": "AKIAEXAMPLE", "aws_secret_access_key": "very-secret"}


class Request(NamedTuple):
    """One request.

    Attributes:
        number: counts from 0 since the last `watch`.
        method: of HTTP.
        path: with the bucket.
        query: without the question mark.
        headers: by lower-case name.
        answer: takes status, code and further headers, and makes an answer.
    """

    number: int
    method: str
    path: str
    query: str
    headers: dict[str, str]
    answer: Callable[..., Iterable[bytes]]


class ObjectStore:
    """A running server.

    Attributes:
        url: its endpoint.
        seen: the requests since the last `watch`.
        fault: asked about each request; what it returns is the answer, None leaves it to moto, which answers
            when the second argument is called; `start` there takes status and headers away from the client.
    """

    def __init__(self) -> None:
        self.seen: list[Request] = []
        self.fault: Fault = lambda request, real: None
        self._names = itertools.count()
        self._count = itertools.count()
        # Takes a second, and few tests need it.
        from moto.moto_server.werkzeug_app import (  # noqa: PLC0415
            DomainDispatcherApplication,
            create_backend_app,
        )

        self._moto = DomainDispatcherApplication(create_backend_app)
        self._mutex = threading.Lock()
        self._server: BaseWSGIServer | None = None
        self._port = 0
        self._client: Any = None

    @property
    def url(self) -> str:
        """The endpoint, the same after a restart."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Listen."""
        self._server = make_server(
            "127.0.0.1", self._port, self._serve, threaded=True, request_handler=_Silent
        )
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Listen no more; what it keeps stays."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
        self._server = None
        if self._client is not None:
            self._client.close()

    def watch(self, fault: Fault = lambda request, real: None) -> None:
        """Forget what was seen, and have requests answered by `fault` from now on."""
        self._count = itertools.count()
        self.seen = []
        self.fault = fault

    @property
    def client(self) -> Any:
        """An S3 client of the test's own, that asks moto as everybody does."""
        if self._client is None:
            self._client = connect(Target("any", endpoint_url=self.url, region="eu-central-1"))
        return self._client

    def target(self, *, locked: bool = True, **options: Any) -> Target:
        """A new bucket; keywords change its target."""
        name = f"audit-{next(self._names)}"
        client = self.client
        client.create_bucket(
            Bucket=name,
            ObjectLockEnabledForBucket=locked,
            CreateBucketConfiguration={"LocationConstraint": "eu-central-1"},
        )
        lock = Lock.COMPLIANCE if locked else Lock.NONE
        return Target(
            **{"bucket": name, "endpoint_url": self.url, "region": "eu-central-1", "lock": lock} | options
        )

    def contents(self, target: Target) -> dict[str, bytes]:
        """What stands in a bucket."""
        client = self.client
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=target.bucket)
        keys = [each["Key"] for page in pages for each in page.get("Contents", [])]
        return {key: client.get_object(Bucket=target.bucket, Key=key)["Body"].read() for key in keys}

    def paths(self, target: Target) -> set[str]:
        """Where something stands in a bucket."""
        return set(self.versions(target))

    def rewritten(self, target: Target) -> set[str]:
        """What has more than one version."""
        return {path for path, count in self.versions(target).items() if count > 1}

    def versions(self, target: Target) -> dict[str, int]:
        """How many versions each object has."""
        found: dict[str, int] = {}
        client = self.client
        for page in client.get_paginator("list_object_versions").paginate(Bucket=target.bucket):
            for each in page.get("Versions", []):
                found[each["Key"]] = found.get(each["Key"], 0) + 1
        return found

    def download(self, target: Target, folder: Path) -> None:
        """Fetch a whole copy into a folder."""
        for key, data in self.contents(target).items():
            path = folder / key.removeprefix(target.prefix)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def _serve(self, environ: Environ, start: Start) -> Iterable[bytes]:
        def answer(status: str, code: str = "", *headers: tuple[str, str]) -> Iterable[bytes]:
            if environ.pop("regent.unread", True):
                environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            body = ERROR.format(code=code).encode() if code else b""
            start(status, [("content-type", "application/xml"), ("content-length", str(len(body))), *headers])
            return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

        headers = {
            name.removeprefix("HTTP_").replace("_", "-").lower(): value
            for name, value in environ.items()
            if name.startswith("HTTP_")
        }
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        request = Request(next(self._count), method, path, environ.get("QUERY_STRING", ""), headers, answer)
        self.seen.append(request)

        def real(start: Start = start) -> Iterable[bytes]:
            environ["regent.unread"] = False
            with self._mutex:
                return list(self._moto(environ, start))

        found = self.fault(request, real)
        return real() if found is None else found


def lost(request: Request, real: Real) -> Iterable[bytes]:
    """Do what is asked, and fail to say so."""
    real(start=lambda *_: None)
    return request.answer("500 Lost", "InternalError")


def refused(request: Request, real: Real) -> Iterable[bytes]:
    """Do nothing, and fail."""
    return request.answer("503 Away", "ServiceUnavailable")


class _Silent(WSGIRequestHandler):
    @override
    def log(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def _object_store() -> Iterator[ObjectStore]:
    store = ObjectStore()
    store.start()
    yield store
    store.stop()


@pytest.fixture
def object_store(_object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    """One S3 for the session, honest at the beginning of each test; its keys are in the environment."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name.upper(), value)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    _object_store.watch()
    yield _object_store
    _object_store.watch()


@pytest.fixture
def opened() -> Iterator[Callable[..., Bucket]]:
    """Open buckets that give up at the first failure; closed when the test ends."""
    clients: dict[tuple[object, ...], Any] = {}

    def open_it(target: Target, *, attempts: int = 1, read_s: float = 20.0) -> Bucket:
        # A client takes a quarter of a second to make, and knows no bucket.
        kind = (target.endpoint_url, target.region, target.credentials_file, attempts, read_s)
        if kind not in clients:
            clients[kind] = connect(target, attempts=attempts, read_s=read_s)
        return Bucket(clients[kind], target)

    yield open_it
    for each in clients.values():
        each.close()
