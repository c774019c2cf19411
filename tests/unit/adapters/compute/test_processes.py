"""Faults of the work, injected with what the standard library has at hand: a worker can import it by name."""

import asyncio
import ctypes
import itertools
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from voltherm.adapters.compute import processes
from voltherm.adapters.compute.processes import ProcessCompute, _pause_s
from voltherm.ports.compute import NotComputed

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, and rests on what Linux promises")

AMPLE_S = 60.0
MIB = 2**20


@pytest.fixture
async def compute():
    place = ProcessCompute(n_workers=1, memory_bytes=512 * MIB, imports=())
    await place.start()
    yield place
    await place.close()


def children():
    """Our children that are not the tracker, which multiprocessing begins once and keeps; zombies count."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
            command = (stat.parent / "cmdline").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == os.getpid() and "resource_tracker" not in command:
            found.append(int(stat.parent.name))
    return found


def is_gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def n_open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


async def pid_of(compute):
    return int(await compute.run(os.readlink, "/proc/self", AMPLE_S))


class Heartbeat:
    """Counts how often the event loop comes round."""

    async def __aenter__(self):
        self.n_beats = 0
        self._task = asyncio.create_task(self._beat())
        return self

    async def __aexit__(self, *_):
        self._task.cancel()

    async def _beat(self):
        while True:
            await asyncio.sleep(0.01)
            self.n_beats += 1


@pytest.mark.fault(19)
@pytest.mark.parametrize(
    ("work", "job"),
    [(time.sleep, 10.0), (time.sleep, 1e6), (sum, itertools.count()), (signal.raise_signal, signal.SIGSTOP)],
    ids=["slow", "hangs", "holds the GIL", "stops"],
)
async def test_work_that_does_not_end_is_ended_at_its_deadline_and_the_next_job_works(compute, work, job):
    pid = await pid_of(compute)
    async with Heartbeat() as heart:
        answer = await compute.run(work, job, 1.0)

    assert isinstance(answer, NotComputed)
    assert "still running, and was ended after 1 s" in answer.why
    assert heart.n_beats > 3
    assert await compute.run(math.sqrt, 49.0, AMPLE_S) == 7.0
    assert is_gone(pid)


@pytest.mark.fault(19)
@pytest.mark.parametrize(
    ("work", "job", "told"),
    [
        (ctypes.string_at, 0, "its worker ended (signal SIGSEGV)"),
        (signal.raise_signal, signal.SIGKILL, "its worker ended (signal SIGKILL, perhaps for want of memory)"),
        (os._exit, 3, "its worker ended (exit code 3)"),
        (sys.exit, 4, "its worker ended (exit code 4)"),
        (bytearray, 600 * MIB, "MemoryError"),
        (eval, "(lambda grow: grow(grow))(lambda grow: grow(grow))", "RecursionError"),
    ],
    ids=["segfaults", "is killed", "exits", "exits politely", "exceeds its memory", "recurses"],
)
async def test_a_fault_gives_no_answer_and_the_next_job_works(compute, work, job, told):
    answer = await compute.run(work, job, AMPLE_S)

    assert isinstance(answer, NotComputed)
    assert told in answer.why
    assert await compute.run(math.sqrt, 49.0, AMPLE_S) == 7.0


@pytest.mark.fault(19)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM, signal.SIGABRT])
async def test_a_signal_from_outside_in_the_middle_of_work_gives_no_answer_and_the_next_job_works(compute, number):
    pid = await pid_of(compute)
    running = asyncio.create_task(compute.run(time.sleep, 30.0, 1.0))
    await asyncio.sleep(0.2)
    os.kill(pid, number)

    assert isinstance(await running, NotComputed)
    assert await pid_of(compute) != pid


async def test_an_idle_worker_that_is_killed_is_replaced_before_it_is_asked(compute):
    pid = await pid_of(compute)
    os.kill(pid, signal.SIGKILL)
    while not is_gone(pid):
        time.sleep(0.01)  # noqa: ASYNC251 - the event loop does not come round in between: it has not seen the end yet

    assert await pid_of(compute) != pid


async def test_an_interrupt_from_the_terminal_is_left_to_the_parent(compute):
    pid = await pid_of(compute)
    running = asyncio.create_task(compute.run(time.sleep, 0.5, AMPLE_S))
    await asyncio.sleep(0.2)
    os.kill(pid, signal.SIGINT)

    assert await running is None
    assert await pid_of(compute) == pid


@pytest.mark.parametrize(
    ("work", "job"), [(math.sqrt, lambda: 4.0), (lambda _: 4.0, 4.0), (math.sqrt, (n for n in range(3)))]
)
async def test_what_cannot_be_pickled_is_told_before_it_costs_a_worker(compute, work, job):
    pid = await pid_of(compute)

    answer = await compute.run(work, job, AMPLE_S)

    assert isinstance(answer, NotComputed)
    assert "cannot be sent to a worker" in answer.why
    assert await pid_of(compute) == pid


async def test_an_answer_that_cannot_be_pickled_is_told_and_the_worker_goes_on(compute):
    pid = await pid_of(compute)

    answer = await compute.run(open, "/dev/null", AMPLE_S)

    assert isinstance(answer, NotComputed)
    assert "TypeError: cannot pickle" in answer.why
    assert await pid_of(compute) == pid


async def test_a_worker_is_kept_from_job_to_job(compute):
    assert len({await pid_of(compute) for _ in range(5)}) == 1


async def test_a_cancelled_job_ends_its_worker(compute):
    pid = await pid_of(compute)
    running = asyncio.create_task(compute.run(time.sleep, 1e6, AMPLE_S))
    await asyncio.sleep(0.1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert await pid_of(compute) != pid
    assert is_gone(pid)


async def test_large_jobs_and_answers_go_through(compute):
    job = bytes(30 * MIB)

    assert await compute.run(bytes, job, AMPLE_S) == job


@pytest.mark.fault(19)
async def test_a_large_job_to_a_stopped_worker_does_not_hold_up_the_event_loop(compute):
    os.kill(await pid_of(compute), signal.SIGSTOP)
    async with Heartbeat() as heart:
        answer = await compute.run(len, bytes(30 * MIB), 1.0)

    assert isinstance(answer, NotComputed)
    assert heart.n_beats > 3
    assert await compute.run(len, b"four", AMPLE_S) == 4


@pytest.mark.fault(19)
async def test_nothing_is_left_over_however_the_workers_ended():
    compute = ProcessCompute(n_workers=2, imports=())
    await pid_of(compute)
    open_files = n_open_files()
    n_children = len(children())
    for work, job in [(time.sleep, 30.0), (os._exit, 1), (signal.raise_signal, signal.SIGSTOP), (math.sqrt, -1.0)]:
        await compute.run(work, job, 0.3)
    await asyncio.gather(*(compute.run(time.sleep, 0.2, AMPLE_S) for _ in range(2)))

    assert len(children()) == n_children
    assert n_open_files() <= open_files

    await compute.close()
    await asyncio.sleep(0)

    assert children() == []


async def test_closing_ends_workers_that_start_hang_or_are_stopped():
    compute = ProcessCompute(n_workers=3, imports=())
    stopped = await pid_of(compute)
    os.kill(stopped, signal.SIGSTOP)
    running = asyncio.create_task(compute.run(time.sleep, 1e6, AMPLE_S))
    await asyncio.sleep(0.05)
    async with asyncio.timeout(10):
        await compute.close()

    assert children() == []
    assert isinstance(await running, NotComputed)


async def test_closing_what_never_started_is_nothing():
    await ProcessCompute().close()


async def test_a_worker_that_cannot_even_start_is_tried_again_ever_more_slowly(monkeypatch):
    monkeypatch.setattr(processes, "FIRST_PAUSE_S", 1e6)
    monkeypatch.setattr(processes, "LONGEST_PAUSE_S", 1e6)
    compute = ProcessCompute(n_workers=1, imports=("voltherm.no_such_module",))

    answer = await compute.run(math.sqrt, 4.0, 3.0)

    assert isinstance(answer, NotComputed)
    assert "no worker was free" in answer.why
    assert compute._crashes_in_a_row == 2
    assert children() == []
    await compute.close()


def test_one_crash_costs_no_pause_and_many_cost_ever_more():
    assert [_pause_s(n) for n in (1, 2, 3, 4)] == [0.0, 0.5, 1.0, 2.0]
    assert _pause_s(1000) == processes.LONGEST_PAUSE_S


ORPHAN = """
import asyncio, os, time
from voltherm.adapters.compute.processes import ProcessCompute

async def main():
    compute = ProcessCompute(n_workers=1, imports=())
    print(await compute.run(os.readlink, "/proc/self", 60), flush=True)
    await compute.run(time.sleep, 1e6, 1e6)

asyncio.run(main())
"""


@pytest.mark.fault(19)
def test_a_worker_in_the_middle_of_work_ends_with_its_parent():
    with subprocess.Popen([sys.executable, "-c", ORPHAN], stdout=subprocess.PIPE, text=True) as parent:
        pid = int(parent.stdout.readline())
        parent.kill()
    for _ in range(200):
        if is_gone(pid):
            return
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    pytest.fail("the worker outlived its parent")


FORGETFUL = """
import asyncio, os, signal
from voltherm.adapters.compute.processes import ProcessCompute

async def main():
    compute = ProcessCompute(n_workers=1, imports=())
    pid = await compute.run(os.readlink, "/proc/self", 60)
    os.kill(int(pid), signal.SIGSTOP)

asyncio.run(main())
"""


def test_a_program_that_forgets_to_close_ends_nevertheless():
    ended = subprocess.run([sys.executable, "-c", FORGETFUL], timeout=60, check=False, capture_output=True, text=True)

    assert ended.returncode == 0, ended.stderr
