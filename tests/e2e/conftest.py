"""Real processes: the program on the command line, and the service on a free port."""

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = Path(sys.executable).with_name("voltherm")


@pytest.fixture(scope="session")
def examples():
    return ROOT / "examples"


@pytest.fixture(scope="session")
def voltherm():
    """Run the program as a user would: arguments in, completed process out."""

    def run(*arguments, stdin=None, timeout=120):
        command = [PROGRAM, *map(str, arguments)]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=timeout, check=False)

    return run


@pytest.fixture(scope="session")
def service():
    """Address of a service in a process of its own."""
    with _process("serve") as address:
        yield address


@pytest.fixture(scope="session")
def demo_service():
    """Address of a service with the demo, in a process of its own."""
    with _process("demo") as address:
        yield address


@pytest.fixture(scope="session")
def chromium():
    """Path of the system's browser; without one the test is skipped, except in CI."""
    path = Path("/usr/bin/chromium")
    if not path.exists():
        reason = f"there is no {path}"
        if os.environ.get("VOLTHERM_CI") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@contextmanager
def _process(command):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments, environment = [PROGRAM, command, "--port", str(port)], {**os.environ, "DATABASE_URL": "sqlite://"}
    with subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        address = f"http://127.0.0.1:{port}"
        _wait_for(f"{address}/health", process)
        yield address
        process.terminate()


def _wait_for(url, process):
    for _ in range(300):
        if process.poll() is not None:
            pytest.fail(f"the service ended with {process.returncode}")
        try:
            urlopen(url, timeout=1).close()  # noqa: S310 - our own address
        except URLError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the service did not answer within 30 s")
