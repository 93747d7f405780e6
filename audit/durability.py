"""How much a log promises before a caller may go on; named in the log itself, at the start of each boot."""

from enum import StrEnum


class Durability(StrEnum):
    """The modes, strictest first. What a weaker one loses is counted in a `gap` record."""

    STRICT = "strict"
    """Nothing goes on without a record that survives a power cut."""

    WRITTEN = "written"
    """A record is handed to the kernel before its caller goes on, and synced within a second: it survives
    the end of the process, and a power cut may take the last second's."""

    BEST_EFFORT = "best_effort"
    """As strict while the disk takes records; while it doesn't, callers go on without, and are counted."""
