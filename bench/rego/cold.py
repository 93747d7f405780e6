"""Loads one policy in a process that has done nothing else; run as `python -m bench.rego.cold PLAN DATA`.

Prints the milliseconds of CPU that each step takes as JSON; imports nothing that `rego` doesn't before it
has timed that.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import process_time_ns


def main(plan_file: str, data_file: str) -> None:
    """Import, load, compile all entrypoints; evaluate nothing."""
    plan, data = Path(plan_file).read_bytes(), json.loads(Path(data_file).read_bytes())
    began_ns = process_time_ns()
    from rego import Policy  # noqa: PLC0415 - what it takes is the question

    imported_ns = process_time_ns()
    policy = Policy.load(plan, data)
    loaded_ns = process_time_ns()
    policy.prepare()
    prepared_ns = process_time_ns()
    policy.with_data(data).prepare()
    swapped_ns = process_time_ns()
    steps = {
        "import_ms": imported_ns - began_ns,
        "load_ms": loaded_ns - imported_ns,
        "prepare_ms": prepared_ns - loaded_ns,
        "with_data_ms": swapped_ns - prepared_ns,
    }
    print(json.dumps({name: taken_ns / 1e6 for name, taken_ns in steps.items()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
