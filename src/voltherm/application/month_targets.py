"""Which peak per demand window is worth defending for the rest of the billing period."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from voltherm.application.outlook import column_of
from voltherm.application.plan_site import plan_site
from voltherm.application.weather_outlook import WEATHER_COLUMNS, weather_of
from voltherm.domain.assets import BatteryState, HeatPumpState
from voltherm.domain.ledger import Ledger
from voltherm.domain.measurements import Measurements, MeasurementView
from voltherm.domain.plan import Feasible, Optimal, PlanInputs, PlanOptions, Terminal
from voltherm.domain.series import Provenance, Quality, Series
from voltherm.domain.site import Site
from voltherm.domain.time import TimeGrid

DAY = timedelta(days=1)
WEEK = timedelta(days=7)

LONGEST = timedelta(days=28)
"""A month of measured days stands for the days to come."""

SHORTEST = timedelta(days=2)
"""With less than two measured days there is no target: the plan defends what is reached."""


def month_targets(
    site: Site,
    history: Measurements | None,
    ledger: Ledger,
    states: Mapping[str, BatteryState],
    grid: TimeGrid,
    heat: Mapping[str, HeatPumpState] | None = None,
) -> Mapping[str, float]:
    """Return the peaks of the cheapest plan for the last weeks' load and weather with the peaks already reached. [kW].

    The measured days, moved on by whole weeks so that weekday and clock agree, stand for the days that are left;
    one plan over them, in which everything is known, says which peak per window batteries and heat pumps can hold. The
    real days will differ, so a target is what to defend first, and the controller gives way when it cannot be held.

    Parameters
    ----------
    site : Site
        What is planned.
    history : Measurements or None
        What was measured before ``grid.start``.
    ledger : Ledger
        Peaks reached so far.
    states : Mapping of battery id to BatteryState
        SOC of now.
    grid : TimeGrid
        The controller's horizon: gives start and step.
    heat : Mapping of heat pump id to HeatPumpState
        Temperatures of now; may be left out where there is no heat pump.

    Returns
    -------
    Mapping of demand component id to float
        Empty while there are less than two measured days.
    """
    if history is None or not (site.batteries or site.heat_pumps):
        return {}
    view = MeasurementView(history, grid.start)
    measured = view.end - view.start
    shift = min(LONGEST, measured // WEEK * WEEK if measured >= WEEK else measured // DAY * DAY)
    if shift < SHORTEST:
        return {}
    span = min(shift, max(SHORTEST, site.tariff.period_of(grid.start).end - grid.start))
    ahead = TimeGrid(grid.start, grid.step, span // grid.step)
    moved = _moved(site, view, ahead, shift)
    if moved is None:
        return {}
    inputs = PlanInputs(
        now=grid.start,
        grid=ahead,
        power_kw={asset.id: moved[asset.id] for asset in site.forecast_assets},
        states=states,
        prices={name: moved[name] for name in site.tariff.series_names},
        ledger=ledger,
        options=PlanOptions(terminal=Terminal.AT_LEAST_START),
        heat=heat or {},
        weather={name: moved[name] for name in weather_of(site)},
    )
    plan = plan_site(site, inputs)
    return plan.peaks_kw if isinstance(plan.outcome, Optimal | Feasible) else {}


def _moved(site: Site, view: MeasurementView, ahead: TimeGrid, shift: timedelta) -> dict[str, Series] | None:
    """The measured series moved on to the grid ahead; None where a gap is too long to bridge."""
    past = TimeGrid(ahead.start - shift, ahead.step, ahead.n_steps)
    known = view.known()
    if known is None:
        return None
    source = Provenance(source=f"measured {shift.days} days before", quality=Quality.ASSUMED)
    names = [asset.id for asset in site.forecast_assets] + sorted(site.tariff.series_names)
    columns = {name: column_of(site, name) for name in names}
    columns |= {name: WEATHER_COLUMNS[name] for name in weather_of(site)}
    moved: dict[str, Series] = {}
    for name, column in columns.items():
        if column not in known.columns:
            return None
        values = _without_gaps(Measurements(known.grid, {column: known.column(column)}).bridged(), column, past)
        if np.isnan(values).any():
            return None
        moved[name] = Series(ahead, values, source)
    return moved


def _without_gaps(measured: Measurements, column: str, past: TimeGrid) -> NDArray[np.float64]:
    """The values, and in their gaps those of the same time one to four weeks away, the nearest first."""
    values = measured.on(past).column(column).copy()
    for weeks in (-1, 1, -2, 2, -3, 3, -4, 4):
        if not np.isnan(values).any():
            break
        moved = TimeGrid(past.start + weeks * WEEK, past.step, past.n_steps)
        values = np.where(np.isnan(values), measured.on(moved).column(column), values)
    return values
