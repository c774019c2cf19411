"""Costa Rican totals and the multi-window demand charge (reference/tariffs.md, sections 2 and 9)."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from tests.golden.tariffs.usages import HOUR, QUARTER, amounts, constant_kwh, local_grid, only_bill, quantity, usage_of
from voltherm.adapters.documents.tariff import read_library, read_tariff, tariff_from_document
from voltherm.domain.tariffs import Bill, Tariff, Usage
from voltherm.domain.time import TimeGrid

EXAMPLE = Path(__file__).parents[3] / "examples" / "factory-demand.json"

CNFL_T_RE = """
id: cnfl-t-re
version: "2020-10"
currency: CRC
zone: America/Costa_Rica
valid: [2020-10-01, 2021-01-01]
source: "Alcance 256, Gaceta 239 [P]"
components:
  - id: energy
    kind: energy
    tiers:
      mode: block_sum
      rows:
        - {upto: 30, sum: 2173.80}
        - {upto: 200, price_per_kwh: 72.46}
        - {upto: 300, price_per_kwh: 111.19}
        - {price_per_kwh: 114.95}
"""

CNFL_HOME = """
id: cnfl-home
currency: CRC
zone: America/Costa_Rica
components:
  - {{id: energy, kind: energy, price_per_kwh: {price}}}
  - {{id: lighting, kind: energy, price_per_kwh: 3.61}}
  - {{id: fire_levy, kind: tax, rate: 0.0175, on: [energy], applies_if: {{bill_kwh_gt: 100}}, base_first_kwh: 1750}}
  - {{id: vat, kind: tax, rate: 0.13, on: [energy], applies_if: {{bill_kwh_gt: 280}}}}
"""

MULTI_WINDOW = """
id: pge-like
currency: USD
zone: America/Los_Angeles
components:
  - id: demand_peak
    kind: demand
    price_per_kw: 21.19
    when: {months: &summer [may, jun, jul, aug, sep, oct], days: weekday, windows: [["12:00", "18:00"]]}
  - id: demand_part_peak
    kind: demand
    price_per_kw: 5.88
    when: {months: *summer, days: weekday, windows: &part [["08:30", "12:00"], ["18:00", "21:30"]]}
  - id: demand_part_peak_winter
    kind: demand
    price_per_kw: 0.06
    when: {months: [nov, dec, jan, feb, mar, apr], days: weekday, windows: *part}
  - {id: demand_any, kind: demand, price_per_kw: 21.30}
"""


def month_of_kwh(tariff: Tariff, kwh: float, first: date = date(2020, 10, 1)) -> Bill:
    grid = local_grid(tariff.zone, first, date(first.year, first.month + 1, 1), HOUR)
    return only_bill(tariff, usage_of(grid, constant_kwh(grid, kwh)))


@pytest.mark.gold("cnfl-t-re")
@pytest.mark.parametrize(("kwh", "total"), [(275.0, 22_831.25), (30.0, 2_173.80), (0.0, 2_173.80), (12.0, 2_173.80)])
def test_cnfl_t_re_blocks_begin_with_a_fixed_sum(kwh, total):
    assert month_of_kwh(read_tariff(CNFL_T_RE, "t-re.yaml"), kwh).total == pytest.approx(total)


@pytest.mark.gold("cnfl-404-kwh")
def test_cnfl_404_kwh_of_april_2020():
    """Of 47,490 are 5,215 VAT on 40,115 of energy, and 702 fire levy; the unit prices of that month are not known."""
    tariff = read_tariff(CNFL_HOME.format(price=40_115 / 404), "home.yaml")

    bill = month_of_kwh(tariff, 404.0, date(2020, 4, 1))

    found = amounts(bill)
    assert found["energy"] == pytest.approx(40_115)
    assert round(found["vat"]) == 5_215
    assert round(found["fire_levy"]) == 702
    assert bill.total == pytest.approx(47_490, abs=1.0)


@pytest.mark.gold("cr-vat-and-levy")
@pytest.mark.parametrize(
    ("kwh", "vat_base_kwh", "levy_base_kwh"),
    [(100.0, 0, 0), (100.5, 0, 100.5), (280.0, 0, 280.0), (281.0, 281.0, 281.0), (2000.0, 2000.0, 1750.0)],
)
def test_vat_only_above_280_kwh_then_on_the_whole_and_the_levy_is_capped(kwh, vat_base_kwh, levy_base_kwh):
    found = amounts(month_of_kwh(read_tariff(CNFL_HOME.format(price=100), "home.yaml"), kwh))

    assert found["vat"] == pytest.approx(0.13 * 100 * vat_base_kwh)
    assert found["fire_levy"] == pytest.approx(0.0175 * 100 * levy_base_kwh)


@pytest.mark.gold("multi-window")
@pytest.mark.parametrize(
    ("day", "total"), [(date(2024, 7, 10), 4027.79), (date(2024, 7, 13), 2023.50), (date(2024, 3, 7), 2028.60)]
)
def test_multi_window_demand(day, total):
    tariff = read_tariff(MULTI_WINDOW, "pge-like.yaml")
    grid = local_grid(tariff.zone, day, date.fromordinal(day.toordinal() + 1), QUARTER)

    bill = only_bill(tariff, usage_of(grid, np.arange(96.0)))

    assert bill.total == pytest.approx(total)


def factory() -> tuple[Tariff, Usage]:
    """The factory of the examples without its battery."""
    document = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    tariff = tariff_from_document(document["site"]["tariff"], "site.tariff")
    grid = TimeGrid.over(local_grid(tariff.zone, date(2026, 1, 15), date(2026, 1, 17)).interval, QUARTER)
    powers = {name: np.array(series["power_kw"]) for name, series in document["forecasts"].items()}
    return tariff, Usage.of_net(grid, powers["load"] - powers["roof"])


@pytest.mark.gold("seed")
def test_seed_factory_without_battery_costs_what_the_examples_say():
    tariff, usage = factory()

    bill = only_bill(tariff, usage)

    energy = sum(line.amount for line in bill.lines if line.unit == "kWh")
    assert bill.total == pytest.approx(4_627_533, abs=0.5)
    assert energy == pytest.approx(251_342.7, abs=0.06)


@pytest.mark.gold("seed")
def test_the_shipped_seed_is_the_tariff_of_the_examples():
    tariff, _ = factory()

    shipped = read_library("costa-rica-seed")

    for name in ("id", "version", "currency", "zone", "billing", "components"):
        assert getattr(shipped, name) == getattr(tariff, name)


@pytest.mark.gold("sce-ratchet")
def test_a_ratchet_holds_half_of_the_highest_of_eleven_months():
    tariff = read_library("us-tou-ratchet")
    grid = local_grid(tariff.zone, date(2025, 1, 1), date(2026, 2, 1), HOUR)
    load = np.full(grid.n_steps, 100.0)
    load[12] = 300.0  # 1 January 2025, noon

    bills = tariff.bill(usage_of(grid, load))

    billed = [quantity(bill, "demand_facilities") for bill in bills]
    assert billed == pytest.approx([300.0] + 11 * [150.0] + [100.0])
