"""What a controller is told, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import numpy as np

from voltherm.domain.assets import HeatPumpState
from voltherm.domain.command import Command
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.heat_command import HeatCommand
from voltherm.domain.plan import Plan
from voltherm.domain.time import Interval, utc_instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Means over one interval, as the meters saw them; what is missing is left out.

    Parameters
    ----------
    interval : Interval
        What the means are over.
    grid_kw : float or None
        Net power at the site's meter, import positive. [kW]
    power_kw : Mapping of asset id to float
        Loads (consumption positive), PV plants (available production, non-negative), batteries (AC power, charging
        positive) and heat pumps (with their backup, without standby). [kW]
    soc : Mapping of battery id to float
        State of charge at the end of the interval, 0 to 1.
    heat : Mapping of heat pump id to HeatPumpState
        Temperatures, and what the heat pump does, at the end of the interval.
    prices_per_kwh : Mapping of series name to float
        Named price series over the interval. [currency/kWh]
    t_out_c : float or None
        Outdoor temperature. [degC]
    irradiance_w_m2 : float or None
        Sun, as the rooms' apertures count it. [W/m2]
    reactive_kvar : float or None
        Reactive power at the site's meter, positive when taken from the grid. [kvar]
    """

    interval: Interval
    grid_kw: float | None = None
    power_kw: Mapping[str, float] = field(default_factory=dict)
    soc: Mapping[str, float] = field(default_factory=dict)
    heat: Mapping[str, HeatPumpState] = field(default_factory=dict)
    prices_per_kwh: Mapping[str, float] = field(default_factory=dict)
    t_out_c: float | None = None
    irradiance_w_m2: float | None = None
    reactive_kvar: float | None = None

    def __post_init__(self) -> None:
        values = {
            "grid_kw": self.grid_kw,
            "t_out_c": self.t_out_c,
            "irradiance_w_m2": self.irradiance_w_m2,
            "reactive_kvar": self.reactive_kvar,
            **self.power_kw,
            **self.prices_per_kwh,
        }
        for name, value in values.items():
            if value is not None and not np.isfinite(value):
                message = f"measured: {name} is {value}; leave out what was not measured"
                raise InvalidInputError(message)
        for name, soc in self.soc.items():
            if not 0 <= soc <= 1:
                message = f"measured: soc of {name!r} is {soc}, must be between 0 and 1 (a fraction, not percent)"
                raise InvalidInputError(message)


class Rung(StrEnum):
    """How a decision was reached, best first."""

    FRESH_PLAN = "fresh_plan"
    """A plan on measured state and forecasts."""
    LAST_PLAN = "last_plan"
    """The running step of the last good plan, while its inputs are young enough."""
    LOCAL_RULE = "local_rule"
    """Without a plan: the meter alone holds the peak, and takes up surplus."""
    NO_SETPOINT = "no_setpoint"
    """No fresh SOC, no forecast or no valid plan: nothing is commanded, the devices go back to their own default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do from ``now`` on.

    Parameters
    ----------
    now : datetime
        When it was decided.
    rung : Rung
        How it was reached.
    why : str
        What is missing, on any rung but the first.
    plan : Plan or None
        The plan.
    commands : tuple of Command
        One a battery, valid for the running step.
    heat_commands : tuple of HeatCommand
        One a heat pump, valid for the running step.
    ceiling_kw : float
        Mean import over the running metering interval that the guard must hold; infinite where nothing limits. [kW]
    targets_kw : Mapping of demand component id to float
        Peaks conceded for the billing period. [kW]
    """

    now: datetime
    rung: Rung
    why: str = ""
    plan: Plan | None = None
    commands: tuple[Command, ...] = ()
    heat_commands: tuple[HeatCommand, ...] = ()
    ceiling_kw: float = float("inf")
    targets_kw: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterReading:
    """What the guard sees between two decisions.

    Parameters
    ----------
    net_kw : float
        Import that the site would have now with its batteries at rest: grid meter less battery meters. [kW]
    mean_so_far_kw : float
        Mean import of the running metering interval up to now. [kW]
    elapsed_share : float
        Share of the metering interval that is over, 0 up to but not including 1.
    soc : Mapping of battery id to float
        State of charge of now, 0 to 1.
    """

    net_kw: float
    mean_so_far_kw: float = 0.0
    elapsed_share: float = 0.0
    soc: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not (np.isfinite(self.net_kw) and np.isfinite(self.mean_so_far_kw)):
            message = f"reading: net_kw is {self.net_kw}, mean_so_far_kw {self.mean_so_far_kw}; both must be finite"
            raise InvalidInputError(message)
        if not 0 <= self.elapsed_share < 1:
            message = f"reading: elapsed_share is {self.elapsed_share}, must be at least 0 and below 1"
            raise InvalidInputError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardedPower:
    """What the guard lets each battery do now.

    Parameters
    ----------
    at : datetime
        When.
    power_kw : Mapping of battery id to float
        AC power, charging positive; empty while nothing is commanded. [kW]
    is_clamped : bool
        Whether any power differs from the plan's.
    """

    at: datetime
    power_kw: Mapping[str, float]
    is_clamped: bool

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", utc_instant(self.at, "at"))
