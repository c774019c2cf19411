"""The problem as it is solved: with peaks that are held below a bracket, and binaries where they were needed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from voltherm.optimization.brackets import Hold, held_below
from voltherm.optimization.model import Floats, LinearProblem
from voltherm.optimization.overlap import exclusive_pairs, forbid, overlaps
from voltherm.optimization.problem import SiteProblem


class Frame:
    """One way to pose a site's problem.

    Parameters
    ----------
    problem : SiteProblem
        Its model grows by binaries.
    holds : tuple of Hold
        Peaks that are held.
    """

    def __init__(self, problem: SiteProblem, holds: tuple[Hold, ...] = ()) -> None:
        self.problem, self.holds = problem, holds
        self._pairs = exclusive_pairs(problem)
        self._forbidden: dict[str, NDArray[np.intp]] = {}

    def linear(self) -> LinearProblem:
        """Return the plain arrays."""
        return held_below(self.problem.model.build(), self.holds)

    def holding(self, holds: tuple[Hold, ...]) -> Frame:
        """Return the same problem with other peaks held; binaries are shared."""
        frame = Frame(self.problem, holds)
        frame._forbidden = self._forbidden
        return frame

    def overlaps(self, x: Floats) -> dict[str, NDArray[np.intp]]:
        """Return where a solution uses both directions of a pair for the first time, by pair."""
        used = overlaps(self._pairs, x)
        fresh = {name: np.setdiff1d(where, self._forbidden.get(name, [])) for name, where in used.items()}
        return {name: where for name, where in fresh.items() if len(where)}

    def forbid(self, where: dict[str, NDArray[np.intp]]) -> None:
        """Add binaries at these places."""
        forbid(self.problem, self._pairs, where)
        for name, places in where.items():
            self._forbidden[name] = np.union1d(self._forbidden.get(name, []), places).astype(np.intp)
