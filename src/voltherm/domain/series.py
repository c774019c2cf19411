"""Values bound to a time grid, with where they come from and how good they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from voltherm.domain.errors import InvalidInputError
from voltherm.domain.time import TimeGrid, utc_instant


class Quality(StrEnum):
    """How far a value may be trusted, best first."""

    MEASURED = "measured"
    FORECAST = "forecast"
    REPAIRED = "repaired"
    ASSUMED = "assumed"
    DEMO = "demo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a series comes from.

    Parameters
    ----------
    source : str
        The meter, service or model, in words.
    quality : Quality
        How far the values may be trusted.
    issued_at : datetime or None
        When the values became known; None where the caller did not say.
    note : str
        What was repaired or assumed, in words.
    """

    source: str
    quality: Quality
    issued_at: datetime | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if self.issued_at is not None:
            object.__setattr__(self, "issued_at", utc_instant(self.issued_at, "issued_at"))

    def age_minutes(self, now: datetime) -> float | None:
        """Return how long ago the values became known. [min]."""
        return None if self.issued_at is None else (now - self.issued_at).total_seconds() / 60


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Mean values over the steps of a grid, read-only.

    Parameters
    ----------
    grid : TimeGrid
        The steps.
    values : array, shape (n_steps,)
        One value a step; finite. The unit is in the name of whatever holds the series.
    provenance : Provenance
        Source, quality and issue time.

    Raises
    ------
    InvalidInputError
        When the length differs from the grid's, or a value is not finite.
    """

    grid: TimeGrid
    values: NDArray[np.float64]
    provenance: Provenance = field(default_factory=lambda: Provenance(source="caller", quality=Quality.FORECAST))

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", read_only(self.values, self.grid.n_steps, self.provenance.source))

    def part(self, first: int, n_steps: int) -> Series:
        """Return the series on ``n_steps`` steps from step ``first``."""
        return Series(self.grid.part(first, n_steps), self.values[first : first + n_steps], self.provenance)


def read_only(values: ArrayLike, n_steps: int, name: str) -> NDArray[np.float64]:
    """Return ``values`` as a finite, read-only array of shape (n_steps,).

    Raises
    ------
    InvalidInputError
        When the shape differs or a value is not finite; the message names ``name`` and the first bad step.
    """
    array = np.array(values, dtype=np.float64)
    if array.shape != (n_steps,):
        message = f"{name}: has shape {array.shape}, the grid needs ({n_steps},); give one value a step"
        raise InvalidInputError(message)
    if not np.isfinite(array).all():
        bad = int(np.flatnonzero(~np.isfinite(array))[0])
        message = f"{name}: value {array[bad]} at step {bad} is not a finite number; repair the gap or shorten the grid"
        raise InvalidInputError(message)
    array.flags.writeable = False
    return array


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """A forecast with its uncertainty.

    Parameters
    ----------
    mean : Series
        Expected value of each step.
    quantiles : dict of float to array of shape (n_steps,)
        Probability (0 to 1) to value; may be empty.
    """

    mean: Series
    quantiles: dict[float, NDArray[np.float64]] = field(default_factory=dict)

    @property
    def grid(self) -> TimeGrid:
        """The steps."""
        return self.mean.grid

    @property
    def issued_at(self) -> datetime | None:
        """When it was made."""
        return self.mean.provenance.issued_at
