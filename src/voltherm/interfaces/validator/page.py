"""The validator's page for people: how the battery stands, what it did to the bill, and what it was told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

import voltherm.interfaces.report
from voltherm.application.virtual_site import SiteView
from voltherm.domain.assets import Battery
from voltherm.domain.errors import InvalidInputError
from voltherm.interfaces.report.tables import money
from voltherm.interfaces.validator.chart import DayChart, day_chart
from voltherm.interfaces.validator.costs import costs_document
from voltherm.interfaces.validator.documents import CostsDocument, LinkDocument
from voltherm.interfaces.validator.live import LiveSite

WHAT: Final = "A simulated battery behind a meter, with its bill: it follows commands until they end, and then rests."
FOLDERS: Final = (Path(__file__).parent, Path(voltherm.interfaces.report.__file__).parent)
REFRESH_S: Final = 15
SHOWN_ENTRIES: Final = 12
REST_KW: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryRow:
    """One battery as the page shows it."""

    battery: Battery
    soc: float
    power_kw: float
    doing: str
    command: str


def validator_page(live: LiveSite, view: SiteView, links: Sequence[LinkDocument]) -> str:
    """Return the page of now."""
    site = live.site
    costs, no_costs = _costs(live, view)
    return _template().render(
        what=WHAT,
        site=site,
        told=live.told(),
        now=view.at.astimezone(site.zone),
        grid_kw=view.flows.grid_kw,
        load_kw=sum(view.power_kw[load.id] for load in site.loads),
        sun_kw=view.flows.pv_used_kw,
        rows=[_row(live, view, battery) for battery in site.batteries],
        costs=costs,
        no_costs=no_costs,
        chart=_chart(live),
        entries=[(entry.at.astimezone(site.zone), entry) for entry in live.virtual.log.latest(SHOWN_ENTRIES)],
        links=links,
        refresh_s=REFRESH_S,
    )


def _costs(live: LiveSite, view: SiteView) -> tuple[CostsDocument | None, str]:
    """The running billing period's bills; where there are none, why."""
    try:
        costs = costs_document(live, live.site.tariff.period_of(view.at).start, view.at)
    except InvalidInputError as error:
        return None, str(error)
    return (costs, "") if costs.periods else (None, "No metering interval of this billing period is over yet.")


def _chart(live: LiveSite) -> DayChart | None:
    return day_chart(live.virtual.meter, live.site.zone)


def _row(live: LiveSite, view: SiteView, battery: Battery) -> BatteryRow:
    device = live.virtual.devices[battery.id]
    power_kw = view.power_kw[battery.id]
    doing = "rests" if abs(power_kw) < REST_KW else "charges" if power_kw > 0 else "discharges"
    command = "follows no command"
    if device.command is not None:
        until = device.command.valid_until.astimezone(live.site.zone)
        command = f"told {device.told_kw:+.1f} kW until {until:%H:%M:%S}"
    if device.conditions.mode.value != "ready":
        command = f"mode {device.conditions.mode.value}"
    return BatteryRow(battery=battery, soc=view.soc[battery.id], power_kw=power_kw, doing=doing, command=command)


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(FOLDERS), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters.update(money=money)
    return environment.get_template("page.html.jinja")
