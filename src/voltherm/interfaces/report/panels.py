"""The three panels of a site's story on one time axis: what energy costs, what flows, what is stored."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from bokeh.models import ColumnDataSource, CrosshairTool, HoverTool, Range1d
from bokeh.models.annotations import Span
from bokeh.plotting import figure
from numpy.typing import NDArray

from voltherm.domain.time import TimeGrid
from voltherm.interfaces.report.colours import BATTERY, GREY, GRID, HEAT, PRICE, SUN, TARGET
from voltherm.interfaces.report.frame import framed, legend_above

MINUTE_MS: Final = 60_000
DAY_MS: Final = 86_400_000
_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()


def wall_clock_ms(grid: TimeGrid, zone: ZoneInfo) -> NDArray[np.float64]:
    """Return the local wall clock at each step's start as the plots count time. [ms]."""
    local = grid.local(zone)
    return np.asarray((local.day_ordinal - _EPOCH_ORDINAL) * DAY_MS + local.minute_of_day * MINUTE_MS, dtype=np.float64)


def column_source(columns: Mapping[str, NDArray[np.float64]]) -> ColumnDataSource:
    """Return the columns for the panels; times keep all their digits, half of them is enough for what is drawn."""
    exact = {"start", "middle"}
    return ColumnDataSource(
        {name: values if name in exact else values.astype(np.float32) for name, values in columns.items()}
    )


def price_panel(shown: Range1d, currency: str) -> figure:
    """Return the empty panel of prices."""
    return framed("What energy costs", f"{currency}/kWh", height=150, x_range=shown)


def power_panel(shown: Range1d) -> figure:
    """Return the empty panel of powers, with a legend above it."""
    plot = framed("What flows", "kW", height=340, x_range=shown)
    legend_above(plot)
    return plot


def stored_panel(shown: Range1d) -> figure:
    """Return the empty panel of stored energy."""
    return framed("What is stored", "SOC %", height=170, x_range=shown, y_range=(0, 102))


def draw_prices(plot: figure, source: ColumnDataSource, *, strength: float = 1.0, has_export: bool = False) -> None:
    """Draw ``import_price`` and, where energy is sold, ``export_price`` from ``start`` on."""
    line = plot.step(
        "start", "import_price", source=source, mode="after", color=PRICE, line_width=1.6, line_alpha=strength
    )
    plot.add_tools(HoverTool(renderers=[line], mode="vline", tooltips=[("import", "@import_price{0,0.0000}")]))
    if has_export:
        plot.step(
            "start", "export_price", source=source, mode="after", color=GREY, line_alpha=strength, legend_label="export"
        )


def draw_flows(
    plot: figure,
    source: ColumnDataSource,
    *,
    step_ms: float,
    strength: float = 1.0,
    baseline: str = "without battery",
) -> None:
    """Draw ``sun``, ``battery``, ``without``, ``load``, ``ceiling`` and ``grid`` in kW from ``start`` on.

    A column ``heat``, where there is one, is what the heat pumps draw.

    Parameters
    ----------
    plot : figure
        The panel.
    source : ColumnDataSource
        The columns; ``middle`` is the middle of each step.
    step_ms : float
        Length of a step. [ms]
    strength : float
        1 for what was measured, less for what is planned.
    baseline : str
        What ``without`` is called.
    """
    plot.varea_step(
        "start", 0, "sun", source=source, step_mode="after", fill_color=SUN, fill_alpha=0.45 * strength,
        legend_label="PV",
    )  # fmt: skip
    plot.vbar(
        "middle", step_ms * 0.8, "battery", source=source, color=BATTERY, fill_alpha=0.8 * strength, line_color=None,
        legend_label="battery",
    )  # fmt: skip

    def step(column: str, color: str, label: str, *, alpha: float = 1.0, dash: str = "solid") -> None:
        plot.step(
            "start", column, source=source, mode="after", color=color, line_alpha=alpha * strength, line_dash=dash,
            legend_label=label,
        )  # fmt: skip

    step("without", GREY, baseline, dash="dotted")
    step("load", GREY, "load", alpha=0.5)
    if "heat" in source.data:
        step("heat", HEAT, "heat pump")
    step("ceiling", TARGET, "ceiling", dash="dashed")
    line = plot.step(
        "start", "grid", source=source, mode="after", color=GRID, line_width=1.8, line_alpha=strength,
        legend_label="grid",
    )  # fmt: skip
    told = [("", "@start{%a %F %H:%M}")]
    told += [(baseline if column == "without" else name, f"@{column}{{0.0}} kW") for name, column in _TOLD]
    told += [("heat pump", "@heat{0.00} kW")] if "heat" in source.data else []
    plot.add_tools(HoverTool(renderers=[line], mode="vline", tooltips=told, formatters={"@start": "datetime"}))


def draw_stored(plot: figure, source: ColumnDataSource, *, strength: float = 1.0) -> None:
    """Draw ``soc`` in percent at ``start``."""
    plot.varea("start", 0, "soc", source=source, fill_color=BATTERY, fill_alpha=0.12 * strength)
    line = plot.line("start", "soc", source=source, color=BATTERY, line_width=1.8, line_alpha=strength)
    plot.add_tools(HoverTool(renderers=[line], mode="vline", tooltips=[("SOC", "@soc{0} %")]))


def share_crosshair(panels: list[figure]) -> None:
    """Draw one vertical line through all panels where the reader points."""
    crosshair = Span(dimension="height", line_color=GREY, line_width=1)
    for panel in panels:
        panel.add_tools(CrosshairTool(overlay=crosshair))


_TOLD: Final = (
    ("grid", "grid"),
    ("without battery", "without"),
    ("load", "load"),
    ("PV", "sun"),
    ("battery", "battery"),
    ("ceiling", "ceiling"),
)
