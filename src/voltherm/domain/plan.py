"""The plan: what every asset should do, what it costs, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from voltherm.domain.assets import BatteryState, HeatMode, HeatPumpState
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.ledger import Ledger
from voltherm.domain.series import Provenance, Series
from voltherm.domain.time import TimeGrid, utc_instant

LONGEST_HOLD_H = 24.0
"""A mode that is held for longer is no plan. [h]"""


class Terminal(StrEnum):
    """What holds at the end of the horizon."""

    FREE = "free"
    """Stored energy is worth nothing at the end."""
    AT_LEAST_START = "at_least_start"
    """Each battery ends no lower than it starts."""
    VALUE = "value"
    """Stored energy above the start has a price, below it costs the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOptions:
    """Choices of a plan that are not facts of the site.

    Parameters
    ----------
    terminal : Terminal
        Condition at the end of the horizon.
    stored_energy_value_per_kwh : float or None
        For ``Terminal.VALUE``: worth of a stored kWh; None estimates it from the horizon's own prices.
    peak_targets_kw : Mapping of component id to float
        Peaks conceded in the billing period: the plan pays only above max(reached, target). [kW]
    solve_limit_s : float
        Wall-clock limit of an integer solve. [s]
    mode_hold_h : float or None
        Heat pumps that are switched change their level only on local clock marks this far apart, counted from local
        midnight; None lets them change at every step. [h]
    """

    terminal: Terminal = Terminal.VALUE
    stored_energy_value_per_kwh: float | None = None
    peak_targets_kw: Mapping[str, float] = field(default_factory=dict)
    solve_limit_s: float = 5.0
    mode_hold_h: float | None = None

    def __post_init__(self) -> None:
        value = self.stored_energy_value_per_kwh
        if value is not None and not np.isfinite(value):
            message = f"options: stored_energy_value_per_kwh is {value}, must be finite or absent"
            raise InvalidInputError(message)
        for name, target in self.peak_targets_kw.items():
            if not 0 <= target < float("inf"):
                message = f"options: peak_targets_kw[{name!r}] is {target}, must be finite and at least 0 kW"
                raise InvalidInputError(message)
        if not 0 < self.solve_limit_s < float("inf"):
            message = f"options: solve_limit_s is {self.solve_limit_s}, must be above 0 s"
            raise InvalidInputError(message)
        if self.mode_hold_h is not None and not 0 < self.mode_hold_h <= LONGEST_HOLD_H:
            message = f"options: mode_hold_h is {self.mode_hold_h}, must be above 0 and at most {LONGEST_HOLD_H:g} h"
            raise InvalidInputError(message)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlanInputs:
    """Everything that a plan depends on besides the site.

    Parameters
    ----------
    now : datetime
        When the plan is made; ages are counted from it.
    grid : TimeGrid
        The steps to plan.
    power_kw : Mapping of asset id to Series
        Forecast of each load (positive: consumes) and of each PV plant (available power, non-negative). [kW]
    states : Mapping of battery id to BatteryState
        State at the start of the grid.
    prices : Mapping of name to Series
        Named price series of the tariff, per kWh.
    ledger : Ledger
        What the meter has seen in the billing period so far.
    options : PlanOptions
        Terminal condition, targets, limits.
    heat : Mapping of heat pump id to HeatPumpState
        Temperatures at the start of the grid, and what the heat pump does now.
    weather : Mapping of name to Series
        For heat pumps: ``outdoor_c`` [degC], and ``irradiance_w_m2`` [W/m2] where a room has a solar aperture.
    """

    now: datetime
    grid: TimeGrid
    power_kw: Mapping[str, Series]
    states: Mapping[str, BatteryState] = field(default_factory=dict)
    prices: Mapping[str, Series] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger.empty)
    options: PlanOptions = field(default_factory=PlanOptions)
    heat: Mapping[str, HeatPumpState] = field(default_factory=dict)
    weather: Mapping[str, Series] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "now", utc_instant(self.now, "now"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimal:
    """Proven optimal within the certified gap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feasible:
    """A plan that keeps every promise but is not proven best.

    Parameters
    ----------
    gap : float
        Proven relative distance to the optimum; infinite where nothing is proven.
    why : str
        What stopped the proof.
    """

    gap: float
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallback:
    """A plan made without the optimizer, named as such.

    Parameters
    ----------
    why : str
        What went wrong.
    """

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Infeasible:
    """No plan passed the validator; the assets stay idle.

    Parameters
    ----------
    why : str
        The findings.
    """

    why: str


Outcome = Optimal | Feasible | Fallback | Infeasible


class Reason(StrEnum):
    """Why a step does what it does."""

    IDLE = "idle"
    HOLD = "hold"
    SHAVE_PEAK = "shave_peak"
    CHARGE_CHEAP = "charge_cheap"
    CHARGE_FOR_PEAK = "charge_for_peak"
    DISCHARGE_DEAR = "discharge_dear"
    STORE_SURPLUS = "store_surplus"
    EXPORT = "export"
    RECOVER_SOC = "recover_soc"
    RELIEVE_CONNECTION = "relieve_connection"
    ABSORB_NEGATIVE_PRICE = "absorb_negative_price"
    FALLBACK = "fallback"


class HeatReason(StrEnum):
    """Why a heat pump does what it does in a step."""

    CANNOT_KEEP_COMFORT = "cannot_keep_comfort"
    """All that there is runs, and the room is still below its band."""
    RECOVER_COMFORT = "recover_comfort"
    """The room was below its band."""
    ABSORB_NEGATIVE_PRICE = "absorb_negative_price"
    HEAT_SURPLUS = "heat_surplus"
    """PV that would be exported or curtailed heats."""
    PREHEAT_CHEAP = "preheat_cheap"
    """Heat is stored in the building because it costs more later."""
    HOLD_COMFORT = "hold_comfort"
    """About as much heat as is lost."""
    COAST_DEAR = "coast_dear"
    """The building lives on what is stored because heat costs more now than at other times."""
    COAST_WARM = "coast_warm"
    """The building is warm enough, and lives on what is stored."""
    NO_HEAT_NEEDED = "no_heat_needed"
    """The rooms stay in their band without heat."""
    OWN_CONTROL = "own_control"
    """There is no plan: the heat pump's own control holds its set point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A soft limit that the plan breaks, and what that was priced at.

    Parameters
    ----------
    limit : str
        Name of the limit, such as ``bess.soc_min`` or ``connection.import_limit_kw``.
    amount : float
        Sum over the steps of how far beyond the limit. [unit]
    unit : str
        ``kWh`` of energy beyond a power limit, ``kWh*h`` of missing stored energy over time, ``K*h`` of discomfort.
    price : float
        Penalty per unit, in the site's currency.
    worst : float
        Largest distance beyond the limit in one step, in the limit's own unit.
    at : datetime
        Start of the step with the worst distance.
    """

    limit: str
    amount: float
    unit: str
    price: float
    worst: float
    at: datetime

    @property
    def cost(self) -> float:
        """Penalty. [currency]."""
        return self.amount * self.price


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """What the plan minimises, in the site's currency: ``total = bill + wear + violations - stored_energy``.

    Parameters
    ----------
    bill : float
        The tariff's bill of the planned series above what is already metered (and conceded by targets).
    wear : float
        Wear of the batteries, and of the heat pumps' starts.
    violations : float
        Penalties of broken soft limits.
    stored_energy : float
        Worth of the energy stored at the end above the start, in batteries and in buildings.
    """

    bill: float
    wear: float
    violations: float
    stored_energy: float

    @property
    def total(self) -> float:
        """The objective. [currency]."""
        return self.bill + self.wear + self.violations - self.stored_energy


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeatPlan:
    """What a heat pump and its building do.

    Parameters
    ----------
    heat_kw : NDArray, shape (n_steps, n_rooms)
        Heat into each room. [kW]
    compressor_kw : NDArray, shape (n_steps,)
        Heat of the compressor. [kW]
    backup_kw : NDArray, shape (n_steps,)
        Electric power of the backup heater. [kW]
    temps_c : NDArray, shape (n_steps + 1, n_nodes)
        Temperatures at each step's start and at the end: the airs of the rooms, then the masses. [degC]
    cop : NDArray, shape (n_steps,)
        Heat over electricity that the compressor has, or would have.
    modes : tuple of HeatMode, one a step, or None
        What to ask for; None where heat is planned as power.
    reasons : tuple of HeatReason, one a step
        Why.
    """

    heat_kw: NDArray[np.float64]
    compressor_kw: NDArray[np.float64]
    backup_kw: NDArray[np.float64]
    temps_c: NDArray[np.float64]
    cop: NDArray[np.float64]
    modes: tuple[HeatMode, ...] | None = None
    reasons: tuple[HeatReason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AssetPlan:
    """What one asset does.

    Parameters
    ----------
    power_kw : NDArray, shape (n_steps,)
        Mean power in each step, positive into the asset. [kW]
    soc : NDArray, shape (n_steps + 1,), or None
        State of charge at each step's start and at the end; None for what is no battery.
    heat : HeatPlan or None
        Heat and temperatures; None for what is no heat pump. ``power_kw`` then is without standby, as a battery's.
    """

    power_kw: NDArray[np.float64]
    soc: NDArray[np.float64] | None = None
    heat: HeatPlan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """CPU-bound phases by the wall clock. [ms]."""

    build_ms: float
    solve_ms: float
    validate_ms: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """A validated plan.

    Parameters
    ----------
    site_id : str
        The site.
    made_at : datetime
        The ``now`` of the inputs.
    grid : TimeGrid
        The steps.
    outcome : Outcome
        How good the plan is known to be.
    assets : Mapping of asset id to AssetPlan
        What each asset does.
    grid_power_kw : NDArray, shape (n_steps,)
        Mean power at the meter, import positive. [kW]
    peaks_kw : Mapping of demand component id to float
        The running billing period's statistic with what is metered and what is planned. [kW]
    objective : Objective
        The cost and its parts.
    bill_lines : Mapping of tariff component id to float
        The parts of ``objective.bill``.
    certified_gap : float
        Proven relative distance to the optimum of the planned problem; infinite where nothing is proven.
    marginal_price_per_kwh : NDArray, shape (n_steps,)
        What one more kWh of load in the step would cost (the dual of the balance).
    reasons : tuple of Reason, one a step
        Why.
    reason_targets_kw : NDArray, shape (n_steps,)
        The peak or limit that the step's reason speaks of; NaN where there is none. [kW]
    limits : tuple of tuple of str, one a step
        Names of the limits that bind.
    violations : tuple of Violation
        Soft limits broken; empty when none.
    approximations : tuple of str
        Where the planned problem differs from the bill, in words; empty when nowhere.
    findings : tuple of str
        What the validator had to say; empty on a valid plan.
    provenance : Mapping of input name to Provenance
        Source, quality and issue time of each input.
    timing : Timing
        Where the milliseconds went.
    """

    site_id: str
    made_at: datetime
    grid: TimeGrid
    outcome: Outcome
    assets: Mapping[str, AssetPlan]
    grid_power_kw: NDArray[np.float64]
    peaks_kw: Mapping[str, float]
    objective: Objective
    bill_lines: Mapping[str, float]
    certified_gap: float
    marginal_price_per_kwh: NDArray[np.float64]
    reasons: tuple[Reason, ...]
    reason_targets_kw: NDArray[np.float64]
    limits: tuple[tuple[str, ...], ...]
    violations: tuple[Violation, ...]
    approximations: tuple[str, ...]
    findings: tuple[str, ...]
    provenance: Mapping[str, Provenance]
    timing: Timing
