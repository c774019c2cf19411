"""Run the registered benchmarks, all or those named, and print their tables as markdown."""

from __future__ import annotations

import os
import sys
from importlib import import_module

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")
"""Set to one before any linear algebra library is loaded: CPU time then means one core."""

REGISTERED = {
    "planning": "benchmarks.planning",
    "phases": "benchmarks.phases",
    "heat": "benchmarks.heat",
    "startup": "benchmarks.startup",
    "memory": "benchmarks.memory",
    "reads": "benchmarks.reads",
    "learning": "benchmarks.learning",
    "daily_plan": "benchmarks.daily_plan",
    "houses": "benchmarks.houses",
    "weather": "benchmarks.weather",
}
"""Name to module; each has a ``report() -> str`` that measures and returns markdown. A new benchmark is a line here."""


def main(names: list[str]) -> int:
    """Print the reports and return the exit status."""
    unknown = [name for name in names if name not in REGISTERED]
    if unknown:
        print(f"There is no benchmark {unknown[0]!r}; there are: {', '.join(REGISTERED)}")
        return 2
    os.environ.update(dict.fromkeys(THREADS, "1"))
    for name in names or REGISTERED:
        print(import_module(REGISTERED[name]).report(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
