"""`python -m audit.verify FOLDER [KEPT_HEAD]`: the check without the rest of Regent."""

import json
import sys
from pathlib import Path

from audit.verify.check import verify
from audit.verify.verdict import Verdict
from audit.verify.words import describe


def main(arguments: list[str]) -> int:
    """Verify the folder named first, against the kept head in the file named second, if any."""
    if not 1 <= len(arguments) <= 2:  # noqa: PLR2004 - the two arguments of the line below
        sys.stderr.write("usage: python -m audit.verify FOLDER [KEPT_HEAD]\n")
        return Verdict.CANNOT_CHECK
    try:
        kept = json.loads(Path(arguments[1]).read_bytes()) if arguments[1:] else None
    except (OSError, ValueError) as error:
        sys.stderr.write(f"the kept head cannot be read: {error}\n")
        return Verdict.CANNOT_CHECK
    report = verify(Path(arguments[0]), kept)
    sys.stdout.write("\n".join(describe(report)) + "\n")
    return report.verdict


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
