"""What a backtest found: every policy's run with its bill, and what was saved against which baseline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from voltherm.application.actuals import Actuals
from voltherm.application.policies import PolicyName
from voltherm.application.simulate_policy import SimulatedRun
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
        Wear of the batteries.
    stored_energy : float
        Worth of the energy stored at the end above the start; negative where less is stored.
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
    """

    run: SimulatedRun
    bills: tuple[Bill, ...]
    costs: Costs
    peaks: tuple[PeriodPeaks, ...]
    activity: Activity
    broken_limits: tuple[BrokenLimit, ...]
    scores: Scores | None = None
    notes: tuple[str, ...] = ()


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

    def saving(self, policy: PolicyName, baseline: PolicyName) -> float | None:
        """Return the cost of the baseline less that of the policy; None where either was not run. [currency]."""
        if policy not in self.policies or baseline not in self.policies:
            return None
        return self.policies[baseline].costs.total - self.policies[policy].costs.total

    def saved_share(self, policy: PolicyName) -> float | None:
        """Return the saving against ``none`` as a share of what perfect foresight saves; None where it saves nothing.

        ``(none - policy) / (none - perfect)``, 1 for perfect foresight and negative for a policy that costs money.
        """
        possible = self.saving(PolicyName.PERFECT, PolicyName.NONE)
        saved = self.saving(policy, PolicyName.NONE)
        if possible is None or saved is None or possible <= SMALLEST_SHARE * self._without_battery:
            return None
        return saved / possible

    @property
    def _without_battery(self) -> float:
        return abs(self.policies[PolicyName.NONE].costs.total)


SMALLEST_SHARE = 1e-6
"""Of the bill: where perfect foresight saves less than a millionth of it, a share of that says nothing."""
