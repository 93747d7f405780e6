"""What a request's CPU time is made of at full load: by thread, by layer and by function.

Each thread's time is the kernel's count; py-spy's samples only say how to divide it, so waiting for a disk
or a queue costs nothing here, while system calls count for the function that makes them. *Own* time is of
the innermost layer on a stack, so the standard library and C extensions count for whoever calls them.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from bench.load import Job
from bench.processes import BenchFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rich.console import Console

    from bench.processes import Server
    from bench.targets import Range

_ROOT = Path(__file__).parents[1]
_CONNECTIONS = 32
_SAMPLES_PER_S = 500
_SHOWN = 30
_WARM_UP_S = 1.0

_LOOP = "event loop"
_TURN = "/asyncio/runners.py"
# A frame belongs to the first layer that has a mark in the frame's file name.
_LAYERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("identity", ("/gateway/identity/", "/steps/authenticate.py")),
    ("policy evaluation", ("<rego plan>", f"{_ROOT}/rego/", "/gateway/engine/")),
    ("policy question", ("/gateway/question.py", "/steps/inspect.py")),
    (
        "audit record",
        ("/steps/record.py", "/audit/record.py", "/audit/commitment.py", "/audit/pseudonyms.py"),
    ),
    ("audit writer", ("/audit/",)),
    ("log line", ("/gateway/logs.py", "/structlog/", "/logging/")),
    ("HTTP client", ("/aiohttp/", "/yarl/", "/multidict/", "/adapters/transport")),
    ("adapter", ("/adapters/",)),
    ("HTTP server", ("/uvicorn/", "/gateway/http/", "/starlette/", "/fastapi/")),
    ("other steps", ("/gateway/",)),
    (_LOOP, (_TURN,)),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One stack of one thread, as py-spy saw it.

    Args:
        frames: `function (file:line)`, the innermost last.
        weight: how often it was seen; once scaled, microseconds of CPU per request.
    """

    thread: int
    frames: tuple[str, ...]
    weight: float


class Spent:
    """Microseconds per request by name.

    Args:
        stacks: names from the outermost to the innermost, and what the innermost spent.
    """

    def __init__(self, stacks: Iterable[tuple[Sequence[str], float]]) -> None:
        self.own: defaultdict[str, float] = defaultdict(float)
        self.inclusive: defaultdict[str, float] = defaultdict(float)
        for names, spent_us in stacks:
            if not names:
                continue
            self.own[names[-1]] += spent_us
            for name in set(names):
                self.inclusive[name] += spent_us


def show(everything: Range, seconds: float, console: Console) -> None:
    """Put Regent under full load, sample it, and print what a request's CPU time is made of.

    Raises:
        BenchFailed: an answer was wrong, or py-spy couldn't attach.
    """
    regent = everything.target("regent")
    assert regent.server is not None
    job = Job(regent.port, regent.token, streamed=False, connections=_CONNECTIONS, seconds=seconds)
    everything.load.run(replace(job, seconds=_WARM_UP_S))
    before, kernel_before = regent.server.threads_us(), regent.server.kernel_us()
    requests = everything.load.run(job).requests
    kernel_us = (regent.server.kernel_us() - kernel_before) / requests
    threads = {
        thread: (spent_us - before.get(thread, 0)) / requests
        for thread, spent_us in regent.server.threads_us().items()
    }
    samples = _scaled(_sampled(everything, job, regent.server), threads)
    total_us, loop_us = sum(threads.values()), threads[regent.server.pid]
    console.print(
        f"whole x {_CONNECTIONS}: {total_us:.0f} us of CPU per request, "
        f"{kernel_us:.0f} of them in the kernel; "
        f"{loop_us:.0f} in the event loop's thread, {total_us - loop_us:.0f} in the others"
    )
    console.print(_table("layer", Spent((_layers(sample.frames), sample.weight) for sample in samples)))
    console.print(_table("function", Spent((_functions(sample.frames), sample.weight) for sample in samples)))


def _sampled(everything: Range, job: Job, server: Server) -> Sequence[Sample]:
    """Run the load once more, with py-spy attached: what its pauses cost must not count."""
    with tempfile.TemporaryDirectory() as folder:
        stacks = Path(folder) / "stacks"
        command = [str(Path(sys.executable).with_name("py-spy")), "record", "--pid", str(server.pid)]
        command += ["--format", "raw", "--output", str(stacks), "--full-filenames", "--function"]
        command += ["--threads", "--gil", "--rate", str(_SAMPLES_PER_S)]
        command += ["--duration", str(max(1, int(job.seconds)))]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as spy:
            everything.load.run(job)
            output, _ = spy.communicate()
        if not stacks.exists():
            raise BenchFailed(f"py-spy could not sample the gateway: {output}")
        return [_sample(line) for line in stacks.read_text(encoding="utf-8").splitlines()]


def _sample(line: str) -> Sample:
    """Read a line of py-spy's `raw` format; how the process came into its loop is left out."""
    stack, _, count = line.rpartition(" ")
    thread, *frames = stack.split(";")
    turns = [number for number, frame in enumerate(frames) if _TURN in frame]
    number = re.search(r"\d+", thread)
    assert number is not None
    return Sample(int(number[0]), tuple(frames[turns[-1] :] if turns else frames), int(count))


def _scaled(samples: Sequence[Sample], threads_us: Mapping[int, float]) -> Sequence[Sample]:
    """Divide each thread's time among its samples."""
    seen = Counter[int]()
    for sample in samples:
        seen[sample.thread] += int(sample.weight)
    return [
        replace(sample, weight=sample.weight * threads_us.get(sample.thread, 0) / seen[sample.thread])
        for sample in samples
    ]


def _layers(frames: Sequence[str]) -> Sequence[str]:
    found = [
        next((layer for layer, marks in _LAYERS if any(mark in frame for mark in marks)), "")
        for frame in frames
    ]
    return [layer for layer in found if layer] or [_LOOP]


def _functions(frames: Sequence[str]) -> Sequence[str]:
    """Each frame with no more than the last two parts of its file's path."""
    return [re.sub(r"\((?:.*/)?([^/]+/[^/]+)\)$", r"(\1)", frame) for frame in frames]


def _table(heading: str, spent: Spent) -> Table:
    shown = Table(heading)
    for column in ("own us", "share", "inclusive us"):
        shown.add_column(column, justify="right")
    total = sum(spent.own.values())
    for name, own in sorted(spent.own.items(), key=itemgetter(1), reverse=True)[:_SHOWN]:
        shown.add_row(name, f"{own:.1f}", f"{own / total:.1%}", f"{spent.inclusive[name]:.1f}")
    return shown
