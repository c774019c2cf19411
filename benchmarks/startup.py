"""How long the command line takes to answer ``--help``, in CPU time of a fresh process."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys

from benchmarks.measure import machine_note, markdown_table

RUNS = 9
TARGET_S = 0.3
COMMANDS = {
    "voltherm --help": [sys.executable, "-c", "from voltherm.interfaces.cli.main import main; main(['--help'])"],
    "import voltherm": [sys.executable, "-c", "import voltherm"],
    "from voltherm import plan_site": [sys.executable, "-c", "from voltherm import plan_site"],
    "python alone": [sys.executable, "-c", "pass"],
}


def report() -> str:
    """Return the table of start-up times."""
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(RUNS):
        for name, command in COMMANDS.items():
            taken[name].append(_cpu_s(command))
    rows = []
    for name, values in taken.items():
        median = statistics.median(values)
        target = f"below {TARGET_S:g} s: {'met' if median < TARGET_S else 'NOT met'}" if "--help" in name else ""
        rows.append((name, f"{median:.2f}", target))
    note = f"CPU seconds of a fresh process, median of {RUNS} interleaved; {machine_note()}.\n"
    return "\n".join(["## Start-up\n", note, markdown_table(("command", "CPU s", "target"), rows), ""])


def _cpu_s(command: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=False, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
