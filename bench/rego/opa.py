"""The real OPA: compiles plans, runs its own benchmark, and serves; knows no policy and no Rego of ours.

`opa bench` evaluates Rego sources: there is no command of OPA's that evaluates a plan, and only builds with
a WebAssembly runtime can evaluate the Wasm that plans are an earlier stage of; `wasm_runtime` tells.
What it times is evaluation alone: the input is parsed before, and the result is not turned into JSON.
"""

from __future__ import annotations

import contextlib
import http.client
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from bench.processes import BenchFailed, Server, free_port
from bench.rego.visits import Visit
from bundles import opa as tool
from bundles.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.rego.policies import Document

_ROOT: Final = Path(__file__).parents[2]
_TIMEOUT_S: Final = 120
_HISTOGRAM: Final = "histogram_timer_rego_query_eval_ns_"


def find() -> Path:
    """The pinned `opa` of this checkout, or the one on the PATH.

    Raises:
        BenchFailed: there is none that will do.
    """
    local = _ROOT / ".tools" / "opa"
    try:
        return tool.find(local if local.is_file() else None).absolute()
    except BundleError as error:
        raise BenchFailed(str(error)) from None


def wasm_runtime(opa: Path) -> bool:
    """Whether this `opa` was built with a WebAssembly runtime."""
    said = subprocess.run([opa, "version"], capture_output=True, text=True, check=True, timeout=_TIMEOUT_S)
    return "WebAssembly: available" in said.stdout


def build(
    opa: Path, folder: Path, entrypoints: tuple[str, ...], sources: tuple[str, ...] = ("policy.rego",)
) -> bytes:
    """Compile the Rego of a folder to a plan; `sources` are the files and folders in it.

    Raises:
        BenchFailed: OPA refused it.
    """
    with tempfile.TemporaryDirectory(prefix="regent-bench-") as scratch:
        archive = Path(scratch) / "bundle.tar.gz"
        command: list[str | Path] = [opa, "build", "--target", "plan", "--output", archive]
        for entrypoint in entrypoints:
            command += ["--entrypoint", entrypoint]
        _run([*command, *sources], folder)
        with tarfile.open(archive) as files:
            plan = files.extractfile("/plan.json")
            assert plan is not None
            return plan.read()


def bench(opa: Path, folder: Path, entrypoint: str, document: Document) -> Visit:
    """Let OPA measure itself; takes a second or two, whatever the policy.

    The mean is Go's own figure, the rest is of OPA's timer around the evaluation.

    Raises:
        BenchFailed: the query failed or is undefined.
    """
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        file.write(orjson.dumps(document))
        file.flush()
        command: list[str | Path] = [opa, "bench", "--format", "json", "--bundle", folder]
        command += ["--input", file.name, "data." + entrypoint.replace("/", ".")]
        found: dict[str, Any] = orjson.loads(_run(command, folder))
    if "N" not in found:
        raise BenchFailed(f"opa bench: {found.get('errors')!r:.1000}")
    measured = found["Extra"]
    return Visit(
        calls=found["N"],
        mean_us=found["T"] / found["N"] / 1000,
        p50_us=measured[_HISTOGRAM + "median"] / 1000,
        p99_us=measured[_HISTOGRAM + "99%"] / 1000,
    )


@contextlib.contextmanager
def serving(opa: Path, folder: Path, log: Path) -> Iterator[str]:
    """Run an OPA server over a bundle's folder, and give its URL.

    Raises:
        BenchFailed: it didn't start.
    """
    port = free_port()
    command = [str(opa), "run", "--server", "--bundle", str(folder), "--addr", f"127.0.0.1:{port}"]
    command += ["--skip-version-check", "--log-level", "error"]
    with Server(command, None, log, lambda: _is_healthy(port)):
        yield f"http://127.0.0.1:{port}"


def _is_healthy(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health?bundles")
        return connection.getresponse().status == 200
    finally:
        connection.close()


def _run(command: list[str | Path], folder: Path) -> bytes:
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=_TIMEOUT_S)
    if done.returncode:
        said = (done.stderr or done.stdout).decode(errors="replace").strip()
        raise BenchFailed(f"opa {command[1]}: {said:.2000}")
    return done.stdout
