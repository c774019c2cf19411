"""Why a heat pump's hour is as it is, in the words of a daily plan."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from voltherm.application.current_action import Cause, CurrentAction
from voltherm.application.planned_day import PlannedHour
from voltherm.domain.plan import HeatReason

MWH: Final = 1000.0
"""kWh in a MWh: prices are shown as exchanges tell them."""

WHY: Final[Mapping[HeatReason, str]] = MappingProxyType(
    {
        HeatReason.CANNOT_KEEP_COMFORT: "All that there is runs, and the room stays below its band",
        HeatReason.RECOVER_COMFORT: "Brings the room back into its band",
        HeatReason.ABSORB_NEGATIVE_PRICE: "Heats while the price is below zero",
        HeatReason.HEAT_SURPLUS: "Keeps surplus PV as heat",
        HeatReason.PREHEAT_CHEAP: "Stores heat while electricity is cheap",
        HeatReason.HOLD_COMFORT: "Standard operation",
        HeatReason.COAST_DEAR: "Lives on stored heat while electricity is dear",
        HeatReason.COAST_WARM: "Warm enough, lives on stored heat",
        HeatReason.NO_HEAT_NEEDED: "Stays in its band without heat",
        HeatReason.OWN_CONTROL: "Left to its own control",
    }
)
"""Half a sentence each, to which the price is added."""


def hour_sentence(hour: PlannedHour, currency: str) -> str:
    """Return why an hour is as it is, with its day-ahead price."""
    if hour.reason is None:
        words = "The hour is over" if hour.is_elapsed else "The hour is nearly over: nothing of it is planned"
        return f"{words}{_price(hour.spot_per_kwh, currency)}"
    return f"{WHY[hour.reason]}{_price(hour.spot_per_kwh, currency)}"


def action_sentence(action: CurrentAction) -> str:
    """Return why the heat pump should do now what it should."""
    room = "" if action.reading is None or action.reading.indoor_c is None else f"{action.reading.indoor_c:.1f} °C"
    why = "" if action.reason is None else WHY[action.reason]
    spot = None if action.price is None else action.price.spot_per_kwh
    price = _price(spot, action.facts.tariff.currency)
    match action.cause:
        case Cause.PLANNED:
            return f"As planned: {_small(why)}{price}"
        case Cause.DRIFTED:
            return f"Planned anew, because the room is at {room} and not where the plan had it: {_small(why)}{price}"
        case Cause.NO_STORED_PLAN:
            return f"Planned now, because no plan of today covers this hour: {_small(why)}{price}"
        case Cause.TOO_COLD:
            return f"The room is at {room}, below its band: it is heated whatever the plan says{price}"
        case Cause.FROST:
            return f"The room is at {room}: the frost guard gives all the heat there is"
        case Cause.NOTHING_KNOWN:
            return f"Left to its own control: there is no plan, and nothing to make one from{price}"


def _price(spot_per_kwh: float | None, currency: str) -> str:
    return "" if spot_per_kwh is None else f" ({MWH * spot_per_kwh:.1f} {currency}/MWh)"


def _small(words: str) -> str:
    return words[:1].lower() + words[1:]
