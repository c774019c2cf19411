"""Peak memory of a fresh process that makes ten plans, by way of making them."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.measure import markdown_table

PLANS = 10


def report() -> str:
    """Return the table of peak memory."""
    rows = []
    for name in WAYS:
        finished = subprocess.run(
            [sys.executable, "-m", "benchmarks.memory", name], check=True, capture_output=True, text=True
        )
        rows.append((name, f"{float(finished.stdout):.0f}"))
    note = f"Peak resident memory of a fresh process with {PLANS} plans of battery + PV + three demand windows.\n"
    return "\n".join(["## Memory\n", note, markdown_table(("way", "MiB"), rows), ""])


def _peak_mib() -> float:
    """Peak resident memory of this program; ``ru_maxrss`` would still hold that of the process it was forked from."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return float(line.split()[1]) / 1024


def _with_voltherm() -> None:
    from benchmarks.sites import unified_case
    from voltherm.application.plan_site import plan_site

    for number in range(PLANS):
        plan_site(*unified_case(number))


def _with_cvxpy() -> None:
    from benchmarks.sites import unified_case
    from tests.oracles.cvxpy_dpp import ParametrisedSite
    from tests.oracles.facts import facts_of

    parametrised = ParametrisedSite(facts_of(*unified_case(0)))
    for number in range(PLANS):
        parametrised.solve(facts_of(*unified_case(number)))


def _with_pulp() -> None:
    from benchmarks.sites import unified_case
    from tests.oracles.facts import facts_of
    from tests.oracles.pulp_model import solve_with_pulp

    for number in range(PLANS):
        solve_with_pulp(facts_of(*unified_case(number)))


WAYS: dict[str, Callable[[], None]] = {
    "Voltherm plan_site": _with_voltherm,
    "cvxpy DPP, Clarabel": _with_cvxpy,
    "PuLP, HiGHS": _with_pulp,
}


if __name__ == "__main__":
    WAYS[sys.argv[1]]()
    print(_peak_mib())
