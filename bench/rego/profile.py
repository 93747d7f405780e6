"""What an evaluation's time is made of: by generated function, by builtin, and by line of generated source.

py-spy samples a process that does nothing but evaluate; it reads the line from outside, so that unlike a
tracer it costs the small functions nothing. Shares are then applied to the time measured without it.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.table import Table

from bench.processes import BenchFailed
from bench.profile import Spent
from bench.rego import cases
from bench.rego import opa as real
from bench.rego.visits import evaluation, timed
from rego import plan as plans

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from bench.rego.cases import Subject

_ROOT: Final = Path(__file__).parents[2]
_SAMPLES_PER_S: Final = 500
_SHOWN: Final = 30
_FRAME: Final = re.compile(r"(?P<name>.*) \((?P<file>[^()]*?)(?::(?P<line>\d+))?\)")
_PLAN: Final = "<rego plan>"
_WIDTHS: Final = {"Rego": 26, "inclusive us": 12}
_DRIVER: Final = f"{_ROOT}/rego/policy.py"


@dataclass(frozen=True, slots=True)
class Frame:
    """One function on a stack, and the line that it was at."""

    name: str
    file: str
    line: int


def show(policy: str, seconds: float, console: Console) -> None:
    """Sample what the first policy with `policy` in its name does to allow something; print the tables.

    Raises:
        BenchFailed: there is no such policy, or py-spy couldn't run.
    """
    with ExitStack() as stack:
        subject = next(iter(cases.chosen(real.find(), policy, stack)), None)
        if subject is None:
            raise BenchFailed(f"no policy has {policy!r} in its name")
        for number, question in enumerate(subject.questions):
            if question.name != "allow":
                continue
            mean_us = timed(evaluation(subject, question), min(1.0, seconds)).mean_us
            stacks = list(_sampled(subject, number, seconds))
            heading = f"{subject.name}, {question.entrypoint}, {question.name}: {mean_us:.1f} us"
            console.print(f"[bold]{heading}[/], {sum(seen for _, seen in stacks)} samples")
            for table in _tables(subject, question.entrypoint, stacks, mean_us):
                console.print(table)


def _sampled(subject: Subject, number: int, seconds: float) -> Iterator[tuple[Sequence[Frame], int]]:
    """Stacks from `Policy.evaluate` inwards, and how often each was seen."""
    with tempfile.TemporaryDirectory(prefix="regent-bench-") as folder:
        output = Path(folder) / "stacks"
        command = [str(Path(sys.executable).with_name("py-spy")), "record", "--format", "raw"]
        command += ["--output", str(output), "--full-filenames", "--rate", str(_SAMPLES_PER_S)]
        command += ["--", sys.executable, "-m", "bench.rego.spin", subject.name, str(number), str(seconds)]
        done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
        if not output.exists():
            raise BenchFailed(f"py-spy could not sample: {(done.stdout + done.stderr)[-2000:]}")
        lines = output.read_text(encoding="utf-8").splitlines()
    for line in lines:
        text, _, count = line.rpartition(" ")
        frames = [_frame(part) for part in text.split(";")]
        start = next((at for at, frame in enumerate(frames) if _is_start(frame)), None)
        if start is not None:
            yield frames[start:], int(count)


def _is_start(frame: Frame) -> bool:
    return frame.file == _DRIVER and frame.name.endswith("evaluate")


def _frame(text: str) -> Frame:
    found = _FRAME.fullmatch(text)
    return Frame(found["name"], found["file"], int(found["line"] or 0)) if found else Frame(text, "", 0)


def _tables(
    subject: Subject, entrypoint: str, stacks: Sequence[tuple[Sequence[Frame], int]], mean_us: float
) -> Iterator[Table]:
    total = sum(seen for _, seen in stacks) or 1
    names = _Names(subject, entrypoint)
    spent = Spent(([names.function(f) for f in frames], seen / total * mean_us) for frames, seen in stacks)
    shown = _table("function", ("own us", "share", "inclusive us"))
    for name, own in sorted(spent.own.items(), key=lambda pair: -pair[1])[:_SHOWN]:
        shown.add_row(name, f"{own:.2f}", f"{own / mean_us:.1%}", f"{spent.inclusive[name]:.2f}")
    yield shown
    builtins: Counter[str] = Counter()
    lines: Counter[Frame] = Counter()
    for frames, seen in stacks:
        outermost = next((f for f in frames if f"{_ROOT}/rego/builtins/" in f.file), None)
        if outermost:
            builtins[names.function(outermost)] += seen
        innermost = next((f for f in reversed(frames) if f.file == _PLAN), None)
        if innermost:
            lines[innermost] += seen
    shown = _table("builtin", ("inclusive us", "share"))
    for name, seen in builtins.most_common(_SHOWN):
        shown.add_row(name, f"{seen / total * mean_us:.2f}", f"{seen / total:.1%}")
    yield shown
    shown = _table("line, with what it calls outside the plan", ("us", "share", "Rego"))
    for frame, seen in lines.most_common(_SHOWN):
        text = names.text(frame)
        shown.add_row(text, f"{seen / total * mean_us:.2f}", f"{seen / total:.1%}", names.place(frame))
    yield shown


class _Names:
    """What a frame is called by people: the plan's functions by their Rego names."""

    def __init__(self, subject: Subject, entrypoint: str) -> None:
        program = subject.policy._programs.ask(entrypoint).program  # noqa: SLF001 - nobody's interface
        self._source = program.source.splitlines()
        self._places = program.lines
        self._functions = [function.name for function in plans.parse(subject.plan).functions]

    def function(self, frame: Frame) -> str:
        """The function's name and where it is."""
        if frame.file != _PLAN:
            return f"{frame.name} ({'/'.join(Path(frame.file).parts[-2:])})"
        number = re.fullmatch(r"f(\d+)\w*", frame.name)
        known = number and int(number[1]) < len(self._functions)
        return f"{frame.name} = {self._functions[int(number[1])]}" if number and known else frame.name

    def text(self, frame: Frame) -> str:
        """The line of generated source; py-spy can't read the table of lines of a very long function."""
        known = 0 < frame.line <= len(self._source)
        return f"{frame.line}: {self._source[frame.line - 1].strip()}" if known else self.function(frame)

    def place(self, frame: Frame) -> str:
        """Where in the Rego it comes from."""
        where = self._places[frame.line - 1] if 0 < frame.line <= len(self._places) else None
        return f"{Path(where.file).name}:{where.row}" if where else ""


def _table(heading: str, figures: Sequence[str]) -> Table:
    shown = Table()
    shown.add_column(heading, overflow="ellipsis", no_wrap=True)
    for figure in figures:
        shown.add_column(figure, justify="right", no_wrap=True, min_width=_WIDTHS.get(figure, 6))
    return shown
