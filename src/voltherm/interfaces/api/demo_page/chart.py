"""The chart of the page: the report's panels, measured steps in full ink, the plan ahead paler, now between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from bokeh.models import ColumnDataSource, DatetimeTicker, DatetimeTickFormatter, Range1d
from bokeh.models.annotations import BoxAnnotation, Label, Span
from bokeh.plotting import figure
from numpy.typing import NDArray

from voltherm.application.demo_snapshot import DemoSnapshot
from voltherm.domain.time import TimeGrid
from voltherm.interfaces.api.demo_page.columns import measured_columns, measured_grid, planned_columns
from voltherm.interfaces.report.colours import GRID
from voltherm.interfaces.report.frame import INK
from voltherm.interfaces.report.panels import (
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

PALE: Final = 0.55
"""Ink of the plan, beside 1 for what was measured."""
OVERHANG: Final = 24
"""Right of the panels, for the half of the last day's name. [pixels]"""
BORDER: Final = 70
"""Left of the panels: room for four digits, so that their axes stand in line. [pixels]"""
LEGEND_COLUMNS: Final = 3
"""As many names side by side as a phone shows."""
CLOCK: Final = DatetimeTickFormatter(hours="%H:%M", hourmin="%H:%M", days="%a %d", boundary_scaling=True)


def chart(snapshot: DemoSnapshot) -> list[figure]:
    """Return the three panels; none before the first replayed step."""
    past = measured_grid(snapshot)
    if past is None:
        return []
    decision = snapshot.decision
    plan = None if decision is None else decision.plan
    zone = snapshot.site.zone
    spans = [_Span(past, wall_clock_ms(_with_end(past), zone), measured_columns(snapshot, past), 1.0)]
    if decision is not None and plan is not None:
        ahead = plan.grid
        columns = planned_columns(snapshot, decision, plan)
        spans.append(_Span(ahead, wall_clock_ms(_with_end(ahead), zone), columns, PALE))
    shown = Range1d(start=float(spans[0].start_ms[0]), end=float(spans[-1].start_ms[-1]))
    panels = [price_panel(shown, snapshot.site.tariff.currency), power_panel(shown), stored_panel(shown)]
    prices, flows, stored = panels
    for span in spans:
        source = span.source()
        draw_prices(prices, source, strength=span.strength)
        draw_flows(flows, source, step_ms=span.grid.step_h * 60 * MINUTE_MS, strength=span.strength)
        draw_stored(stored, source, strength=span.strength)
    if min(span.columns["import_price"].min() for span in spans) >= 0:
        prices.y_range = Range1d(start=0, end=1.1 * max(span.columns["import_price"].max() for span in spans))
    for legend in flows.legend:
        legend.ncols, legend.location = LEGEND_COLUMNS, "left"
    _finish(panels, float(spans[0].start_ms[-1]), has_plan=len(spans) > 1)
    return panels


class _Span:
    """Adjacent steps that are drawn with the same ink."""

    def __init__(
        self, grid: TimeGrid, start_ms: NDArray[np.float64], columns: Mapping[str, NDArray[np.float64]], strength: float
    ) -> None:
        self.grid, self.start_ms, self.columns, self.strength = grid, start_ms, columns, strength

    def source(self) -> ColumnDataSource:
        """The columns with one more point at the end, where the last step's line ends."""
        columns = {"start": self.start_ms, "middle": self.start_ms + 30 * MINUTE_MS * self.grid.step_h}
        for name, values in self.columns.items():
            if len(values) < len(self.start_ms):
                columns[name] = np.append(values, np.nan if name == "battery" else values[-1])
            else:
                columns[name] = values
        return column_source(columns)


def _with_end(grid: TimeGrid) -> TimeGrid:
    return grid.part(0, grid.n_steps + 1)


def _finish(panels: list[figure], now_ms: float, *, has_plan: bool) -> None:
    """Put the now-line and the tint of the plan on each panel, and the clock below the last."""
    for panel in panels:
        panel.toolbar_location = None
        panel.min_border_left, panel.min_border_right = BORDER, OVERHANG
        panel.xaxis.visible = panel is panels[-1]
        panel.xaxis.formatter = CLOCK.clone()
        panel.xaxis.ticker = panel.xgrid.ticker = DatetimeTicker(desired_num_ticks=5)
        if has_plan:
            panel.add_layout(BoxAnnotation(left=now_ms, fill_color=GRID, fill_alpha=0.06, line_color=None))
            panel.add_layout(Span(location=now_ms, dimension="height", line_color=INK, line_width=1.5))
    if has_plan:
        label = Label(x=now_ms, y=4, y_units="screen", x_offset=5, text="now", text_color=INK, text_font_size="11px")
        panels[0].add_layout(label)
    share_crosshair(panels)
