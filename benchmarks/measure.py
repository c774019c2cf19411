"""CPU time of interleaved runs, and how it is printed."""

from __future__ import annotations

import os
import resource
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One way to do the work.

    Parameters
    ----------
    name : str
        As printed.
    run : Callable
        Does the work on the data it is given.
    every : int
        Takes part in every so many rounds: slow contenders need fewer runs.
    """

    name: str
    run: Callable[[Any], object]
    every: int = 1


def cpu_seconds() -> float:
    """Return the CPU time of this process and of the children that have ended (CBC is one)."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def interleaved_cpu_ms(
    contenders: Iterable[Contender], rounds: int, data: Callable[[int], object]
) -> Mapping[str, float]:
    """Return the median CPU time of each contender. [ms].

    Runs alternate A B A B, after one warm-up of each. Every run gets fresh data, ``data(number)``, made beforehand.
    """
    contenders = tuple(contenders)
    taken: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for contender in contenders:
        contender.run(data(0))
    number = 1
    for turn in range(rounds):
        for contender in contenders:
            if turn % contender.every:
                continue
            given = data(number)
            before = cpu_seconds()
            contender.run(given)
            taken[contender.name].append(1e3 * (cpu_seconds() - before))
            number += 1
    return {name: statistics.median(values) for name, values in taken.items()}


def markdown_table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table; the first column is text, the others are figures."""
    lines = [f"| {' | '.join(head)} |", f"|---|{'---:|' * (len(head) - 1)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def machine_note() -> str:
    """Return what the figures were taken on: cores and load of now."""
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} cores, load average {load:.1f} at the time"
