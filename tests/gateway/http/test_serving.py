"""Workers and their supervisor."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time

import pytest

from gateway.http import serving

SUPERVISOR = """
import multiprocessing, os, signal
from tests.gateway.http.test_serving import late_worker

multiprocessing.get_context("spawn").Process(target=late_worker).start()
os.kill(os.getpid(), signal.SIGKILL)
"""


def late_worker() -> None:
    """Follow a supervisor that ended long ago."""
    supervisor = multiprocessing.parent_process()
    while supervisor is not None and os.getppid() == supervisor.pid:
        time.sleep(0.01)
    serving.follow_supervisor()
    sys.stdout.write("outlived it")


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel is asked in Linux's way")
def test_a_worker_ends_though_its_supervisor_ended_first() -> None:
    """A supervisor that is killed while a worker still starts leaves nobody behind."""
    done = subprocess.run(
        [sys.executable, "-c", SUPERVISOR], capture_output=True, text=True, timeout=60, check=False
    )

    assert "outlived" not in done.stdout
    assert "Traceback" not in done.stderr
