"""The report: one HTML file that needs no other host."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from bokeh.embed import components
from bokeh.resources import Resources
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from voltherm.application.backtest_result import BacktestResult
from voltherm.application.policies import PolicyName
from voltherm.interfaces.report.comparison import comparison
from voltherm.interfaces.report.figures import baseline_words, story
from voltherm.interfaces.report.summarise import Origin
from voltherm.interfaces.report.tables import bill_rows, money, percent

FOLDER: Final = Path(__file__).parent
BEST_KNOWN: Final = (
    PolicyName.MPC,
    PolicyName.TIMER,
    PolicyName.PERFECT,
    PolicyName.GREEDY,
    PolicyName.THERMOSTAT_LOW,
    PolicyName.NONE,
    PolicyName.THERMOSTAT,
)
"""Whose story is told where several policies were run."""


def report_page(result: BacktestResult, origin: Origin, policy: PolicyName | None = None) -> str:
    """Return the report as HTML.

    Parameters
    ----------
    result : BacktestResult
        Everything; a baseline is among it.
    origin : Origin
        Where the data came from.
    policy : PolicyName or None
        Whose story is told; by default that of the controller, if it was run.
    """
    told = policy or next(name for name in BEST_KNOWN if name in result.policies)
    plots = {"story": story(result, told), "comparison": comparison(result)}
    script, divs = components({f"{part}{n}": plot for part, some in plots.items() for n, plot in enumerate(some)})
    environment = Environment(
        loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters.update(money=money, percent=percent)
    return environment.get_template("report.html.jinja").render(
        result=result,
        site=result.actuals.site,
        currency=result.actuals.site.tariff.currency,
        origin=origin,
        told=told,
        base=result.baseline,
        against="no battery" if result.baseline is PolicyName.NONE else str(result.baseline),
        baseline_words=baseline_words(result),
        policies=list(result.policies),
        rows=bill_rows(result),
        bokeh=Markup(Resources(mode="inline", components=["bokeh"]).render_js()),  # noqa: S704 - the library's own code
        script=Markup(script),  # noqa: S704 - data as JSON, escaped by bokeh
        story=[Markup(divs[f"story{n}"]) for n in range(len(plots["story"]))],  # noqa: S704 - empty elements
        comparison=[Markup(divs[f"comparison{n}"]) for n in range(len(plots["comparison"]))],  # noqa: S704 - likewise
    )
