"""Battery: parameters and state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.errors import InvalidInputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """An AC-coupled battery as the site's meter sees it.

    Parameters
    ----------
    id : str
        Name within the site.
    capacity_kwh : float
        Usable energy between SOC 0 and 1. [kWh]
    charge_limit_kw, discharge_limit_kw : float
        Largest AC power in each direction, both non-negative. [kW]
    charge_efficiency, discharge_efficiency : float
        AC to stored and stored to AC, each in (0, 1].
    soc_min, soc_max : float
        Band that the plan keeps; the physics reaches from 0 to 1.
    reserve_soc : float
        Held back for backup or a sold reserve; the plan keeps SOC at or above max(soc_min, reserve_soc).
    wear_cost_per_kwh : float
        Cost of each kWh charged or discharged, in the site's currency.
    standing_loss_per_h : float
        Share of the stored energy lost in an hour.
    standby_kw : float
        Constant draw of the battery's auxiliaries, metered with the site. [kW]
    ramp_limit_kw_per_min : float or None
        Largest change of AC power. [kW/min]
    charge_taper_soc : float
        SOC above which the charge limit falls linearly to zero at SOC 1; 1 means no taper.
    discharge_taper_soc : float
        SOC below which the discharge limit falls linearly to zero at SOC 0; 0 means no taper.

    Raises
    ------
    InvalidInputError
        For any value outside the ranges above; the message names field, value and range.
    """

    id: str
    capacity_kwh: float
    charge_limit_kw: float
    discharge_limit_kw: float
    charge_efficiency: float = 0.95
    discharge_efficiency: float = 0.95
    soc_min: float = 0.0
    soc_max: float = 1.0
    reserve_soc: float = 0.0
    wear_cost_per_kwh: float = 0.0
    standing_loss_per_h: float = 0.0
    standby_kw: float = 0.0
    ramp_limit_kw_per_min: float | None = None
    charge_taper_soc: float = 1.0
    discharge_taper_soc: float = 0.0

    def __post_init__(self) -> None:
        self._require("capacity_kwh", self.capacity_kwh > 0, "above 0")
        for name in ("charge_limit_kw", "discharge_limit_kw", "wear_cost_per_kwh", "standby_kw"):
            self._require(name, getattr(self, name) >= 0, "at least 0")
        for name in ("charge_efficiency", "discharge_efficiency"):
            self._require(name, 0 < getattr(self, name) <= 1, "above 0 and at most 1")
        for name in ("soc_min", "soc_max", "reserve_soc", "charge_taper_soc", "discharge_taper_soc"):
            self._require(name, 0 <= getattr(self, name) <= 1, "between 0 and 1 (a fraction, not percent)")
        self._require("soc_max", self.soc_max >= self.soc_floor, f"at least the floor {self.soc_floor}")
        self._require("standing_loss_per_h", 0 <= self.standing_loss_per_h < 1, "at least 0 and below 1")
        ramp = self.ramp_limit_kw_per_min
        self._require("ramp_limit_kw_per_min", ramp is None or ramp > 0, "above 0, or absent")

    def _require(self, field: str, holds: bool, wanted: str) -> None:  # noqa: FBT001 - the condition reads best in place
        value = getattr(self, field)
        if not holds or (value is not None and not np.isfinite(value)):
            message = f"battery {self.id!r}: {field} is {value}, must be {wanted}"
            raise InvalidInputError(message)

    @property
    def soc_floor(self) -> float:
        """Lowest SOC that the plan keeps."""
        return max(self.soc_min, self.reserve_soc)

    @property
    def round_trip_efficiency(self) -> float:
        """Share of charged AC energy that comes back as AC energy."""
        return self.charge_efficiency * self.discharge_efficiency


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BatteryState:
    """What the battery management system reports at the start of a plan.

    Parameters
    ----------
    soc : float
        State of charge, 0 to 1; may lie outside the planning band.
    charge_limit_kw, discharge_limit_kw : float, array of shape (n_steps,) or None
        Limits of now (derating by temperature, open strings); None means the battery's own. [kW]
    power_kw : float or None
        AC power of now, charging positive; the ramp limit starts from it. [kW]

    Raises
    ------
    InvalidInputError
        For an SOC outside 0..1, a negative limit, or a value that is not finite.
    """

    soc: float
    charge_limit_kw: float | NDArray[np.float64] | None = None
    discharge_limit_kw: float | NDArray[np.float64] | None = None
    power_kw: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.soc <= 1:
            message = f"state: soc is {self.soc}, must be between 0 and 1 (a fraction, not percent)"
            raise InvalidInputError(message)
        for name in ("charge_limit_kw", "discharge_limit_kw"):
            limit = getattr(self, name)
            if limit is not None and not (np.isfinite(limit) & (np.asarray(limit) >= 0)).all():
                message = f"state: {name} is {limit}, must be finite and at least 0"
                raise InvalidInputError(message)
        if self.power_kw is not None and not np.isfinite(self.power_kw):
            message = f"state: power_kw is {self.power_kw}, must be finite"
            raise InvalidInputError(message)
