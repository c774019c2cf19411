"""What the battery is worth: the bills of a live site as documents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from voltherm.application.price_run import amounts_by_kind
from voltherm.application.virtual_costs import PeriodCosts, costs_of
from voltherm.domain.tariffs import Bill, BillLine, Tariff
from voltherm.interfaces.validator.documents import (
    AmountsDocument,
    CostLineDocument,
    CostsDocument,
    PeriodCostsDocument,
)
from voltherm.interfaces.validator.live import LiveSite


def costs_document(live: LiveSite, start: datetime, end: datetime) -> CostsDocument:
    """Return the bills of what was metered within ``[start, end)``, with the battery and without it.

    Raises
    ------
    InvalidInputError
        When the tariff needs a price series that is not recorded, or does not hold then.
    """
    meter, tariff = live.virtual.meter, live.site.tariff
    found = meter.within(start, end)
    periods = costs_of(live.site, live.virtual.profile, found, meter.step)
    with_battery = tuple(period.with_battery for period in periods)
    without = tuple(period.without_battery for period in periods)
    return CostsDocument(
        currency=tariff.currency,
        tariff=tariff.id,
        zone=tariff.zone.key,
        metered_from=found[0].start if found else None,
        metered_until=found[-1].start + meter.step if found else None,
        periods=[_period(period, tariff) for period in periods],
        with_battery=_amounts(tariff, with_battery),
        without_battery=_amounts(tariff, without),
        saved=sum(period.saved for period in periods),
        **live.told(found).model_dump(),
    )


def _period(costs: PeriodCosts, tariff: Tariff) -> PeriodCostsDocument:
    return PeriodCostsDocument(
        start=costs.period.start,
        end=costs.period.end,
        is_complete=costs.with_battery.complete,
        with_battery=_amounts(tariff, (costs.with_battery,)),
        without_battery=_amounts(tariff, (costs.without_battery,)),
        saved=costs.saved,
        lines=_lines(costs),
    )


def _amounts(tariff: Tariff, bills: Sequence[Bill]) -> AmountsDocument:
    return AmountsDocument(total=sum(bill.total for bill in bills), **amounts_by_kind(tariff, tuple(bills)))


def _lines(costs: PeriodCosts) -> list[CostLineDocument]:
    """The lines of both bills side by side, in the order of the bill; a side without the line pays nothing."""
    with_battery = {_key(line): line for line in costs.with_battery.lines}
    without = {_key(line): line for line in costs.without_battery.lines}
    keys = dict.fromkeys((*with_battery, *without))
    return [_line(with_battery.get(key), without.get(key)) for key in keys]


def _key(line: BillLine) -> tuple[str, str, bool]:
    return line.component_id, line.label, line.is_included


def _line(with_battery: BillLine | None, without: BillLine | None) -> CostLineDocument:
    shown = with_battery or without
    if shown is None:
        raise ValueError("a line is on one of the bills")
    amounts = [0.0 if line is None else line.amount for line in (with_battery, without)]
    return CostLineDocument(
        component=shown.component_id,
        label=shown.label,
        unit=shown.unit,
        quantity_with_battery=None if with_battery is None else with_battery.quantity,
        quantity_without_battery=None if without is None else without.quantity,
        with_battery=amounts[0],
        without_battery=amounts[1],
        saved=amounts[1] - amounts[0],
        is_included=shown.is_included,
    )
