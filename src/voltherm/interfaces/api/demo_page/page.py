"""The page as HTML that needs no other host."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final

from bokeh.embed import components
from bokeh.resources import Resources
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

import voltherm.interfaces.report
from voltherm.application.demo_snapshot import DemoSnapshot
from voltherm.interfaces.api.demo_page.chart import chart
from voltherm.interfaces.api.demo_page.facts import bill_so_far, coming_up, right_now, window_peaks
from voltherm.interfaces.report.tables import money

FOLDERS: Final = (Path(__file__).parent, Path(voltherm.interfaces.report.__file__).parent)
REPLAYING_S: Final = 5
"""Between two looks while recorded days are replayed."""
LIVE_S: Final = 60
"""Between two looks once they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnChart:
    """The panels as HTML.

    Parameters
    ----------
    script : Markup
        What draws them.
    places : tuple of Markup
        Where they go.
    """

    script: Markup
    places: tuple[Markup, ...]


def draw(snapshot: DemoSnapshot) -> DrawnChart:
    """Return the chart of a snapshot; some tenths of a second."""
    panels = chart(snapshot)
    if not panels:
        return DrawnChart(script=Markup(), places=())
    script, places = components(panels)
    # The script is data as JSON, escaped by bokeh; the places are empty elements.
    return DrawnChart(script=Markup(script), places=tuple(Markup(place) for place in places))  # noqa: S704 - see above


def demo_page(snapshot: DemoSnapshot | None, drawn: DrawnChart | None, now: datetime, wrong: str | None) -> str:
    """Return the page.

    Parameters
    ----------
    snapshot : DemoSnapshot or None
        What it shows; None while the demo is starting.
    drawn : DrawnChart or None
        Its chart.
    now : datetime
        The clock.
    wrong : str or None
        Why the demo does not show the present; None when it does.
    """
    if snapshot is None or drawn is None:
        return _template("starting.html.jinja").render(wrong=wrong, refresh_s=REPLAYING_S)
    site, decision = snapshot.site, snapshot.decision
    return _template("demo.html.jinja").render(
        snapshot=snapshot,
        site=site,
        currency=site.tariff.currency,
        now=now.astimezone(site.zone),
        replayed=snapshot.replayed_until.astimezone(site.zone),
        decided=None if decision is None else decision.now.astimezone(site.zone),
        billed_from=snapshot.billed_from.astimezone(site.tariff.zone),
        wrong=wrong,
        refresh_s=LIVE_S if snapshot.is_caught_up else REPLAYING_S,
        doing=right_now(snapshot),
        coming=coming_up(snapshot),
        peaks=list(window_peaks(snapshot)),
        rows=bill_so_far(snapshot),
        bokeh=_bokeh() if drawn.places else "",
        drawn=drawn,
    )


@cache
def _bokeh() -> Markup:
    return Markup(Resources(mode="inline", components=["bokeh"]).render_js())  # noqa: S704 - the library's own code


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDERS), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters.update(money=money)
    return environment


def _template(name: str) -> Template:
    return _environment().get_template(name)
