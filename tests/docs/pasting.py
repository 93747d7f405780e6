"""A page's blocks, pasted one after the other into one shell beside a running gateway."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.servers.gateway_server import GatewayServer


def promised(shown: Any, page: Any) -> bool:
    """Whether what was shown has everything that the page shows."""
    if isinstance(page, dict):
        return all(key in shown and promised(shown[key], value) for key, value in page.items())
    if isinstance(page, list):
        return len(shown) == len(page) and all(map(promised, shown, page))
    return bool(shown == page)


def paste(
    gateway: GatewayServer,
    blocks: Sequence[str],
    put: Callable[[Path], None],
    *,
    after: str = "",
    timeout_s: int,
) -> list[str]:
    """Make a call, then run the blocks; return what each printed.

    Args:
        put: brings a `regent`.
        after: run between the call and the first block.
    """
    folder = gateway.folder / "bin"
    put(folder)
    call = (
        f"curl -sf {gateway.url}/v1/chat/completions -H 'content-type: application/json' "
        '-H "authorization: Bearer $(regent token --user alice --team sales --role analyst)" '
        """-d '{"model": "demo-small", "messages": [{"role": "user", "content": "Hello"}]}' > /dev/null\n"""
    )
    script = call + after + "\n".join(f"echo '--- {number}'\n{each}" for number, each in enumerate(blocks))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace("http://127.0.0.1:8080", gateway.url)],
        cwd=gateway.folder,
        env=os.environ | {"PATH": f"{folder}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_s,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return re.split(r"--- \d+\n", done.stdout)[1:]
