"""Why a step does what it does, in words; the one place where reasons become sentences."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from voltherm.domain.plan import Reason

if TYPE_CHECKING:
    from voltherm.adapters.documents.plan_answer import PlanAnswerDocument
    from voltherm.domain.plan import Plan
    from voltherm.domain.site import Site

SAME_POWER_KW = 0.05
"""Powers closer than this are told as one."""
LEAST_SHOWN = 0.0005
"""A number below this is shown as 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is told of a step, or of adjacent steps with the same reason.

    Parameters
    ----------
    reason : Reason
        Why.
    lowest_kw, highest_kw : float
        Range of the batteries' power together, charging positive. [kW]
    target_kw : float or None
        Peak or limit that the reason speaks of. [kW]
    target_name : str
        Demand component of the target; empty where it is not known.
    lowest_price, highest_price : float or None
        Range of the marginal price. [currency/kWh]
    currency : str
        The site's.
    """

    reason: Reason
    lowest_kw: float
    highest_kw: float
    target_kw: float | None = None
    target_name: str = ""
    lowest_price: float | None = None
    highest_price: float | None = None
    currency: str = ""


def sentence(facts: Facts) -> str:  # noqa: C901, PLR0911, PLR0912 - one case a reason
    """Return the reason of a step as half a sentence that goes on from its time."""
    acts, price = _acts(facts), _price(facts)
    match facts.reason:
        case Reason.IDLE:
            return f"{acts}: nothing to gain"
        case Reason.HOLD:
            return f"{acts}: what is stored is worth more later"
        case Reason.SHAVE_PEAK:
            return f"{acts}: the {_target(facts)} target is {power(facts.target_kw)}"
        case Reason.CHARGE_FOR_PEAK:
            return f"{acts}: to hold the {_target(facts)} target of {power(facts.target_kw)} later"
        case Reason.CHARGE_CHEAP:
            return f"{acts}: a kWh costs {price}"
        case Reason.DISCHARGE_DEAR:
            return f"{acts}: a kWh is worth {price}"
        case Reason.STORE_SURPLUS:
            return f"{acts}: keeps surplus PV for later"
        case Reason.EXPORT:
            return f"{acts}: a kWh sold brings {price}"
        case Reason.RECOVER_SOC:
            return f"{acts}: brings the state of charge back into its band"
        case Reason.RELIEVE_CONNECTION:
            return f"{acts}: the connection carries {power(facts.target_kw)}"
        case Reason.ABSORB_NEGATIVE_PRICE:
            return f"{acts}: the price is below zero, {price}"
        case Reason.FALLBACK:
            return f"{acts}: there is no optimized plan, the outcome says why"
        case _:
            assert_never(facts.reason)


def facts_of_steps(plan: Plan, site: Site) -> list[Facts]:
    """Return what is told of each step of a plan."""
    powers = [plan.assets[battery.id].power_kw for battery in site.batteries]
    totals = [float(sum(step)) for step in zip(*powers, strict=True)] if powers else [0.0] * plan.grid.n_steps
    names = _target_names(plan.reasons, plan.limits, plan.peaks_kw)
    told = zip(plan.reasons, totals, plan.reason_targets_kw, plan.marginal_price_per_kwh, names, strict=True)
    return [
        Facts(
            reason=reason,
            lowest_kw=total,
            highest_kw=total,
            target_kw=known(target),
            target_name=name,
            lowest_price=known(price),
            highest_price=known(price),
            currency=site.tariff.currency,
        )
        for reason, total, target, price, name in told
    ]


def facts_of_answer(answer: PlanAnswerDocument) -> list[Facts]:
    """Return what is told of each step of an answer that was read back."""
    powers = [asset.power_kw for asset in answer.assets.values() if asset.soc is not None]
    totals = [float(sum(step)) for step in zip(*powers, strict=True)] if powers else [0.0] * len(answer.steps)
    limits = [step.limits for step in answer.steps]
    names = _target_names([step.reason for step in answer.steps], limits, answer.grid.peaks_kw)
    return [
        Facts(
            reason=step.reason,
            lowest_kw=total,
            highest_kw=total,
            target_kw=step.target_kw,
            target_name=name,
            lowest_price=step.marginal_price_per_kwh,
            highest_price=step.marginal_price_per_kwh,
            currency=answer.currency,
        )
        for step, total, name in zip(answer.steps, totals, names, strict=True)
    ]


def merged(facts: Sequence[Facts]) -> Facts:
    """Return what is told of adjacent steps that share reason and target."""
    prices = [price for one in facts for price in (one.lowest_price, one.highest_price) if price is not None]
    return Facts(
        reason=facts[0].reason,
        lowest_kw=min(one.lowest_kw for one in facts),
        highest_kw=max(one.highest_kw for one in facts),
        target_kw=facts[0].target_kw,
        target_name=facts[0].target_name,
        lowest_price=min(prices, default=None),
        highest_price=max(prices, default=None),
        currency=facts[0].currency,
    )


def power(power_kw: float | None) -> str:
    """Return a power with its unit."""
    return "unknown" if power_kw is None else f"{kilowatts(power_kw)} kW"


def kilowatts(power_kw: float) -> str:
    """Return a power without its unit, to ten watts."""
    return number(round(power_kw, 2))


def number(value: float) -> str:
    """Return a number with three or four digits that count."""
    size = abs(value)
    if size < LEAST_SHOWN:
        return "0"
    decimals = next(places for places, least in ((0, 100), (1, 10), (2, 1), (4, 0)) if size >= least)
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if decimals else text


def _acts(facts: Facts) -> str:
    """Return the verb: which way the batteries go, and how strongly."""
    if facts.lowest_kw >= -SAME_POWER_KW and facts.highest_kw <= SAME_POWER_KW:
        return "holds" if facts.reason is Reason.HOLD else "rests"
    if facts.highest_kw <= SAME_POWER_KW:
        return f"discharges {span(-facts.highest_kw, -facts.lowest_kw)} kW"
    if facts.lowest_kw >= -SAME_POWER_KW:
        return f"charges {span(facts.lowest_kw, facts.highest_kw)} kW"
    return f"between discharging {kilowatts(-facts.lowest_kw)} and charging {kilowatts(facts.highest_kw)} kW"


def span(lowest: float, highest: float) -> str:
    """Return a range of powers from 0 up, without their unit."""
    low, high = kilowatts(max(lowest, 0.0)), kilowatts(highest)
    return low if low == high else f"{low} to {high}"


def _price(facts: Facts) -> str:
    if facts.lowest_price is None or facts.highest_price is None:
        return "an unknown price"
    low, high = number(facts.lowest_price), number(facts.highest_price)
    return f"{low if low == high else f'{low} to {high}'} {facts.currency}"


def _target(facts: Facts) -> str:
    return facts.target_name or "peak"


def known(value: float) -> float | None:
    """Return the value, or None where it is not finite."""
    return float(value) if math.isfinite(value) else None


def _target_names(reasons: Sequence[Reason], limits: Sequence[Collection[str]], peaks_kw: Collection[str]) -> list[str]:
    """Return by step the demand component of its target; while charging for a peak, that of the next peak shaved."""
    names = [""] * len(reasons)
    following = ""
    for step in reversed(range(len(reasons))):
        if reasons[step] is Reason.SHAVE_PEAK:
            following = _component(limits[step], peaks_kw)
        if reasons[step] in (Reason.SHAVE_PEAK, Reason.CHARGE_FOR_PEAK):
            names[step] = following
    return names


def _component(limits: Collection[str], peaks_kw: Collection[str]) -> str:
    """Return the demand component whose peak binds; empty where none or several do."""
    binding = [name for name in limits if name in peaks_kw]
    return binding[0] if len(binding) == 1 else ""
