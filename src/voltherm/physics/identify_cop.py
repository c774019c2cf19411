"""What a heat pump's data sheet is worth in the field: one factor on its COP."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.assets.heat_pump import RATING_RANGES, HeatPump
from voltherm.physics.heat_pump import operating_points
from voltherm.physics.identify_model import Floats

RUNNING_SHARE: Final = 0.05
"""A compressor that draws less than this share of what it would at its capacity does not run."""
OVERLOAD: Final = 1.15
"""Power beyond this times what the compressor draws at its capacity is the backup heater's."""
LEAST_DAYS: Final = 3
"""Days that a standard error needs."""
SECONDS_PER_DAY: Final = 86400
LEAST_FACTOR: Final = 1e-3
"""Where a day without any heat would make a logarithm infinite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopFactor:
    """Measured COP over modelled COP.

    Parameters
    ----------
    value : float
        The factor; the quality grade of Carnot's figure is scaled by it.
    low, high : float
        Ends of the 95 % interval.
    relative_sd : float
        Standard deviation of its logarithm.
    is_learned : bool
        True where heat and power were both measured. From power alone only the building's parameters over the factor
        can be known: the factor is then about what the presets make it.
    """

    value: float
    low: float
    high: float
    relative_sd: float
    is_learned: bool


def heat_from_power(pump: HeatPump, power_kw: Floats, outdoor_c: Floats, epoch_seconds: NDArray[np.int64]) -> Floats:
    """Return the heat that the modelled unit gives for its electric power, shape (n_steps,); NaN stays NaN. [kW].

    Power beyond what the compressor can draw, standby apart, is the backup heater's, where there is one.

    Parameters
    ----------
    pump : HeatPump
        The unit.
    power_kw : NDArray, shape (n_steps,)
        Mean electric power, standby included. [kW]
    outdoor_c : NDArray, shape (n_steps,)
        Outdoor temperature. [degC]
    epoch_seconds : NDArray of int, shape (n_steps,)
        Starts of the steps, for the ground's season.
    """
    cop, compressor, backup = _parts(pump, power_kw, outdoor_c, epoch_seconds)
    efficiency = 0.0 if pump.backup is None else pump.backup.efficiency
    return np.asarray(cop * compressor + efficiency * backup)


def learn_cop(
    pump: HeatPump, power_kw: Floats, heat_kw: Floats, outdoor_c: Floats, epoch_seconds: NDArray[np.int64]
) -> CopFactor | None:
    """Return the compressor's measured heat over the modelled one, by energy; None for less than three running days.

    A ratio of sums, so that the lag of heat behind power and the noise of single steps cancel; its standard error is
    the jackknife's over days (Efron, The Jackknife, the Bootstrap and Other Resampling Plans, 1982, ch. 3).

    Parameters
    ----------
    pump : HeatPump
        The unit.
    power_kw, heat_kw : NDArray, shape (n_steps,)
        Mean electric power and mean heat; NaN where missing. [kW]
    outdoor_c : NDArray, shape (n_steps,)
        Outdoor temperature. [degC]
    epoch_seconds : NDArray of int, shape (n_steps,)
        Starts of the steps.
    """
    cop, compressor, backup = _parts(pump, power_kw, outdoor_c, epoch_seconds)
    efficiency = 0.0 if pump.backup is None else pump.backup.efficiency
    measured, modelled = heat_kw - efficiency * backup, cop * compressor
    is_known = np.isfinite(measured) & np.isfinite(modelled)
    days, place = np.unique(epoch_seconds[is_known] // SECONDS_PER_DAY, return_inverse=True)
    heat = np.bincount(place, measured[is_known], len(days))
    given = np.bincount(place, modelled[is_known], len(days))
    runs = given > RUNNING_SHARE * given.max(initial=0.0)
    heat, given = heat[runs], given[runs]
    if len(given) < LEAST_DAYS or heat.sum() <= 0:
        return None
    without = np.log(np.maximum((heat.sum() - heat) / (given.sum() - given), LEAST_FACTOR))
    n = len(without)
    deviation = math.sqrt((n - 1) / n * float(((without - without.mean()) ** 2).sum()))
    return factor_of(float(heat.sum() / given.sum()), deviation, is_learned=True)


def factor_of(value: float, relative_sd: float, *, is_learned: bool) -> CopFactor:
    """Return a factor with its 95 % interval.

    Parameters
    ----------
    value : float
        The factor.
    relative_sd : float
        Standard deviation of its logarithm.
    is_learned : bool
        Whether heat and power were both measured.
    """
    reach = math.exp(1.96 * relative_sd)
    return CopFactor(value=value, low=value / reach, high=value * reach, relative_sd=relative_sd, is_learned=is_learned)


def with_cop_factor(pump: HeatPump, factor: float) -> HeatPump:
    """Return the unit with the COP of its rating points multiplied, as far as a rating point may have it.

    Parameters
    ----------
    pump : HeatPump
        The unit of the data sheet.
    factor : float
        As learned, above 0.
    """
    low, high, _ = RATING_RANGES["cop"]
    points = tuple(replace(point, cop=min(max(point.cop * factor, low), high)) for point in pump.rating_points)
    return replace(pump, rating_points=points)


def _parts(
    pump: HeatPump, power_kw: Floats, outdoor_c: Floats, epoch_seconds: NDArray[np.int64]
) -> tuple[Floats, Floats, Floats]:
    """COP, electric power of the compressor, and electric power of the backup."""
    points = operating_points(pump, outdoor_c, epoch_seconds)
    drawn = np.maximum(power_kw - pump.standby_kw, 0.0)
    most = OVERLOAD * points.capacity_kw / points.cop
    if pump.backup is None:
        return points.cop, drawn, np.zeros_like(drawn)
    over = np.where(drawn > most, drawn - points.capacity_kw / points.cop, 0.0)
    backup = np.minimum(over, pump.backup.limit_kw)
    return points.cop, drawn - backup, backup
