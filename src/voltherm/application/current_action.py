"""The answer to what a heat pump should do right now, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from voltherm.application.house_facts import HouseFacts
from voltherm.application.planned_day import PlannedDay
from voltherm.application.spot_prices import PriceQuality
from voltherm.domain.assets import HeatMode
from voltherm.domain.plan import HeatReason
from voltherm.domain.registered_device import HeatReading
from voltherm.domain.series import Provenance
from voltherm.ports.registry import DayPlan


class ActionSource(StrEnum):
    """Who decided."""

    STORED_PLAN = "stored_plan"
    REPLANNED = "replanned"
    OWN_CONTROL = "own_control"
    """Nobody but the heat pump's own control."""


class Cause(StrEnum):
    """Why the action is what it is."""

    PLANNED = "planned"
    DRIFTED = "drifted"
    """The room was not where the plan had it: planned anew."""
    NO_STORED_PLAN = "no_stored_plan"
    """There was none for now: planned anew."""
    TOO_COLD = "too_cold"
    """The room is below its band: heated, whatever the plan says."""
    FROST = "frost"
    """The frost guard acts."""
    NOTHING_KNOWN = "nothing_known"
    """No plan, and nothing to make one from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceNow:
    """The price of the interval that contains now.

    Parameters
    ----------
    spot_per_kwh : float or None
        Without taxes; None for a tariff that has its prices in itself. [currency/kWh]
    price_per_kwh : float
        With everything. [currency/kWh]
    quality : PriceQuality or None
        Published, or a demo; None for a tariff that has its prices in itself.
    origin : Provenance or None
        Where the spot price comes from.
    """

    spot_per_kwh: float | None
    price_per_kwh: float
    quality: PriceQuality | None = None
    origin: Provenance | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CurrentAction:
    """What to do now.

    Parameters
    ----------
    facts : HouseFacts
        What is known.
    mode : HeatMode
        What to ask the heat pump for.
    source : ActionSource
        Who decided.
    cause : Cause
        Why.
    reason : HeatReason or None
        The plan's reason; None without one.
    should_run : bool
        Whether that mode heats in the weather of now; unknown weather counts as a reason to heat, unless it is OFF.
    price : PriceNow or None
        None where none is known.
    reading : HeatReading or None
        The last indoor temperature.
    expected_c : float or None
        Where the plan has the room now. [degC]
    outdoor_c : float or None
        Now. [degC]
    plan : DayPlan or None
        What is followed.
    fresh : PlannedDay or None
        A plan made for this answer, to be stored.
    valid_until : datetime
        When to ask again at the latest.
    warnings : tuple of str
        What to know, in words.
    """

    facts: HouseFacts
    mode: HeatMode
    source: ActionSource
    cause: Cause
    reason: HeatReason | None
    should_run: bool
    price: PriceNow | None
    reading: HeatReading | None
    expected_c: float | None
    outdoor_c: float | None
    plan: DayPlan | None
    fresh: PlannedDay | None
    valid_until: datetime
    warnings: tuple[str, ...]
