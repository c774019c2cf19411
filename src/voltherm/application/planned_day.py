"""A planned day of a house: its hours, what they cost, and what the thermostat would have cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from voltherm.application.house_facts import HouseFacts
from voltherm.application.house_state import HouseState
from voltherm.application.spot_prices import PriceQuality
from voltherm.domain.assets import HeatMode
from voltherm.domain.plan import HeatReason
from voltherm.domain.series import Provenance
from voltherm.ports.registry import DayPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class NoPlan:
    """There is no plan, for want of something that is never invented.

    Parameters
    ----------
    kind : str
        ``no-prices``, ``no-weather`` or ``no-tariff``.
    why : str
        In words.
    remedy : str
        What to do about it.
    """

    kind: str
    why: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedHour:
    """One hour of the local day.

    What is None is not known, or no longer up to the plan because the hour is over.

    Parameters
    ----------
    start : datetime
        First instant.
    hour : int
        Local wall clock, 0 to 23; the hour that comes twice in autumn has the same number twice.
    mode : HeatMode or None
        What the heat pump should do; of an hour that is over, what it was asked for.
    indoor_c : float or None
        Mean of the rooms' air at the hour's end. [degC]
    outdoor_c : float or None
        Mean. [degC]
    spot_per_kwh : float or None
        Day-ahead price, without taxes. [currency/kWh]
    parts_per_kwh : Mapping of component id to float
        What a kWh costs, part by part; empty where it is not known. [currency/kWh]
    quality : PriceQuality or None
        Of the price.
    reason : HeatReason or None
        Why.
    energy_kwh, heat_kwh, cost : float or None
        Electricity, heat, and what the electricity costs; from the plan's first step on. [kWh], [kWh], [currency]
    is_elapsed : bool
        Whether the hour is over.
    """

    start: datetime
    hour: int
    mode: HeatMode | None = None
    indoor_c: float | None = None
    outdoor_c: float | None = None
    spot_per_kwh: float | None = None
    parts_per_kwh: Mapping[str, float] = field(default_factory=dict)
    quality: PriceQuality | None = None
    reason: HeatReason | None = None
    energy_kwh: float | None = None
    heat_kwh: float | None = None
    cost: float | None = None
    is_elapsed: bool = False

    @property
    def price_per_kwh(self) -> float | None:
        """What a kWh costs, everything included. [currency/kWh]."""
        return sum(self.parts_per_kwh.values()) if self.parts_per_kwh else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayAccount:
    """What a way to heat costs over the planned part of the day.

    Parameters
    ----------
    cost : float
        Bill of the electricity, standby included. [currency]
    energy_kwh : float
        Electricity. [kWh]
    discomfort_kh : float
        Kelvin outside the comfort bands over time. [K h]
    starts : int
        Of the compressor.
    mean_indoor_c, lowest_indoor_c : float
        Mean of the rooms' air at the steps' ends, and of the coldest room. [degC]
    end_heat_kwh : float
        Heat in the building at the day's end. [kWh]
    """

    cost: float
    energy_kwh: float
    discomfort_kh: float
    starts: int
    mean_indoor_c: float
    lowest_indoor_c: float
    end_heat_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlannedDay:
    """A day's plan.

    Parameters
    ----------
    facts : HouseFacts
        What was known.
    day : date
        Local date.
    kept : DayPlan
        The plan with what it was made from, to be stored.
    state : HouseState
        Temperatures at the start.
    hours : tuple of PlannedHour
        The day's hours, 23 to 25.
    account : DayAccount
        Of the plan.
    baseline : DayAccount
        Of the thermostat, by the same physics, weather, start and tariff.
    heat_worth_per_kwh : float
        Of heat that stays in the building. [currency/kWh]
    spot_origin : Provenance or None
        Of the spot prices; None for a tariff without.
    warnings : tuple of str
        What to know, in words.
    """

    facts: HouseFacts
    day: date
    kept: DayPlan
    state: HouseState
    hours: tuple[PlannedHour, ...]
    account: DayAccount
    baseline: DayAccount
    heat_worth_per_kwh: float
    spot_origin: Provenance | None
    warnings: tuple[str, ...]

    @property
    def covers_its_day(self) -> bool:
        """Whether any of the day is left to plan; a plan made in its last minutes is of the night after."""
        return any(hour.energy_kwh is not None for hour in self.hours)

    @property
    def end_heat_difference_kwh(self) -> float:
        """Heat that the plan leaves in the building above what the thermostat leaves. [kWh]."""
        return self.account.end_heat_kwh - self.baseline.end_heat_kwh

    @property
    def savings(self) -> float:
        """What the plan saves against the thermostat, both brought to the same end state; negative where it costs more.

        [currency].
        """
        return self.baseline.cost - self.account.cost + self.heat_worth_per_kwh * self.end_heat_difference_kwh
