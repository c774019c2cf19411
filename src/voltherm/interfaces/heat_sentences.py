"""Why a heat pump does what it does, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from voltherm.domain.plan import HeatReason
from voltherm.interfaces.sentences import SAME_POWER_KW, known, number, span

if TYPE_CHECKING:
    from voltherm.adapters.documents.plan_answer import PlanAnswerDocument
    from voltherm.domain.plan import Plan
    from voltherm.domain.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatFacts:
    """What is told of a heat pump in a step, or in adjacent steps with the same reason.

    Parameters
    ----------
    pump : str
        Its id.
    reason : HeatReason
        Why.
    lowest_kw, highest_kw : float
        Range of its electric power. [kW]
    lowest_price, highest_price : float or None
        Range of the marginal price. [currency/kWh]
    currency : str
        The site's.
    """

    pump: str
    reason: HeatReason
    lowest_kw: float
    highest_kw: float
    lowest_price: float | None = None
    highest_price: float | None = None
    currency: str = ""


def heat_sentence(facts: HeatFacts) -> str:
    """Return what the heat pump does, and why, as half a sentence that goes on from its time."""
    return f"{facts.pump} {_acts(facts)}: {_why(facts)}"


def _acts(facts: HeatFacts) -> str:
    if facts.highest_kw <= SAME_POWER_KW:
        return "rests"
    return f"draws {span(facts.lowest_kw, facts.highest_kw)} kW"


def _why(facts: HeatFacts) -> str:  # noqa: C901, PLR0911, PLR0912 - one case a reason
    match facts.reason:
        case HeatReason.CANNOT_KEEP_COMFORT:
            return "all that there is runs, and a room stays below its band"
        case HeatReason.RECOVER_COMFORT:
            return "brings a room back into its band"
        case HeatReason.ABSORB_NEGATIVE_PRICE:
            return f"the price is below zero, {_price(facts)}"
        case HeatReason.HEAT_SURPLUS:
            return "surplus PV is kept as heat"
        case HeatReason.PREHEAT_CHEAP:
            return f"stores heat, a kWh costs {_price(facts)} and later more"
        case HeatReason.HOLD_COMFORT:
            return "gives about what the building loses"
        case HeatReason.COAST_DEAR:
            return f"the building lives on its stored heat, a kWh costs {_price(facts)}"
        case HeatReason.COAST_WARM:
            return "the building is warm enough and lives on its stored heat"
        case HeatReason.NO_HEAT_NEEDED:
            return "the rooms stay in their band without heat"
        case HeatReason.OWN_CONTROL:
            return "left to its own control, the outcome says why"
        case _:
            assert_never(facts.reason)


def _price(facts: HeatFacts) -> str:
    if facts.lowest_price is None or facts.highest_price is None:
        return "an unknown price"
    low, high = number(facts.lowest_price), number(facts.highest_price)
    return f"{low if low == high else f'{low} to {high}'} {facts.currency}"


def heat_facts_of_steps(plan: Plan, site: Site) -> list[tuple[HeatFacts, ...]]:
    """Return what is told of each step of a plan, one a heat pump."""
    found = []
    for step in range(plan.grid.n_steps):
        price = known(float(plan.marginal_price_per_kwh[step]))
        parts = ((pump.id, plan.assets[pump.id]) for pump in site.heat_pumps)
        found.append(
            tuple(
                _facts(name, part.heat.reasons[step], float(part.power_kw[step]), price, site.tariff.currency)
                for name, part in parts
                if part.heat is not None
            )
        )
    return found


def heat_facts_of_answer(answer: PlanAnswerDocument) -> list[tuple[HeatFacts, ...]]:
    """Return what is told of each step of an answer that was read back, one a heat pump."""
    heated = [(name, asset.power_kw, asset.heat) for name, asset in answer.assets.items() if asset.heat is not None]
    return [
        tuple(
            _facts(name, heat.reasons[index], power[index], step.marginal_price_per_kwh, answer.currency)
            for name, power, heat in heated
        )
        for index, step in enumerate(answer.steps)
    ]


def _facts(pump: str, reason: HeatReason, power_kw: float, price: float | None, currency: str) -> HeatFacts:
    return HeatFacts(
        pump=pump,
        reason=reason,
        lowest_kw=power_kw,
        highest_kw=power_kw,
        lowest_price=price,
        highest_price=price,
        currency=currency,
    )


def merged_heat(steps: Sequence[tuple[HeatFacts, ...]]) -> tuple[HeatFacts, ...]:
    """Return what is told of adjacent steps whose heat pumps have the same reasons."""
    return tuple(_merged(facts) for facts in zip(*steps, strict=True))


def _merged(facts: Sequence[HeatFacts]) -> HeatFacts:
    prices = [price for one in facts for price in (one.lowest_price, one.highest_price) if price is not None]
    return HeatFacts(
        pump=facts[0].pump,
        reason=facts[0].reason,
        lowest_kw=min(one.lowest_kw for one in facts),
        highest_kw=max(one.highest_kw for one in facts),
        lowest_price=min(prices, default=None),
        highest_price=max(prices, default=None),
        currency=facts[0].currency,
    )
