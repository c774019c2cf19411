"""A forecast that somebody else made, as it arrived: on its own steps, with its gaps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.errors import InvalidInputError
from voltherm.domain.series import Provenance
from voltherm.domain.time import TimeGrid, utc_instant


class ForecastKind(StrEnum):
    """What is forecast."""

    LOAD = "load"
    SOLAR = "solar"


@dataclass(frozen=True, slots=True, eq=False)
class PartialSeries:
    """Mean values over the steps of a grid, read-only, NaN where nothing is known.

    Parameters
    ----------
    grid : TimeGrid
        The steps.
    values : NDArray, shape (n_steps,)
        One value a step, finite or NaN.
    provenance : Provenance
        Source, quality, issue time and what was repaired.
    """

    grid: TimeGrid
    values: NDArray[np.float64]
    provenance: Provenance

    def __post_init__(self) -> None:
        array = np.array(self.values, dtype=np.float64)
        if array.shape != (self.grid.n_steps,) or np.isinf(array).any():
            message = f"{self.provenance.source}: needs {self.grid.n_steps} values, finite or NaN; has {array.shape}"
            raise InvalidInputError(message)
        array.flags.writeable = False
        object.__setattr__(self, "values", array)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExternalForecast:
    """A forecast from outside, checked and brought to kW, on the steps in which it came.

    Parameters
    ----------
    kind : ForecastKind
        What is forecast.
    power_kw : PartialSeries
        Load (consumption positive) or available production (non-negative). Its provenance names the source, its
        ``issued_at`` when the source says so, and notes what was repaired.
    fetched_at : datetime
        When we received it.
    """

    kind: ForecastKind
    power_kw: PartialSeries
    fetched_at: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "fetched_at", utc_instant(self.fetched_at, "fetched_at"))

    @property
    def known_since(self) -> datetime:
        """When its values became known: its issue, or where the source does not say, its arrival."""
        issued = self.power_kw.provenance.issued_at
        return self.fetched_at if issued is None else min(issued, self.fetched_at)
