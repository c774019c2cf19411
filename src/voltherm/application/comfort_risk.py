"""How comfortable a proposed schedule is likely to be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from voltherm.application.house_facts import HouseFacts
from voltherm.application.house_state import HouseState
from voltherm.domain.assets import HeatMode


@dataclass(frozen=True, slots=True, kw_only=True)
class HourRisk:
    """One proposed hour; temperatures at its end.

    Parameters
    ----------
    start : datetime
        First instant.
    hour : int
        Local wall clock, 0 to 23.
    mode : HeatMode
        What is proposed.
    low_c, high_c : float
        The comfort band. [degC]
    p05_c, p50_c, p95_c : float
        Temperature that is undercut with a probability of 5, 50 and 95 %. [degC]
    probability_below, probability_above : float
        Of being outside the band.
    """

    start: datetime
    hour: int
    mode: HeatMode
    low_c: float
    high_c: float
    p05_c: float
    p50_c: float
    p95_c: float
    probability_below: float
    probability_above: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ComfortRisk:
    """What a schedule would do to comfort, over an ensemble of weather.

    Parameters
    ----------
    facts : HouseFacts
        What was known.
    day : date
        Local day of the schedule.
    state : HouseState
        Temperatures at its start.
    hours : tuple of HourRisk
        Each proposed hour.
    score : float
        ``100 (1 - mean over members and hours of min(1, K outside the band / 1 K))``: 100 is never outside, 0 is
        always a kelvin or more outside.
    probability_below, probability_above : float
        Of leaving the band at the end of any hour.
    frost_guard_h : float
        Expected hours in which the frost guard acts. [h]
    n_members : int
        Of the ensemble.
    warnings : tuple of str
        What to know, in words.
    recommendation : str
        What to do, in words.
    """

    facts: HouseFacts
    day: date
    state: HouseState
    hours: tuple[HourRisk, ...]
    score: float
    probability_below: float
    probability_above: float
    frost_guard_h: float
    n_members: int
    warnings: tuple[str, ...]
    recommendation: str

    @property
    def lowest_c(self) -> float:
        """Lowest of the hours' 5 % quantiles. [degC]."""
        return min(hour.p05_c for hour in self.hours)

    @property
    def highest_c(self) -> float:
        """Highest of the hours' 95 % quantiles. [degC]."""
        return max(hour.p95_c for hour in self.hours)

    @property
    def n_hours_below(self) -> int:
        """Hours that more likely than not end below the band."""
        return sum(hour.probability_below >= EVEN for hour in self.hours)


EVEN = 0.5
"""As likely as not."""
