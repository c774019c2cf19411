"""Where the milliseconds of a plan go: build, solve, validate."""

from __future__ import annotations

import statistics

from benchmarks.measure import machine_note, markdown_table
from benchmarks.sites import Case, battery_case, unified_case
from voltherm.application.plan_site import plan_site

RUNS = 60


def report() -> str:
    """Return the table of phases."""
    rows = [
        _row("battery", battery_case),
        _row("battery + PV + three demand windows", unified_case),
    ]
    head = "site", "build ms", "solve ms", "validate ms"
    note = f"By the wall clock, as each plan reports in its `timing`; {machine_note()}.\n"
    return "\n".join(["## Phases of a plan, median\n", note, markdown_table(head, rows), ""])


def _row(title: str, case: Case) -> tuple[str, ...]:
    timings = [plan_site(*case(number)).timing for number in range(RUNS)]
    phases = [
        [timing.build_ms for timing in timings],
        [timing.solve_ms for timing in timings],
        [timing.validate_ms for timing in timings],
    ]
    return title, *(f"{statistics.median(values):.1f}" for values in phases)
