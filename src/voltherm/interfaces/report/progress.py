"""How far a backtest is, on the terminal: a bar, or a line a policy where nobody watches."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from voltherm.application.policies import PolicyName
from voltherm.application.simulate_policy import Progress as Report


@contextmanager
def progress() -> Iterator[Report]:
    """Yield what to tell the progress to; everything goes to standard error."""
    if not sys.stderr.isatty():
        yield _line
        return
    columns = (TextColumn("{task.description:<8}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks = {}

        def report(policy: PolicyName, done: int, total: int) -> None:
            if policy not in tasks:
                tasks[policy] = bars.add_task(str(policy), total=total)
            bars.update(tasks[policy], completed=done)

        yield report


def _line(policy: PolicyName, done: int, total: int) -> None:
    if done == total:
        sys.stderr.write(f"{policy}: {total} steps\n")
