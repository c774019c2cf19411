"""Backtests of houses: a Finnish winter in two towns and two houses, under every policy, by month.

The months of the recorded year 2023, each a backtest of its own that begins at 21 degC; January from its second day on,
as the recording begins with the year.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from benchmarks.measure import markdown_table
from voltherm.adapters.documents.series_csv import read_measurements
from voltherm.adapters.documents.site import load_site
from voltherm.application.backtest import BacktestRequest, run_backtest
from voltherm.application.backtest_result import PolicyResult
from voltherm.application.control_step import ControlOptions
from voltherm.application.policies import PolicyName, policies_of
from voltherm.domain.measurements import Measurements
from voltherm.domain.site import Site
from voltherm.domain.time import Interval, local_midnight

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "src" / "voltherm" / "adapters" / "demo_year" / "fi_hourly_2023.csv"
HOUSES = {"new": "house-new", "old": "house-old"}
TOWNS = {"Helsinki": "t_helsinki_c", "Oulu": "t_oulu_c"}
YEAR = 2023
MONTHS = {"Jan": 1, "Feb": 2, "Mar": 3, "Oct": 10, "Nov": 11, "Dec": 12}
WILD = "Nov"
"""On 24 November 2023 a mistaken bid made the Finnish price -500 EUR/MWh for ten hours."""
HOUR = timedelta(hours=1)
PER_KWH = ("margin", "network_energy", "electricity_tax")
"""What the tariff adds to each kWh of spot energy."""
FEES = ("seller_fee", "network_fee")
NAMED = {
    PolicyName.THERMOSTAT: "thermostat 21.0",
    PolicyName.THERMOSTAT_LOW: "thermostat 20.5",
    PolicyName.MPC: "**mpc**",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What is printed of one policy in one month or in several.

    Parameters
    ----------
    lines : Mapping of tariff component id to float
        The bill. [EUR]
    stored : float
        Worth of the heat stored at the end above the start. [EUR]
    cold_kh, hot_kh : float
        As in `Heating`.
    starts : int
        Of the compressor.
    """

    lines: Mapping[str, float]
    stored: float
    cold_kh: float
    hot_kh: float
    starts: int

    @property
    def cost(self) -> float:
        """Bill less the worth of what is stored. [EUR]."""
        return sum(self.lines.values()) - self.stored

    def part(self, *components: str) -> float:
        """Return the bill of some components. [EUR]."""
        return sum(self.lines[name] for name in components)


Month = Mapping[PolicyName, Ran]


def report() -> str:
    """Run all months of all houses in all towns and return the tables."""
    cases = [(house, town, month) for house in HOUSES for town in TOWNS for month in MONTHS]
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        ran = dict(zip(cases, pool.map(run_month, *zip(*cases, strict=True)), strict=True))
    places = [(house, town) for house in HOUSES for town in TOWNS]
    winters = {place: summed([ran[*place, month] for month in MONTHS]) for place in places}
    calm = {place: summed([ran[*place, month] for month in MONTHS if month != WILD]) for place in places}
    return "\n".join(
        [
            "## Houses: January to March and October to December 2023, spot price, EUR\n",
            _winter_table(winters),
            f"\n### Saved without {WILD}, EUR\n",
            _calm_table(calm),
            "\n### By month: saved against the thermostat at 21.0 degC, EUR\n",
            _month_table(ran),
            "",
        ]
    )


def run_month(house: str, town: str, month: str) -> Month:
    """Return what every policy makes of one month."""
    site = load_site(ROOT / "examples" / "sites" / f"{HOUSES[house]}.yaml")
    recorded = read_measurements(DATA, site.zone).measurements
    columns = {name: recorded.columns[name] for name in recorded.columns if not name.startswith("wind")}
    columns["t_out_c"] = recorded.columns[TOWNS[town]]
    number = MONTHS[month]
    first = date(YEAR, number, 1 if number > 1 else 2)
    after = date(YEAR + number // 12, number % 12 + 1, 1)
    request = BacktestRequest(
        site=site,
        measurements=Measurements(recorded.grid, columns),
        interval=Interval(local_midnight(first, site.zone), local_midnight(after, site.zone)),
        policies=policies_of(site),
        options=ControlOptions(step=HOUR),
    )
    return {name: _ran(site, one) for name, one in run_backtest(request).policies.items()}


def _ran(site: Site, one: PolicyResult) -> Ran:
    assert one.heating is not None
    lines = {component.id: 0.0 for component in site.tariff.components}
    for bill in one.bills:
        for line in bill.lines:
            lines[line.component_id] += line.amount
    return Ran(
        lines=lines,
        stored=one.costs.stored_energy,
        cold_kh=one.heating.cold_kh,
        hot_kh=one.heating.hot_kh,
        starts=one.heating.starts,
    )


def summed(months: Sequence[Month]) -> Month:
    """Return the sum of several months by policy."""
    return {name: _sum([month[name] for month in months]) for name in months[0]}


def _sum(parts: Sequence[Ran]) -> Ran:
    return Ran(
        lines={name: sum(part.lines[name] for part in parts) for name in parts[0].lines},
        stored=sum(part.stored for part in parts),
        cold_kh=sum(part.cold_kh for part in parts),
        hot_kh=sum(part.hot_kh for part in parts),
        starts=sum(part.starts for part in parts),
    )


def _winter_table(winters: Mapping[tuple[str, str], Month]) -> str:
    head = (
        "house, town", "policy", "bill", "spot", "margin, network, tax", "fees", "VAT", "saved vs 21.0", "vs 20.5",
        "of perfect", "K h", "starts",
    )  # fmt: skip
    rows = [
        (f"{house}, {town}" if name is PolicyName.THERMOSTAT else "", *_winter_row(name, ran))
        for (house, town), ran in winters.items()
        for name in ran
    ]
    return markdown_table(head, rows)


def _winter_row(name: PolicyName, ran: Month) -> tuple[str, ...]:
    one = ran[name]
    return (
        NAMED.get(name, str(name)),
        f"{sum(one.lines.values()):,.0f}",
        f"{one.part('spot'):,.0f}",
        f"{one.part(*PER_KWH):,.0f}",
        f"{one.part(*FEES):,.0f}",
        f"{one.part('vat'):,.0f}",
        _saved(ran, name, PolicyName.THERMOSTAT),
        _saved(ran, name, PolicyName.THERMOSTAT_LOW),
        _share(ran, name),
        f"{one.cold_kh + one.hot_kh:.1f}",
        f"{one.starts:,}",
    )


def _calm_table(winters: Mapping[tuple[str, str], Month]) -> str:
    rows = []
    for (house, town), ran in winters.items():
        against = [
            f"{ran[baseline].cost - ran[name].cost:.1f}"
            for baseline in (PolicyName.THERMOSTAT, PolicyName.THERMOSTAT_LOW)
            for name in (PolicyName.GREEDY, PolicyName.MPC, PolicyName.PERFECT)
        ]
        rows.append((f"{house}, {town}", *against))
    names = ("greedy", "mpc", "perfect")
    head = ("house, town", *(f"{name} vs {held}" for held in ("21.0", "20.5") for name in names))
    return markdown_table(head, rows)


def _saved(ran: Month, name: PolicyName, baseline: PolicyName) -> str:
    return "" if name is baseline else f"{ran[baseline].cost - ran[name].cost:.1f}"


def _share(ran: Month, name: PolicyName) -> str:
    """Share of what perfect foresight saves against the thermostat at 21.0 degC."""
    base = ran[PolicyName.THERMOSTAT].cost
    return f"{100 * (base - ran[name].cost) / (base - ran[PolicyName.PERFECT].cost):.0f} %"


def _month_table(ran: Mapping[tuple[str, str, str], Month]) -> str:
    head = (
        "house, town, month", "bill at 21.0", "thermostat 20.5", "greedy", "mpc", "perfect", "mpc of perfect",
        "K h, mpc", "starts, mpc",
    )  # fmt: skip
    rows = []
    for (house, town, month), one in ran.items():
        base = one[PolicyName.THERMOSTAT]
        others = (PolicyName.THERMOSTAT_LOW, PolicyName.GREEDY, PolicyName.MPC, PolicyName.PERFECT)
        rows.append(
            (
                f"{house}, {town}, {month}",
                f"{sum(base.lines.values()):.1f}",
                *(f"{base.cost - one[name].cost:.1f}" for name in others),
                _share(one, PolicyName.MPC),
                f"{one[PolicyName.MPC].cold_kh + one[PolicyName.MPC].hot_kh:.1f}",
                str(one[PolicyName.MPC].starts),
            )
        )
    return markdown_table(head, rows)
