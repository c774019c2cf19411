"""The story of one policy on one time axis: what energy costs, what flows, what is stored."""

from __future__ import annotations

from datetime import date
from typing import Final

import numpy as np
from bokeh.models import ColumnDataSource, CrosshairTool, HoverTool, Range1d, RangeTool
from bokeh.models.annotations import Span
from bokeh.plotting import figure
from numpy.typing import NDArray

from voltherm.application.backtest_result import BacktestResult
from voltherm.application.policies import PolicyName
from voltherm.domain.time import TimeGrid
from voltherm.interfaces.report.colours import BATTERY, GREY, GRID, PRICE, SUN, TARGET
from voltherm.interfaces.report.frame import framed, legend_above

MINUTE_MS: Final = 60_000
DAY_MS: Final = 86_400_000
SHOWN_DAYS: Final = 4
"""The page opens on the days around the highest import without battery."""

_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()


def story(result: BacktestResult, policy: PolicyName) -> list[figure]:
    """Return prices, power, stored energy and the overview that moves all three.

    Parameters
    ----------
    result : BacktestResult
        Everything.
    policy : PolicyName
        Whose story.
    """
    source = _source(result, policy)
    shown = _shown(result)
    panels = [_prices(result, source, shown), _power(source, shown), _stored(source, shown)]
    crosshair = Span(dimension="height", line_color=GREY, line_width=1)
    for panel in panels:
        panel.add_tools(CrosshairTool(overlay=crosshair))
    return [*panels, _overview(source, shown)]


def wall_clock_ms(grid: TimeGrid, result: BacktestResult) -> NDArray[np.float64]:
    """Return the local wall clock at each step's start as the plots count time. [ms]."""
    local = grid.local(result.actuals.site.zone)
    return np.asarray((local.day_ordinal - _EPOCH_ORDINAL) * DAY_MS + local.minute_of_day * MINUTE_MS, dtype=np.float64)


def _source(result: BacktestResult, policy: PolicyName) -> ColumnDataSource:
    site, run = result.actuals.site, result.policies[policy].run
    capacity = sum(battery.capacity_kwh for battery in site.batteries)
    start = wall_clock_ms(result.actuals.grid, result)
    ceiling = np.where(np.isfinite(run.ceiling_kw), run.ceiling_kw, np.nan)
    columns = {
        "start": start,
        "middle": start + 30 * MINUTE_MS * run.grid.step_h,
        "import_price": result.import_price_per_kwh,
        "export_price": result.export_price_per_kwh,
        "grid": run.grid_kw,
        "without": result.policies[PolicyName.NONE].run.grid_kw,
        "load": result.actuals.load_kw,
        "sun": run.pv_used_kw,
        "battery": run.battery_total_kw,
        "ceiling": ceiling,
        "soc": 100 * run.stored_kwh(site)[:-1] / capacity if capacity else np.zeros(run.grid.n_steps),
    }
    # Times need all their digits; powers are drawn, and half of them is enough.
    return ColumnDataSource(
        {name: values if name in {"start", "middle"} else values.astype(np.float32) for name, values in columns.items()}
    )


def _shown(result: BacktestResult) -> Range1d:
    """The days around the highest import without battery, within the span."""
    grid = result.actuals.grid
    start = wall_clock_ms(grid, result)
    first, last = float(start[0]), float(start[-1]) + grid.step_h * 60 * MINUTE_MS
    top = float(start[int(result.policies[PolicyName.NONE].run.grid_kw.argmax())])
    begin = max(first, min(top // DAY_MS * DAY_MS - (SHOWN_DAYS // 2 - 1) * DAY_MS, last - SHOWN_DAYS * DAY_MS))
    return Range1d(start=begin, end=min(last, begin + SHOWN_DAYS * DAY_MS), bounds=(first, last))


def _prices(result: BacktestResult, source: ColumnDataSource, shown: Range1d) -> figure:
    plot = framed("What energy costs", f"{result.actuals.site.tariff.currency}/kWh", height=150, x_range=shown)
    line = plot.step("start", "import_price", source=source, mode="after", color=PRICE, line_width=1.6)
    plot.add_tools(HoverTool(renderers=[line], mode="vline", tooltips=[("import", "@import_price{0,0.0000}")]))
    if np.abs(result.export_price_per_kwh).max(initial=0.0) > 0:
        plot.step("start", "export_price", source=source, mode="after", color=GREY, legend_label="export")
    return plot


def _power(source: ColumnDataSource, shown: Range1d) -> figure:
    plot = framed("What flows", "kW", height=340, x_range=shown)
    legend_above(plot)
    width = float(source.data["start"][1] - source.data["start"][0]) if len(source.data["start"]) > 1 else DAY_MS / 96
    plot.varea_step(
        "start", 0, "sun", source=source, step_mode="after", fill_color=SUN, fill_alpha=0.45, legend_label="PV"
    )
    plot.vbar(
        "middle", width * 0.8, "battery", source=source, color=BATTERY, fill_alpha=0.8, line_color=None,
        legend_label="battery",
    )  # fmt: skip
    plot.step(
        "start", "without", source=source, mode="after", color=GREY, line_dash="dotted", legend_label="without battery"
    )
    plot.step("start", "load", source=source, mode="after", color=GREY, line_alpha=0.5, legend_label="load")
    plot.step("start", "ceiling", source=source, mode="after", color=TARGET, line_dash="dashed", legend_label="ceiling")
    line = plot.step("start", "grid", source=source, mode="after", color=GRID, line_width=1.8, legend_label="grid")
    shown_values = [
        ("", "@start{%a %F %H:%M}"),
        ("grid", "@grid{0.0} kW"),
        ("without battery", "@without{0.0} kW"),
        ("load", "@load{0.0} kW"),
        ("PV", "@sun{0.0} kW"),
        ("battery", "@battery{0.0} kW"),
        ("ceiling", "@ceiling{0.0} kW"),
    ]
    hover = HoverTool(renderers=[line], mode="vline", tooltips=shown_values, formatters={"@start": "datetime"})
    plot.add_tools(hover)
    return plot


def _stored(source: ColumnDataSource, shown: Range1d) -> figure:
    plot = framed("What is stored", "SOC %", height=170, x_range=shown, y_range=(0, 102))
    plot.varea("start", 0, "soc", source=source, fill_color=BATTERY, fill_alpha=0.12)
    line = plot.line("start", "soc", source=source, color=BATTERY, line_width=1.8)
    plot.add_tools(HoverTool(renderers=[line], mode="vline", tooltips=[("SOC", "@soc{0} %")]))
    return plot


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
