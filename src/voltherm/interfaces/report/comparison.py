"""Policies side by side: peaks by window, the bill by line, savings."""

from __future__ import annotations

from bokeh.models import CategoricalAxis, ColumnDataSource, FactorRange, HoverTool, NumeralTickFormatter
from bokeh.plotting import figure

from voltherm.application.backtest_result import BacktestResult
from voltherm.application.policies import PolicyName
from voltherm.interfaces.report.colours import POLICIES
from voltherm.interfaces.report.frame import framed, legend_above
from voltherm.interfaces.report.tables import bill_rows

Bar = tuple[tuple[str, str], float, PolicyName]
"""Group and policy on the axis, height, policy."""

ROTATED = 0.5
"""Long names of bill lines stand aslant. [rad]"""

SHOWN_KH = 0.1
"""Fewer kelvin-hours than this over the span are not worth a plot; the table has them. [K h]"""

MANY = 5
"""More groups than this do not fit side by side with level names."""


def comparison(result: BacktestResult) -> list[figure]:
    """Return the plots that compare all policies of the result."""
    plots = []
    peaks: list[Bar] = [
        ((_window(result, name, index), str(policy)), value, policy)
        for policy, one in result.policies.items()
        for index, period in enumerate(one.peaks)
        for name, value in period.peaks_kw.items()
    ]
    if peaks:
        plots.append(_bars("Peaks reached, by demand window", "kW", peaks))
    currency = result.actuals.site.tariff.currency
    lines: list[Bar] = [
        ((row.label, str(policy)), amount, policy)
        for row in bill_rows(result)
        for policy, amount in row.amounts.items()
    ]
    plots.append(_bars("Bill, by line", currency, lines))
    savings: list[Bar] = [
        ((f"against {baseline}", str(policy)), saved, policy)
        for baseline in (result.baseline, PolicyName.THERMOSTAT_LOW, PolicyName.TIMER)
        for policy in result.policies
        if policy not in {baseline, result.baseline} and (saved := result.saving(policy, baseline)) is not None
    ]
    if savings:
        plots.append(_bars("Saved (bill, wear and stored energy)", currency, savings))
    discomfort: list[Bar] = [
        ((side, str(policy)), kelvin_hours, policy)
        for policy, one in result.policies.items()
        if one.heating is not None
        for side, kelvin_hours in (("below", one.heating.cold_kh), ("above", one.heating.hot_kh))
    ]
    if any(kelvin_hours > SHOWN_KH for _, kelvin_hours, _ in discomfort):
        plots.append(_bars("Outside the comfort band", "K h", discomfort))
    return plots


def _window(result: BacktestResult, component: str, index: int) -> str:
    """Name of a demand window; with its billing period where there are several."""
    periods = result.policies[result.baseline].peaks
    if len(periods) == 1:
        return component
    start = periods[index].period.start.astimezone(result.actuals.site.tariff.zone)
    return f"{component} {start:%Y-%m}"


def _bars(title: str, unit: str, bars: list[Bar]) -> figure:
    groups = list(dict.fromkeys(factor[0] for factor, _, _ in bars))
    ordered = sorted((factor for factor, _, _ in bars), key=lambda factor: groups.index(factor[0]))
    plot = framed(title, unit, height=260, x_range=FactorRange(factors=ordered, group_padding=0.8), tools="save")
    legend = legend_above(plot)
    for policy in dict.fromkeys(policy for _, _, policy in bars):
        own = [(factor, value) for factor, value, of in bars if of is policy]
        data = {"x": [factor for factor, _ in own], "top": [value for _, value in own]}
        drawn = plot.vbar(
            "x", 0.86, "top", source=ColumnDataSource(data), color=POLICIES[policy], legend_label=str(policy)
        )
        shown = [("", "@x"), ("", f"@top{{0,0.00}} {unit}")]
        plot.add_tools(HoverTool(renderers=[drawn], tooltips=shown))
    legend.orientation = "horizontal"
    names = plot.xaxis[0]
    if isinstance(names, CategoricalAxis):
        names.major_label_text_font_size = "0px"
        names.major_tick_line_alpha = 0.0
        names.separator_line_alpha = 0.0
        names.group_text_font_style = "normal"
        names.group_label_orientation = ROTATED if len(groups) > MANY else "horizontal"
    plot.xgrid.grid_line_alpha = 0.0
    plot.yaxis.formatter = NumeralTickFormatter(format="0,0")
    return plot
