"""The story of one policy on one time axis: what energy costs, what flows, what is stored, how warm it is."""

from __future__ import annotations

from typing import Final

import numpy as np
from bokeh.models import ColumnDataSource, Range1d, RangeTool
from bokeh.plotting import figure

from voltherm.application.backtest_result import BacktestResult
from voltherm.application.policies import PolicyName
from voltherm.interfaces.report.colours import GREY, GRID
from voltherm.interfaces.report.frame import framed
from voltherm.interfaces.report.heat_panels import heat_panels
from voltherm.interfaces.report.panels import (
    DAY_MS,
    MINUTE_MS,
    column_source,
    draw_flows,
    draw_prices,
    draw_stored,
    power_panel,
    price_panel,
    share_crosshair,
    stored_panel,
    wall_clock_ms,
)

SHOWN_DAYS: Final = 4
"""The page opens on the days around the highest import of the baseline."""


def story(result: BacktestResult, policy: PolicyName) -> list[figure]:
    """Return prices, power, stored energy, temperatures, and the overview that moves them all.

    Stored energy is left out where there is no battery, temperatures where there is no heat pump.

    Parameters
    ----------
    result : BacktestResult
        Everything.
    policy : PolicyName
        Whose story.
    """
    source, site = _source(result, policy), result.actuals.site
    shown, step_ms = _shown(result), result.actuals.grid.step_h * 60 * MINUTE_MS
    panels = [price_panel(shown, site.tariff.currency), power_panel(shown)]
    draw_prices(panels[0], source, has_export=bool(np.abs(result.export_price_per_kwh).max(initial=0.0) > 0))
    draw_flows(panels[1], source, step_ms=step_ms, baseline=baseline_words(result))
    if site.batteries or not site.heat_pumps:
        panels.append(stored_panel(shown))
        draw_stored(panels[-1], source)
    if site.heat_pumps:
        panels += heat_panels(result, policy, shown)
    share_crosshair(panels)
    return [*panels, _overview(source, shown)]


def _source(result: BacktestResult, policy: PolicyName) -> ColumnDataSource:
    site, run = result.actuals.site, result.policies[policy].run
    capacity = sum(battery.capacity_kwh for battery in site.batteries)
    start = wall_clock_ms(result.actuals.grid, site.zone)
    ceiling = np.where(np.isfinite(run.ceiling_kw), run.ceiling_kw, np.nan)
    if site.heat_pumps and not site.tariff.demand_rules:
        ceiling[:] = np.nan  # the fuse alone, far above everything else
    columns = {
        "start": start,
        "middle": start + 30 * MINUTE_MS * run.grid.step_h,
        "import_price": result.import_price_per_kwh,
        "export_price": result.export_price_per_kwh,
        "grid": run.grid_kw,
        "without": result.policies[result.baseline].run.grid_kw,
        "load": result.actuals.load_kw,
        "sun": run.pv_used_kw,
        "battery": run.battery_total_kw,
        "ceiling": ceiling,
        "soc": 100 * run.stored_kwh(site)[:-1] / capacity if capacity else np.zeros(run.grid.n_steps),
    }
    if site.heat_pumps:
        columns["heat"] = run.heat_pump_total_kw
    return column_source(columns)


def baseline_words(result: BacktestResult) -> str:
    """Return what the baseline is called: what is not there, or who is in charge."""
    return str(result.baseline) if result.actuals.site.heat_pumps else "without battery"


def _shown(result: BacktestResult) -> Range1d:
    """The days around the highest import of the baseline, within the span."""
    grid = result.actuals.grid
    start = wall_clock_ms(grid, result.actuals.site.zone)
    first, last = float(start[0]), float(start[-1]) + grid.step_h * 60 * MINUTE_MS
    top = float(start[int(result.policies[result.baseline].run.grid_kw.argmax())])
    begin = max(first, min(top // DAY_MS * DAY_MS - (SHOWN_DAYS // 2 - 1) * DAY_MS, last - SHOWN_DAYS * DAY_MS))
    return Range1d(start=begin, end=min(last, begin + SHOWN_DAYS * DAY_MS), bounds=(first, last))


def _overview(source: ColumnDataSource, shown: Range1d) -> figure:
    start = source.data["start"]
    whole = Range1d(start=float(start[0]), end=float(start[-1]))
    plot = framed("The whole span: drag the frame", "kW", height=110, x_range=whole, tools="")
    plot.step("start", "without", source=source, mode="after", color=GREY, line_alpha=0.8)
    plot.step("start", "grid", source=source, mode="after", color=GRID)
    plot.yaxis.visible = False
    chosen = RangeTool(x_range=shown)
    chosen.overlay.fill_color = GRID
    chosen.overlay.fill_alpha = 0.12
    plot.add_tools(chosen)
    return plot
