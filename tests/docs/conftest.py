"""The `regent` that a page's shell finds: it has the command run by `tests/servers/forks.py`."""

from __future__ import annotations

import json
import os
import socket
import socketserver
import sys
import tempfile
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Final

import pytest
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.servers.forks import Forks

_CLIENT: Final = """
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as door:
    door.connect(sys.argv[1])
    order = json.dumps([["regent", *sys.argv[2:]], os.getcwd(), dict(os.environ)]).encode() + b"\\n"
    door.sendall(order[socket.send_fds(door, [order], [0, 1, 2]) :])
    code = int(door.makefile().readline())
sys.exit(code if code >= 0 else 128 - code)
"""


@pytest.fixture(scope="session")
def typed_regent(forks: Forks) -> Iterator[Callable[[Path], None]]:
    """Put a `regent` into a folder that is on a shell's PATH."""

    class Order(socketserver.BaseRequestHandler):
        @override
        def handle(self) -> None:
            order, given, _, _ = socket.recv_fds(self.request, 1 << 20, 3)
            while not order.endswith(b"\n"):
                order += self.request.recv(1 << 20)
            arguments, folder, environment = json.loads(order)
            process = forks.start(arguments, folder, environment, given)
            for each in given:
                os.close(each)
            self.request.sendall(b"%d\n" % process.wait())

    with tempfile.TemporaryDirectory(prefix="regent-typed-") as made:
        client, door = Path(made, "client.py"), Path(made, "door")
        client.write_text(_CLIENT, encoding="utf-8")

        def put(folder: Path) -> None:
            command = folder / "regent"
            folder.mkdir(exist_ok=True)
            command.write_text(
                f'#!/bin/sh\nexec "{sys.executable}" -IS {client} {door} "$@"\n', encoding="utf-8"
            )
            command.chmod(0o755)

        forks.begin()
        with socketserver.ThreadingUnixStreamServer(str(door), Order) as server:
            server.daemon_threads = True
            thread = Thread(target=server.serve_forever, args=(0.05,))
            thread.start()
            yield put
            server.shutdown()
            thread.join()
