"""Keeps Python's cyclic collector still while much is made and nothing is dropped."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def resting() -> Iterator[None]:
    """Run a block in which nothing is looked through for cycles.

    A plan becomes a hundred thousand objects at once, of which none is garbage; the collector would look
    through all of them a dozen times, which takes longer than to read them. Whatever refers to itself
    elsewhere in the process waits for some 50 ms. Threads may be here at the same time: whoever was first
    starts the collector again, perhaps while another is still at it, but it never stays stopped.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
