"""The frame that every plot of the report stands in."""

from __future__ import annotations

from bokeh.models import FactorRange, Range, Range1d
from bokeh.models.annotations import Legend, Title
from bokeh.plotting import figure

TOOLS = "xpan,xwheel_zoom,xbox_zoom,reset,save"
INK = "#6b7684"
"""Reads on white and on dark; the page's script sets the reader's own."""

GRID_LINE = "#8b95a1"


def framed(
    title: str,
    y_label: str,
    *,
    height: int,
    x_range: Range,
    y_range: tuple[float, float] | None = None,
    tools: str = TOOLS,
) -> figure:
    """Return an empty plot; on a time axis unless its range is of names.

    Parameters
    ----------
    title, y_label : str
        What is shown, and in which unit.
    height : int
        Of the plot. [pixels]
    x_range : Range
        Of the horizontal axis.
    y_range : tuple of float or None
        Of the vertical axis; by default what is shown.
    tools : str
        What the reader may do.
    """
    is_time = not isinstance(x_range, FactorRange)
    plot = figure(
        title=Title(text=title, text_font_size="13px", text_color=INK),
        y_axis_label=y_label,
        height=height,
        sizing_mode="stretch_width",
        x_axis_type="datetime" if is_time else "auto",
        tools=tools,
        active_drag=None,
        active_scroll=None,
        x_range=x_range,
    )
    if y_range is not None:
        plot.y_range = Range1d(start=y_range[0], end=y_range[1])
    plot.toolbar.logo = None
    plot.toolbar.autohide = True
    plot.background_fill_alpha = plot.border_fill_alpha = 0.0
    plot.outline_line_color = None
    for axis in plot.axis:
        axis.axis_line_alpha = axis.minor_tick_line_alpha = 0.0
        axis.major_tick_line_alpha = 0.3
        axis.major_label_text_color = axis.axis_label_text_color = INK
        axis.axis_label_text_font_style = "normal"
    plot.grid.grid_line_color = GRID_LINE
    plot.grid.grid_line_alpha = 0.2
    plot.min_border_left = 64
    return plot


def legend_above(plot: figure) -> Legend:
    """Return an empty legend in a row above the plot, where it hides nothing."""
    legend = Legend(
        orientation="horizontal",
        margin=0,
        label_text_font_size="11px",
        background_fill_alpha=0.0,
        border_line_alpha=0.0,
        click_policy="hide",
    )
    plot.add_layout(legend, "above")
    return legend
