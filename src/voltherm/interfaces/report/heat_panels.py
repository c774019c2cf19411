"""The panels of a house: how warm the rooms are, what the heat pump draws and in which mode, and the weather."""

from __future__ import annotations

from typing import Final

import numpy as np
from bokeh.models import ColumnDataSource, HoverTool, Range1d
from bokeh.plotting import figure
from numpy.typing import NDArray

from voltherm.application.backtest_result import BacktestResult
from voltherm.application.policies import PolicyName
from voltherm.application.simulate_policy import HeatTrace
from voltherm.application.weather_outlook import OUTDOOR
from voltherm.domain.assets import HeatMode, HeatPump
from voltherm.interfaces.report.colours import GREY, GRID, HEAT, TARGET
from voltherm.interfaces.report.frame import framed, legend_above
from voltherm.interfaces.report.panels import MINUTE_MS, column_source, wall_clock_ms

MODE_COLOURS: Final = {
    HeatMode.BOOST: TARGET,
    HeatMode.NORMAL: HEAT,
    HeatMode.ECO: "#e3b592",
    HeatMode.OFF: GREY,
}
"""The hotter the colour, the more is asked for."""
PLANNED: Final = "planned"
"""Heat that was ordered as power, or by a thermostat."""


def heat_panels(result: BacktestResult, policy: PolicyName, shown: Range1d) -> list[figure]:
    """Return two panels a heat pump, rooms and power, and one of the weather.

    Parameters
    ----------
    result : BacktestResult
        Everything.
    policy : PolicyName
        Whose story.
    shown : Range1d
        The time axis that all panels share.
    """
    panels = []
    for pump in result.actuals.site.heat_pumps:
        trace = result.policies[policy].run.heat[pump.id]
        panels += [_rooms(result, pump, trace, shown), _power(result, pump, trace, shown)]
    return [*panels, _outdoors(result, shown)]


def _rooms(result: BacktestResult, pump: HeatPump, trace: HeatTrace, shown: Range1d) -> figure:
    grid, rooms = result.actuals.grid, pump.building.rooms
    plot = framed(f"How warm it is: {pump.id}", "°C", height=220, x_range=shown)
    legend_above(plot)
    start = wall_clock_ms(grid, result.actuals.site.zone)
    band = pump.building.comfort.band(grid, result.actuals.site.zone)
    columns = {"start": start, "low": band.low_c, "high": band.high_c}
    columns |= {f"node{at}": trace.temps_c[:-1, at] for at in range(trace.temps_c.shape[1])}
    source = column_source(columns)
    plot.varea_step(
        "start", "low", "high", source=source, step_mode="after", fill_color=GRID, fill_alpha=0.1,
        legend_label="comfort band",
    )  # fmt: skip
    names = [room.id for room in rooms] + [f"mass of {room.id}" for room in rooms if room.has_mass]
    for at, name in enumerate(names):
        is_room = at < len(rooms)
        line = plot.line(
            "start", f"node{at}", source=source, color=HEAT, line_width=1.8 if is_room else 1.0,
            line_alpha=1.0 - 0.25 * (at % len(rooms)), line_dash="solid" if is_room else "dotted", legend_label=name,
        )  # fmt: skip
        if is_room:
            plot.add_tools(HoverTool(renderers=[line], mode="vline", tooltips=[(name, f"@node{at}{{0.00}} °C")]))
    return plot


def _power(result: BacktestResult, pump: HeatPump, trace: HeatTrace, shown: Range1d) -> figure:
    """Electricity of the compressor by mode, the backup above it."""
    grid = result.actuals.grid
    plot = framed(f"What the heat pump draws: {pump.id}", "kW", height=170, x_range=shown)
    legend_above(plot)
    middle = wall_clock_ms(grid, result.actuals.site.zone) + 30 * MINUTE_MS * grid.step_h
    compressor = trace.power_kw - trace.backup_kw
    modes = [PLANNED if mode is None else str(mode) for mode in trace.modes]
    width = grid.step_h * 60 * MINUTE_MS * 0.9
    for name in dict.fromkeys(modes):
        own = np.array([mode == name for mode in modes])
        colour = HEAT if name == PLANNED else MODE_COLOURS[HeatMode(name)]
        bars = {"middle": middle[own], "power": compressor[own]}
        _bars(plot, bars, np.zeros(int(own.sum())), (width, colour, name if name != PLANNED else "compressor"))
    if trace.backup_kw.any():
        _bars(plot, {"middle": middle, "power": trace.backup_kw}, compressor, (width, "#7a1f18", "backup"))
    return plot


def _bars(
    plot: figure,
    columns: dict[str, NDArray[np.float64]],
    bottom: NDArray[np.float64],
    look: tuple[float, str, str],
) -> None:
    width, colour, label = look
    source = ColumnDataSource(
        {
            "middle": columns["middle"],
            "power": columns["power"].astype(np.float32),
            "bottom": bottom.astype(np.float32),
            "top": (bottom + columns["power"]).astype(np.float32),
        }
    )
    drawn = plot.vbar(
        "middle", width, "top", "bottom", source=source, color=colour, line_color=None, legend_label=label
    )
    plot.add_tools(HoverTool(renderers=[drawn], tooltips=[(label, "@power{0.00} kW")]))


def _outdoors(result: BacktestResult, shown: Range1d) -> figure:
    plot = framed("How cold it is outdoors", "°C", height=120, x_range=shown)
    start = wall_clock_ms(result.actuals.grid, result.actuals.site.zone)
    source = column_source({"start": start, "outdoor": result.actuals.outdoors[OUTDOOR].values})
    line = plot.step("start", "outdoor", source=source, mode="after", color=GRID, line_width=1.4)
    plot.add_tools(HoverTool(renderers=[line], mode="vline", tooltips=[("outdoors", "@outdoor{0.0} °C")]))
    return plot
