"""Pins `regent audit copy`: what it does, what it says, and its exit codes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
import yaml
from typer.testing import CliRunner

from audit.cli import app
from audit.objects.target import Target
from gateway.cli import app as regent
from tests.audit.objects.conftest import Growing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typer.testing import Result

    from tests.servers.object_store import ObjectStore

    Run = Callable[..., Result]

PATIENCE_S = 30


@pytest.fixture
def log(tmp_path: Path) -> Growing:
    """A small merged log."""
    log = Growing(tmp_path / "log")
    log.grow(300)
    return log


@pytest.fixture
def target(object_store: ObjectStore) -> Target:
    """A bucket with lock."""
    return object_store.target()


@pytest.fixture
def copy(log: Growing, target: Target) -> Run:
    """Run `regent audit copy` on the log."""

    def run(*arguments: str, target: Target = target) -> Result:
        return CliRunner().invoke(app, ["--folder", str(log.folder), "copy", *named(target), *arguments])

    return run


def named(target: Target) -> list[str]:
    """A target as options."""
    return [
        *("--bucket", target.bucket, "--endpoint-url", str(target.endpoint_url)),
        *("--region", str(target.region), "--lock", target.lock.value),
    ]


def test_once_and_check(copy: Run, log: Growing) -> None:
    """Copied, read back, and up to date."""
    result = copy("--once", "--check")
    assert result.exit_code == 0, result.output
    first, last = result.stdout.splitlines()
    assert first.startswith(f"{log.size} entries are copied; ")
    assert "locked for 400 days (compliance)" in first
    assert last.startswith(f"the copy covers {log.size} of {log.size} entries")
    assert "0 objects were sent" in copy("--once").stdout
    log.grow(2)
    result = copy("--check")
    assert (result.exit_code, f"of {log.size} entries" in result.stdout) == (0, True)


def test_missing_objects(copy: Run, object_store: ObjectStore, target: Target) -> None:
    """Exit code 30; also for a copy that was never made."""
    assert copy("--check").exit_code == 30
    copy("--once")
    object_store.client.delete_object(Bucket=target.bucket, Key="tile/0/000")
    result = copy("--check")
    assert (result.exit_code, result.stdout.splitlines()[0]) == (30, "copy.missing: tile/0/000")


def test_other_bytes(copy: Run, object_store: ObjectStore, target: Target) -> None:
    """Exit code 20, when copying and when checking; it outweighs what is missing."""
    object_store.client.put_object(Bucket=target.bucket, Key="tile/0/000", Body=b"other")
    result = copy("--once")
    assert (result.exit_code, "[copy.other_bytes]" in result.stderr) == (20, True)
    object_store.client.delete_object(Bucket=target.bucket, Key="tile/0/000")
    copy("--once")
    object_store.client.put_object(Bucket=target.bucket, Key="tile/entries/000", Body=b"other")
    object_store.client.delete_object(Bucket=target.bucket, Key="tile/0/000")
    assert copy("--check").exit_code == 20


def test_another_history(copy: Run, log: Growing, tmp_path: Path) -> None:
    """Exit code 21."""
    import shutil  # noqa: PLC0415

    shutil.copytree(log.folder, tmp_path / "backup")
    log.grow(5)
    copy("--once")
    shutil.rmtree(log.folder)
    (tmp_path / "backup").rename(log.folder)
    assert copy("--once").exit_code == 21
    assert copy("--check").exit_code == 21


def test_a_bucket_that_cannot_be_used(copy: Run, object_store: ObjectStore, target: Target) -> None:
    """Exit code 40, with a code."""
    nowhere = Target("no-such-bucket", "", target.endpoint_url, target.region)
    result = copy("--once", target=nowhere)
    assert (result.exit_code, "[copy.no_bucket]" in result.stderr) == (40, True)
    object_store.watch(lambda request, real: request.answer("403 Forbidden", "AccessDenied"))
    assert copy("--check").exit_code == 40


def test_a_pack(copy: Run, tmp_path: Path, object_store: ObjectStore, target: Target) -> None:
    """Only the file is copied."""
    pack = tmp_path / "a.auditpack"
    pack.write_bytes(b"pack")
    result = copy("--pack", str(pack))
    assert (result.exit_code, "packs/a.auditpack: sent" in result.stdout) == (0, True)
    assert "was there" in copy("--pack", str(pack)).stdout
    assert object_store.paths(target) == {"packs/a.auditpack"}
    assert copy("--pack", str(tmp_path / "none")).exit_code == 40
    pack.write_bytes(b"other")
    assert copy("--pack", str(pack)).exit_code == 20


@pytest.mark.parametrize(
    "arguments",
    [[], ["--bucket", "NO"], ["--bucket", "bucket", "--endpoint-url", "http://s3.example"]],
    ids=["none", "name", "endpoint"],
)
def test_questions_that_are_none(log: Growing, arguments: list[str]) -> None:
    """Without a bucket, or with a malformed one, nothing begins."""
    result = CliRunner().invoke(app, ["--folder", str(log.folder), "copy", "--once", *arguments])
    assert result.exit_code == 2


def test_the_settings_name_the_bucket(
    log: Growing, target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Options outrank them."""
    path = tmp_path / "regent.yaml"
    copies = {"bucket": target.bucket, "endpoint_url": target.endpoint_url, "region": target.region}
    settings = {
        "identity": {"development": {"enabled": True}},
        "audit": {"folder": str(log.folder), "copies": copies | {"prefix": "regent/prod"}},
    }
    path.write_text(yaml.safe_dump(settings))
    monkeypatch.setenv("REGENT_CONFIG", str(path))
    result = CliRunner().invoke(regent, ["audit", "copy", "--once", "--check"])
    assert result.exit_code == 0, result.output
    assert f"copy: s3://{target.bucket}/regent/prod/" in result.stderr
    result = CliRunner().invoke(regent, ["audit", "copy", "--check", "--prefix", "other"])
    assert result.exit_code == 30


def test_it_goes_on_until_a_signal(log: Growing, object_store: ObjectStore, target: Target) -> None:
    """As a service of its own; the end is in order."""
    command = [sys.executable, "-m", "gateway", "audit", "--folder", str(log.folder), "copy", *named(target)]
    with subprocess.Popen(
        [*command, "--interval-s", "0.2"], stderr=subprocess.PIPE, env=dict(os.environ)
    ) as process:
        try:
            await_size(object_store, target, log.size)
            log.grow()
            await_size(object_store, target, log.size)
        finally:
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, b"copies:" in said) == (0, False)


def await_size(store: ObjectStore, target: Target, size: int) -> None:
    """Wait until the copy shows a size."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        with suppress(store.client.exceptions.NoSuchKey):
            answer = store.client.get_object(Bucket=target.bucket, Key="checkpoint")
            if int(answer["Body"].read().split(b"\n")[1]) == size:
                return
        time.sleep(0.05)
    raise AssertionError(f"the copy never had {size} entries")
