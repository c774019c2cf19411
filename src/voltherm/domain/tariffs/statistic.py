"""From the means of a billing period to its one number of kW."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.errors import InvalidInputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistic:
    """The mean of the ``top_k`` highest buckets, or the ``rank``-th highest bucket.

    Parameters
    ----------
    top_k : int
        How many of the highest buckets are averaged; the sum is always divided by ``top_k``, missing ones count as 0.
    rank : int or None
        Instead of a mean: the ``rank``-th highest bucket alone, 0 while there are fewer. Not convex.
    skip_top : int
        How many of the highest are left out first.
    months : int
        Length of the rolling horizon in calendar months, the billing period's first month the last of them;
        1 counts only the billing period itself.

    Raises
    ------
    InvalidInputError
        For a ``top_k``, ``rank`` or ``months`` below 1, or a negative ``skip_top``.
    """

    top_k: int = 1
    rank: int | None = None
    skip_top: int = 0
    months: int = 1

    def __post_init__(self) -> None:
        if self.top_k < 1 or self.skip_top < 0 or self.months < 1 or (self.rank is not None and self.rank < 1):
            message = f"statistic: {self} must have top_k, rank and months at least 1, skip_top at least 0"
            raise InvalidInputError(message)

    @property
    def n_highest(self) -> int:
        """How many of the highest buckets can matter."""
        return self.skip_top + (self.rank or self.top_k)

    def of(self, values_kw: Sequence[float] | NDArray[np.float64]) -> float:
        """Return the statistic of the bucket values. [kW]."""
        if self.n_highest == 1:
            highest = max(values_kw, default=0.0) if isinstance(values_kw, list) else np.max(values_kw, initial=0.0)
            return max(0.0, float(highest))
        ordered = np.sort(np.asarray(values_kw, dtype=np.float64))[::-1]
        if self.rank is not None:
            return float(ordered[self.n_highest - 1]) if len(ordered) >= self.n_highest else 0.0
        return float(ordered[self.skip_top : self.n_highest].sum()) / self.top_k

    def level_for(self, target_kw: float, held_kw: Sequence[float]) -> float:
        """Return the value that ``n_highest`` more buckets must have for the statistic to become ``target_kw``. [kW].

        ``target_kw`` is at least the statistic of ``held_kw``.
        """
        if self.rank is not None or self.skip_top:
            return target_kw
        ordered = sorted(held_kw, reverse=True)[: self.top_k - 1]
        for above in range(len(ordered) + 1):
            level = (self.top_k * target_kw - sum(ordered[:above])) / (self.top_k - above)
            if above == len(ordered) or level >= ordered[above]:
                return level
        return target_kw
