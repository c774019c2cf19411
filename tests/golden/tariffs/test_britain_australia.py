"""Octopus half-hours and Ergon T14 (reference/tariffs.md, sections 8 and 10)."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from tests.golden.tariffs.usages import QUARTER, amounts, at, constant_kwh, local_grid, only_bill, quantity, usage_of
from voltherm.adapters.documents.tariff import read_library, read_tariff
from voltherm.domain.tariffs import Bill, Tariff

SHAPE_SHIFTERS = """
id: shape-shifters
currency: GBP
zone: Europe/London
components:
  - id: peak
    kind: energy
    price: {{series: w, scale: 1.2, add: {peak_add}, max: 1.0}}
    when: &peak {{windows: [["16:00", "19:00"]]}}
  - {{id: else, kind: energy, price: {{series: w, scale: 1.0, add: 0.03, max: 1.0}}, when: {{unless: *peak}}}}
"""


def price_at(tariff: Tariff, clock: str, series: dict[str, float]) -> float:
    """Return what one kWh costs in the half-hour that begins at the clock, VAT and all. [p]."""
    day = date(2022, 1, 11)
    grid = local_grid(tariff.zone, day, date(2022, 1, 12), 2 * QUARTER)
    load = np.zeros(grid.n_steps)
    load[at(grid, tariff.zone, day, clock)] = 2.0
    return 100 * only_bill(tariff, usage_of(grid, load, series)).total


@pytest.mark.gold("octopus")
@pytest.mark.parametrize(
    ("peak_add", "clock", "wholesale", "pence"),
    [
        (0.07, "17:00", 0.15, 25.0),
        (0.05, "17:00", 0.15, 23.0),
        (0.05, "21:00", 0.08, 11.0),
        (0.05, "17:00", 5.0, 100.0),
    ],
)
def test_shape_shifters_half_hours(peak_add, clock, wholesale, pence):
    tariff = read_tariff(SHAPE_SHIFTERS.format(peak_add=peak_add), "shape.yaml")

    assert price_at(tariff, clock, {"w": wholesale}) == pytest.approx(pence)


@pytest.mark.gold("octopus")
@pytest.mark.parametrize(
    ("clock", "wholesale", "pence"),
    [
        ("17:00", 0.30, 52.38 * 1.05),  # 2.2 x 30 + 12 = 78 p is above the cap of 55 p with VAT
        ("17:00", 0.10, 34.0 * 1.05),
        ("15:30", 0.10, 22.0 * 1.05),
        ("19:00", 0.10, 22.0 * 1.05),
        ("03:00", -0.05, -11.0 * 1.05),
    ],
)
def test_agile_is_capped_and_pays_out(clock, wholesale, pence):
    tariff = read_library("uk-octopus-agile")

    assert price_at(tariff, clock, {"uk_wholesale": wholesale}) == pytest.approx(pence)


def ergon_bill(first: date, end: date) -> Bill:
    """A month with 0.7 kW from 15:00 to 21:30 every day and 183.92 kWh in all."""
    tariff = read_library("ergon-t14")
    grid = local_grid(tariff.zone, first, end)
    evening = tariff.demand_rules[0].metering.when.holds_at(grid, tariff.zone)
    load = np.where(evening, 0.7, 0.0)
    load += np.where(evening, 0.0, constant_kwh(grid, 183.92 - load.sum() / 4) * grid.n_steps / (~evening).sum())
    return only_bill(tariff, usage_of(grid, load))


@pytest.mark.gold("ergon")
def test_ergon_in_the_peak_months():
    bill = ergon_bill(date(2017, 1, 1), date(2017, 2, 1))

    with_gst = {name: round(1.1 * amount, 2) for name, amount in amounts(bill).items()}
    assert quantity(bill, "demand_peak_months") == pytest.approx(0.700)
    assert (with_gst["supply"], with_gst["energy"], with_gst["demand_peak_months"]) == (20.64, 30.31, 48.46)
    assert with_gst["demand_other_months"] == 0
    assert round(bill.total, 2) == 99.41


@pytest.mark.gold("ergon")
def test_ergon_floor_of_3_kw_in_the_other_months():
    bill = ergon_bill(date(2017, 7, 1), date(2017, 8, 1))

    assert quantity(bill, "demand_other_months") == pytest.approx(3.0)
    assert round(1.1 * amounts(bill)["demand_other_months"], 2) == 37.84
    assert round(bill.total, 2) == 88.79
