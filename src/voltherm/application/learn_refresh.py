"""When a learned building is to be learned again, and from what."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from voltherm.application.learn_evidence import gather_evidence
from voltherm.domain.assets.heat_pump import HeatPump
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.measurements import Measurements
from voltherm.domain.time import Interval, utc_instant
from voltherm.physics.identify_check import ahead_rmse_k
from voltherm.physics.identify_result import LearnedBuilding


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshRule:
    """How fresh a learned building has to be.

    Parameters
    ----------
    longest_age : timedelta
        From the end of its window; seasons change a house's sun and air.
    growth : float
        Recent error over the error when it was learned from which it is learned again; above 1.
    least_error_k : float
        A smaller recent error of forecasts of up to a day is no reason. [K]
    history : timedelta
        How much of the latest measurements it is learned from.

    Raises
    ------
    InvalidInputError
        For a growth of 1 or less, a negative error, or a time of nothing.
    """

    longest_age: timedelta = timedelta(days=28)
    growth: float = 1.5
    least_error_k: float = 0.4
    history: timedelta = timedelta(days=28)

    def __post_init__(self) -> None:
        if not self.growth > 1 or not self.least_error_k >= 0:
            message = (
                f"refresh: growth is {self.growth} and least_error_k {self.least_error_k}; must be above 1, and at "
                "least 0 K"
            )
            raise InvalidInputError(message)
        if min(self.longest_age, self.history) <= timedelta(0):
            message = f"refresh: longest_age is {self.longest_age} and history {self.history}; must be above 0"
            raise InvalidInputError(message)


def refit_reasons(
    learned: LearnedBuilding,
    now: datetime,
    recent: Measurements | None,
    *,
    pump: HeatPump | None = None,
    rule: RefreshRule | None = None,
) -> tuple[str, ...]:
    """Return why the building should be learned again now; empty where it need not.

    Parameters
    ----------
    learned : LearnedBuilding
        The model in use.
    now : datetime
        Ages are counted from it.
    recent : Measurements or None
        Measured since, with the columns that `learn_building` takes; half a day is too short to judge by.
    pump : HeatPump or None
        Needed where only electric power is measured.
    rule : RefreshRule or None
        None takes the defaults.
    """
    kept = RefreshRule() if rule is None else rule
    reasons = []
    age = utc_instant(now, "now") - learned.window.end
    if age > kept.longest_age:
        reasons.append(f"learned {age.days} days ago, more than {kept.longest_age.days}")
    error_k = None if recent is None else recent_error_k(learned, recent, pump)
    usual_k = learned.errors.ahead_rmse_k
    if error_k is not None and error_k > max(kept.growth * usual_k, kept.least_error_k):
        reasons.append(f"forecasts of up to a day err by {error_k:.2f} K lately, by {usual_k:.2f} K when learned")
    return tuple(reasons)


def recent_error_k(learned: LearnedBuilding, recent: Measurements, pump: HeatPump | None = None) -> float | None:
    """Return the RMSE of forecasts of up to a day over recent measurements; None where they are too few. [K].

    Parameters
    ----------
    learned : LearnedBuilding
        Whose forecasts.
    recent : Measurements
        With the columns that `learn_building` takes.
    pump : HeatPump or None
        Needed where only electric power is measured.
    """
    record = gather_evidence(recent, learned.building, pump).record
    if not record.n_steps:
        return None
    values = replace(learned.observer, heat_factor=learned.heat_factor).values()[0]
    error_k = ahead_rmse_k(values, record, learned.reading)
    return error_k if error_k == error_k else None  # noqa: PLR0124 - NaN: no forecast fits in


def merged_history(history: Measurements, new: Measurements, rule: RefreshRule | None = None) -> Measurements:
    """Return old and new measurements together, no longer than a building is learned from.

    Parameters
    ----------
    history : Measurements
        What was kept.
    new : Measurements
        What came since; where both have a value, this one counts.
    rule : RefreshRule or None
        How long; None takes the defaults.

    Raises
    ------
    InvalidInputError
        When the two are not on one grid.
    """
    kept = (RefreshRule() if rule is None else rule).history
    together = history.append(new)
    recent = together.within(Interval(together.grid.end - kept, together.grid.end))
    return together if recent is None else recent
