"""How blocks become Python: loops that run once, or nested `if`s; knows no statement's meaning.

In general a block is a loop that runs once, so that an undefined statement leaves it with `break`
(in the body of a scan, with `continue`).
A break that leaves several of these loops sets the flag `b` to how many more there are to leave.
Where nothing inside needs such a jump, a block is *flat*: what follows a condition stands in an `if`.
Python allows twenty loops in one another; deeper blocks go into inner functions.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from rego import flow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rego import plan as p
    from rego.errors import Location

Lines = list[Any]  # (text, location) pairs and, for an indented part, lists of them

NONLOCAL: Final = "nonlocal"
_MAX_LOOPS: Final = 16
_MAX_FLAT_DEPTH: Final = 30  # Python's parser stops at 100 indentations


@dataclass(slots=True)
class Frame:
    """One open block.

    Args:
        scan: Whether it is the body of a scan.
        member: The local that holds the member that a scan is at.
        flat: Whether it stands in no loop of its own.
        left: Whether anything leaves it by a jump.
        passing: How many loops more the jumps out of it have to leave.
        outlined: Whether it is the body of an inner function.
    """

    scan: bool = False
    member: p.Local | None = None
    flat: bool = False
    left: bool = False
    passing: set[int] = field(default_factory=set)


class BlockWriter:
    """Keeps the lines of a function and the blocks that are open in it."""

    def __init__(self) -> None:
        self.out: Lines = []
        self.where: Location | None = None
        self.frames: list[Frame] = []
        self.facts: dict[p.Local, str] = {}
        self.asked: list[str] | None = None
        self.loops = 0
        self.depth = 0
        self.closures = 0
        self.closure_depth = 0
        self.inner_functions = 0
        self.used_flag = False
        self.memo_place: int | None = None

    def statements(self, block: p.Block) -> bool:
        """Write a block's statements; tell whether its end can be reached."""
        raise NotImplementedError

    def is_flat(self, block: p.Block) -> bool:
        """Tell whether a block may be written flat."""
        raise NotImplementedError

    # ── lines ──────────────────────────────────────────────────────────────────────────────────

    def emit(self, text: str) -> None:
        """Write a line."""
        self.out.append((text, self.where))

    @contextmanager
    def indented(self) -> Iterator[Lines]:
        """Write lines one step further in."""
        outer, self.out = self.out, []
        try:
            yield self.out
        finally:
            inner, self.out = self.out, outer
            self.out.append(inner)

    # ── ways out ───────────────────────────────────────────────────────────────────────────────

    def leave(self, levels: int = 0) -> None:
        """Leave the current block and `levels` blocks around it."""
        target = len(self.frames) - 1 - levels
        loops = [place for place, frame in enumerate(self.frames) if not frame.flat and place >= target]
        if not loops:
            return  # flat, and nothing follows: the lines that did stand in an `if`
        inner = self.frames[loops[-1]]
        inner.left = True
        if len(loops) > 1:
            inner.passing.add(len(loops) - 1)
            self.used_flag = True
            self.emit(f"b = {len(loops) - 1}")
            self.emit("break")
        else:
            # A scan whose surroundings are to be left ends; where just its body is, it goes on.
            self.emit("continue" if inner.scan and target == loops[0] else "break")

    def leave_if(self, condition: str, unless: str) -> None:
        """Leave the current block on a condition.

        Args:
            condition: When to leave.
            unless: The opposite.
        """
        if self.asked is not None:  # the block becomes one expression
            self.asked.append(unless)
            return
        if not self.frames[-1].flat:
            self.emit(f"if {condition}:")
            with self.indented():
                self.leave()
            return
        self.emit(f"if {unless}:")
        inner: Lines = []
        self.out.append(inner)
        self.out = inner
        self.depth += 1

    def settle(self, passing: set[int]) -> None:
        """After a block: go on leaving where a jump inside it reaches further."""
        for loops in sorted(passing):
            self.emit("if b:" if len(passing) == 1 else f"if b == {loops}:")
            with self.indented():
                if loops == 1:
                    self.emit("b = 0")
                self.leave_loops(loops - 1)

    def leave_loops(self, more: int) -> None:
        """Leave the innermost loop and `more` loops around it."""
        inner = next(frame for frame in reversed(self.frames) if not frame.flat)
        inner.left = True
        if more:
            inner.passing.add(more)
            self.emit(f"b = {more}")
            self.emit("break")
        else:
            self.emit("continue" if inner.scan else "break")

    def give_back(self, value: str) -> None:
        """Return a value from the function."""
        if self.closure_depth:
            self.emit(f"r = {value}")
            self.emit("return True")
        elif self.memo_place is not None:
            self.emit(f"m[{self.memo_place}] = {value}")
            self.emit(f"return {value}")
        else:
            self.emit(f"return {value}")

    # ── blocks ─────────────────────────────────────────────────────────────────────────────────

    def once(self, block: p.Block, last: Callable[[], None] | None = None) -> set[int]:
        """Write a block that runs once; return how many loops more the jumps out of it have to leave."""
        if self.depth < _MAX_FLAT_DEPTH and self.is_flat(block):
            self.flat(block, last)
            return set()
        return self.loop(block, last)

    def flat(self, block: p.Block, last: Callable[[], None] | None) -> None:
        """Write a block as nested `if`s."""
        outer, depth = self.out, self.depth
        self.frames.append(Frame(flat=True))
        if self.statements(block) and last:
            last()
        self.frames.pop()
        self.out, self.depth = outer, depth

    def loop(self, block: p.Block, last: Callable[[], None] | None) -> set[int]:
        """Write a block as a loop that runs once."""
        frame = Frame()
        self.frames.append(frame)
        outer, self.out = self.out, []
        with self.nesting() as outlined:
            reached = self.statements(block)
            if reached and last:
                last()
        inner, self.out = self.out, outer
        self.frames.pop()
        if frame.left:
            if reached:
                inner.append(("break", None))
            inner = [("while True:", None), inner]
        self.place(inner, outlined=outlined)
        return frame.passing

    @contextmanager
    def nesting(self) -> Iterator[bool]:
        """Count a loop around what is written; yield whether it has to go into an inner function."""
        outlined = self.loops >= _MAX_LOOPS
        loops, closure_depth = self.loops, self.closure_depth
        self.loops = 1 if outlined else loops + 1
        self.depth += 1
        self.closures += outlined
        self.closure_depth += outlined
        try:
            yield outlined
        finally:
            self.depth -= 1
            self.loops, self.closure_depth = loops, closure_depth

    def place(self, lines: Lines, *, outlined: bool) -> None:
        """Put lines here, in an inner function where loops nest too deep for Python."""
        if not outlined:
            self.out.extend(lines)
            return
        self.inner_functions += 1
        name = f"g{self.inner_functions}"
        self.emit(f"def {name}():")
        self.out.append([(NONLOCAL, None), *lines, ("return False", None)])
        self.emit(f"if {name}():")
        with self.indented():
            self.give_back("r")

    # ── facts ──────────────────────────────────────────────────────────────────────────────────

    def note(self, local: p.Local, fact: str | None) -> None:
        """Remember, or forget, what is known of a local."""
        if fact is None:
            self.facts.pop(local, None)
        else:
            self.facts[local] = fact

    def forget(self, before: dict[p.Local, str], blocks: Any) -> None:
        """After blocks that may have run in part, keep only what they could not change."""
        changed = flow.rebound(blocks)
        self.facts = {local: fact for local, fact in before.items() if local not in changed}
