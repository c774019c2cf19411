"""What a backtest found: every policy's run with its bill, and what was saved against which baseline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from voltherm.application.actuals import Actuals
from voltherm.application.policies import BASELINES, PolicyName
from voltherm.application.simulate_policy import SimulatedRun
from voltherm.domain.assets import HeatPumpState
from voltherm.domain.tariffs import Bill
from voltherm.domain.time import Interval
from voltherm.forecasting.scores import Scores


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What a run costs: ``total = bill + wear - stored_energy``. [currency].

    Parameters
    ----------
    bill : float
        Sum of the bills.
    wear : float
        Wear of the batteries, and of the heat pumps' starts.
    stored_energy : float
        Worth of the energy stored at the end above the start, in batteries and in buildings; negative where less is
        stored.
    by_kind : Mapping of str to float
        The bill by kind of component: energy, demand, fixed, tax.
    """

    bill: float
    wear: float
    stored_energy: float
    by_kind: Mapping[str, float]

    @property
    def total(self) -> float:
        """What policies are compared by. [currency]."""
        return self.bill + self.wear - self.stored_energy


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodPeaks:
    """The peaks of one billing period.

    Parameters
    ----------
    period : Interval
        The billing period.
    peaks_kw : Mapping of demand component id to float
        What the meter reached within the span of the backtest. [kW]
    """

    period: Interval
    peaks_kw: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenLimit:
    """A limit that the simulated site broke.

    Parameters
    ----------
    limit : str
        Such as ``connection.import_limit_kw`` or ``battery.soc_min``.
    n_steps : int
        In how many steps.
    worst : float
        How far beyond the limit in the worst, in the limit's own unit.
    at : datetime
        Start of that step.
    """

    limit: str
    n_steps: int
    worst: float
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What the batteries and the meter did.

    Parameters
    ----------
    charged_kwh, discharged_kwh : float
        AC energy. [kWh]
    full_cycles : float
        Half of their sum, divided by the capacity of all batteries.
    highest_import_kw : float
        Highest mean of a step. [kW]
    highest_import_at : datetime
        Start of that step.
    soc_min, soc_max : float
        Extremes over all batteries, 0 to 1.
    curtailed_kwh : float
        Sun left on the roof. [kWh]
    guarded_steps : int
        Steps in which the guard changed what was planned.
    """

    charged_kwh: float
    discharged_kwh: float
    full_cycles: float
    highest_import_kw: float
    highest_import_at: datetime
    soc_min: float
    soc_max: float
    curtailed_kwh: float
    guarded_steps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Heating:
    """What the heat pumps did, all of them together, and how warm the rooms were.

    Parameters
    ----------
    electricity_kwh, backup_kwh : float
        Electricity of compressors and backups, without standby; and of the backups alone. [kWh]
    heat_kwh : float
        Heat into the rooms. [kWh]
    cold_kh, hot_kh : float
        Kelvin-hours below and above the comfort bands, at the steps' ends, over all rooms. [K h]
    room_min_c, room_mean_c, room_max_c : float
        Over all rooms and steps. [degC]
    starts : int
        Steps in which a compressor runs after one in which it rested, or gives less than at its modulation floor: it
        then switches off and on again within the step.
    stored_kwh : float
        Heat in the buildings at the end above the start. [kWh]
    """

    electricity_kwh: float
    backup_kwh: float
    heat_kwh: float
    cold_kh: float
    hot_kh: float
    room_min_c: float
    room_mean_c: float
    room_max_c: float
    starts: int
    stored_kwh: float

    @property
    def outside_kh(self) -> float:
        """Kelvin-hours outside the comfort bands. [K h]."""
        return self.cold_kh + self.hot_kh


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PolicyResult:
    """One policy.

    Parameters
    ----------
    run : SimulatedRun
        Its series.
    bills : tuple of Bill
        One a billing period.
    costs : Costs
        Bill, wear, stored energy.
    peaks : tuple of PeriodPeaks
        One a billing period.
    activity : Activity
        Throughput and extremes.
    broken_limits : tuple of BrokenLimit
        Empty where all were kept.
    scores : Scores or None
        Of the load forecasts that it decided on; None where it made none.
    notes : tuple of str
        What else is to be said about it, such as the proven gap of the perfect plan.
    heating : Heating or None
        None where the site has no heat pump.
    """

    run: SimulatedRun
    bills: tuple[Bill, ...]
    costs: Costs
    peaks: tuple[PeriodPeaks, ...]
    activity: Activity
    broken_limits: tuple[BrokenLimit, ...]
    scores: Scores | None = None
    notes: tuple[str, ...] = ()
    heating: Heating | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BacktestResult:
    """Everything that a backtest found.

    Parameters
    ----------
    actuals : Actuals
        What really happened.
    policies : Mapping of PolicyName to PolicyResult
        In the order of least to most informed.
    import_price_per_kwh, export_price_per_kwh : NDArray, shape (n_steps,)
        Energy prices of each step, taxes included. [currency/kWh]
    start_soc : Mapping of battery id to float
        Of every policy, 0 to 1.
    stored_value_per_kwh : float
        Worth of a kWh stored at the end above the start. [currency/kWh]
    heat_value_per_kwh : Mapping of heat pump id to float
        Worth of a kWh of heat in the building at the end above the start. [currency/kWh]
    start_heat : Mapping of heat pump id to HeatPumpState
        Of every policy.
    set_point_c : Mapping of heat pump id to float
        What is held where no plan rules. [degC]
    history_days : float
        Length of the measurements before the span. [d]
    method : tuple of str
        How it was done, in sentences.
    notes : tuple of str
        What a reader should know about this one.
    """

    actuals: Actuals
    policies: Mapping[PolicyName, PolicyResult]
    import_price_per_kwh: NDArray[np.float64]
    export_price_per_kwh: NDArray[np.float64]
    start_soc: Mapping[str, float]
    stored_value_per_kwh: float
    history_days: float
    method: tuple[str, ...]
    notes: tuple[str, ...]
    heat_value_per_kwh: Mapping[str, float] = field(default_factory=dict)
    start_heat: Mapping[str, HeatPumpState] = field(default_factory=dict)
    set_point_c: Mapping[str, float] = field(default_factory=dict)

    @property
    def baseline(self) -> PolicyName:
        """What others are compared with: resting batteries, heat pumps that hold their set point."""
        return next(name for name in BASELINES if name in self.policies)

    def saving(self, policy: PolicyName, baseline: PolicyName) -> float | None:
        """Return the cost of the baseline less that of the policy; None where either was not run. [currency]."""
        if policy not in self.policies or baseline not in self.policies:
            return None
        return self.policies[baseline].costs.total - self.policies[policy].costs.total

    def saved_share(self, policy: PolicyName) -> float | None:
        """Return the saving against the baseline as a share of what perfect foresight saves; None where that is none.

        ``(baseline - policy) / (baseline - perfect)``, 1 for perfect foresight and negative for a policy that costs
        money.
        """
        if not any(name in self.policies for name in BASELINES):
            return None
        possible = self.saving(PolicyName.PERFECT, self.baseline)
        saved = self.saving(policy, self.baseline)
        if possible is None or saved is None or possible <= SMALLEST_SHARE * self._baseline_cost:
            return None
        return saved / possible

    @property
    def _baseline_cost(self) -> float:
        return abs(self.policies[self.baseline].costs.total)


SMALLEST_SHARE = 1e-6
"""Of the bill: where perfect foresight saves less than a millionth of it, a share of that says nothing."""
